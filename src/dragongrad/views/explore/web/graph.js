// The Graph: boxes of Nodes and of closed groups, with what is in view drawn alone.

const graphView = document.getElementById("graph");
const canvas = document.getElementById("canvas");
const minimap = document.getElementById("minimap");
const BOX = 56;
const stage = draw("g");
canvas.append(stage);
const keptShapes = new Kept(stage);
let boxes = [];
let edges = [];
let boxOfNode = [];
let plan = { width: 0, height: 0 };
const view = { x: 0, y: 0, scale: 1 };

function boxText(box) {
  if (box.group !== undefined) {
    const count = membersOf.get(box.group);
    return [GROUPS[box.group][2], `${count} operation${count > 1 ? "s" : ""}`];
  }
  const node = NODES[box.node];
  return [node.l, box.node < FIRST ? shapeText(node.s) : `${node.n}  ${shapeText(node.s)}`];
}

function layoutGraph() {
  const known = new Map();
  boxes = [];
  boxOfNode = NODES.map((_, i) => {
    const group = i < FIRST ? null : hiddenIn(i);
    const key = group === null ? `n${i}` : `g${group}`;
    if (!known.has(key)) {
      known.set(key, boxes.length);
      boxes.push(group === null ? { node: i } : { group, first: i });
    }
    const box = boxes[known.get(key)];
    box.last = i;
    return known.get(key);
  });
  const parents = boxes.map(() => new Set());
  NODES.forEach((_, i) => {
    for (const p of parentsOf[i]) if (boxOfNode[p] !== boxOfNode[i]) parents[boxOfNode[i]].add(boxOfNode[p]);
  });
  // A closed group stands at its last member: what it was made from comes before.
  const order = boxes.map((_, b) => b).sort((a, b) => boxes[a].last - boxes[b].last);
  const rank = new Map(order.map((b, k) => [b, k]));
  const above = order.map((b) => [...parents[b]].map((p) => rank.get(p)).filter((p) => p < rank.get(b)));
  const texts = order.map((b) => boxText(boxes[b]));
  const widths = texts.map(([label, sub]) => Math.max(142, 8.6 * label.length + 24, 6.8 * sub.length + 20));
  plan = layered(above, widths, BOX);
  order.forEach((b, k) => Object.assign(boxes[b], { x: plan.x[k], y: plan.y[k], width: widths[k], texts: texts[k] }));
  edges = [];
  above.forEach((from, k) => from.forEach((p) => edges.push({
    from: order[p], to: order[k], path: edgePath(boxes[order[p]], plan.routes.get(`${p},${k}`) ?? [], boxes[order[k]]),
  })));
  drawMinimap();
}

function edgePath(start, route, end) {
  const points = [[start.x, start.y + BOX / 2], ...route, [end.x, end.y - BOX / 2 - 6]];
  let path = `M${points[0][0].toFixed(1)},${points[0][1].toFixed(1)}`;
  for (let k = 1; k < points.length; k++) {
    const [[x1, y1], [x2, y2]] = [points[k - 1], points[k]], bend = (y2 - y1) / 2;
    path += `C${x1.toFixed(1)},${(y1 + bend).toFixed(1)} ${x2.toFixed(1)},${(y2 - bend).toFixed(1)} ${x2.toFixed(1)},${y2.toFixed(1)}`;
  }
  return path;
}

const isSmall = () => view.scale < 0.35;

function drawGraph() {
  const { width, height } = room;
  const [left, top] = [-view.x / view.scale, -view.y / view.scale];
  const [right, bottom] = [left + width / view.scale, top + height / view.scale];
  const seen = (b) => b.x + b.width / 2 > left && b.x - b.width / 2 < right && b.y + BOX > top && b.y - BOX < bottom;
  const now = current(), nowBox = now === null ? -1 : boxOfNode[now];
  const edgeSeen = ({ from, to }) => Math.max(boxes[from].y, boxes[to].y) > top && Math.min(boxes[from].y, boxes[to].y) < bottom
    && Math.max(boxes[from].x, boxes[to].x) + 400 > left && Math.min(boxes[from].x, boxes[to].x) - 400 < right;
  const lines = [], labels = [], shown = boxes.filter(seen);
  const many = shown.length > MOST_SHAPES;
  if (many) lines.push(...farAway(shown));
  const crossing = many ? [] : edges.filter(edgeSeen);
  const bundled = crossing.length > MOST_SHAPES;
  if (bundled) lines.push(bundle(crossing));
  for (const edge of crossing) {
    // Where the outputs are seeded nothing flows yet.
    const active = edge.to === nowBox && state.position !== COUNT + 1;
    if (bundled && !active) continue;
    const kind = active ? isBackward() ? "backward" : "active" : "";
    lines.push(keptShapes.element(edge, kind, () => draw("path", {
      d: edge.path, class: `edge ${kind}`,
      [kind === "backward" ? "marker-start" : "marker-end"]: `url(#${{ backward: "tip-back", active: "tip-on" }[kind] ?? "tip"})`,
    })));
    if (active && isBackward() && !isSmall()) labels.push(...contributionLabel(edge, now));
  }
  stage.setAttribute("transform", `translate(${view.x.toFixed(1)},${view.y.toFixed(1)}) scale(${view.scale.toFixed(4)})`);
  const single = many ? shown.filter((b) => holdsNode(b, now) || holdsNode(b, data.trouble?.node)) : shown;
  keptShapes.show([...lines, ...single.map(keptBox), ...labels]);
  drawWindow(left, top, right, bottom);
}

// Seen from far, thousands of boxes are two shapes: one of all edges, one of all boxes.
const MOST_SHAPES = 600;

// Edges beyond telling apart, as of an input that is used a thousand times.
function bundle(crossing) {
  const key = `${view.x} ${view.y} ${view.scale} ${version}`;
  return keptShapes.element("bundle", key, () => draw("path", { d: crossing.map((e) => e.path).join(""), class: "edge" }));
}

function farAway(shown) {
  const line = ({ from, to }) => `M${boxes[from].x.toFixed(0)},${(boxes[from].y + BOX / 2).toFixed(0)}L${boxes[to].x.toFixed(0)},${(boxes[to].y - BOX / 2).toFixed(0)}`;
  const box = (b) => `M${(b.x - b.width / 2).toFixed(0)},${(b.y - BOX / 2).toFixed(0)}h${b.width.toFixed(0)}v${BOX}h-${b.width.toFixed(0)}z`;
  const key = `${view.x} ${view.y} ${view.scale} ${version}`;
  return [
    keptShapes.element("far edges", key, () => draw("path", { d: edges.map(line).join(""), class: "edge" })),
    keptShapes.element("far boxes", key, () => draw("path", { d: shown.map(box).join(""), class: "far" })),
  ];
}

// On an edge that is being swept: what it carries, the local partial times the adjoint that arrived.
function contributionLabel(edge, now) {
  const box = boxes[edge.from];
  if (boxes[edge.to].node === undefined || box.node === undefined || isBlank("bar", box.node)) return [];
  const parts = givenOf(now).filter(([p]) => p === box.node).map(([, g]) => shownGift(now, g)).map((g) => (g === null ? "?" : brief(g, 3) ?? shapeText(g.s)));
  if (!parts.length) return [];
  const text = `+ ${parts.join(" + ")}`, width = 7.4 * text.length + 12;
  const x = box.x, y = box.y + BOX / 2 + 15;
  return [draw("g", { class: "contribution" },
    draw("rect", { x: x - width / 2, y: y - 11, width, height: 21, rx: 5 }),
    draw("text", { x, y: y + 4, "text-anchor": "middle" }, text))];
}

const holdsNode = (box, n) => n !== null && n !== undefined && boxes[boxOfNode[n]] === box;

function keptBox(box) {
  const i = box.node;
  const numbers = i === undefined ? "" : `${reached(i)} ${arrivedCount(i)} ${isBackward()}`;
  return keptShapes.element(box, `${holdsNode(box, current())} ${numbers} ${isSmall()} ${version}`, () => drawBox(box));
}

function drawBox(box) {
  const isGroup = box.group !== undefined, i = box.node;
  const holds = (n) => holdsNode(box, n);
  const classes = ["box", isGroup ? "group" : i < FIRST ? "input" : data.outputs.includes(i) ? "output" : "",
    holds(current()) ? "now" : "", holds(data.trouble?.node) ? "trouble" : "",
    !isGroup && !reached(i) ? "later" : ""].filter(Boolean).join(" ");
  const [x, y] = [box.x - box.width / 2, box.y - BOX / 2];
  const group = draw("g", { class: classes, transform: `translate(${x.toFixed(1)},${y.toFixed(1)})` },
    draw("rect", { width: box.width, height: BOX, rx: 8 }));
  group.dataset[isGroup ? "group" : "node"] = isGroup ? box.group : i;
  group.box = box;
  if (!isSmall()) group.append(...boxInside(box, i));
  group.append(draw("title", {}, isGroup ? `${box.texts[0]}: click to open` : `${NODES[i].n} = ${NODES[i].o}`));
  return group;
}

function boxInside(box, i) {
  const middle = box.width / 2, [label, sub] = box.texts;
  const write = (text, y, kind) => draw("text", { x: middle, y, "text-anchor": "middle", class: kind }, text);
  if (box.group !== undefined) return [write(`▸ ${label}`, 24, "label"), write(sub, 42, "sub")];
  const found = [write(label, 18, "label"), write(sub, 32, "sub")];
  const backward = isBackward();
  const blank = isBlank(backward ? "bar" : "value", i);
  const a = blank ? null : backward ? adjointSoFar(i) : reached(i) ? valueOf(i) : null;
  if (a === null) return blank ? [...found, write("?", 49, "number")] : found;
  // Beside the word a complex number has room for three digits.
  const text = a === "none" ? "0" : brief(a, 3, 4, backward && a.i ? 11 : 15);
  const word = backward ? "adjoint " : state.mode === "forward" && isFloat(i) && !isBlank("dot", i) ? forwardWord(i) : "";
  if (text !== null) return [...found, write(backward ? `${word}${text}` : `${text}${word}`, 49, isBad(a === "none" ? null : a) ? "number bad" : "number")];
  const wide = pictureWidth(a, 72, 16);
  const svg = draw("g", { transform: `translate(${(middle - wide / 2).toFixed(1)},36)` }, ...picture(a, wide, 16));
  return [...found, svg];
}

function forwardWord(i) {
  const dot = brief(dotOf(i), 1, 3);
  return dot === null ? "" : ` · ${dot}`;
}

// Zoom and pan

// All of it; at the start only as far as it can be read.
function fit(least = 0.002) {
  const { width, height } = room;
  const scale = Math.min(1.15, (width - 24) / (plan.width || 1), (height - 24) / (plan.height || 1));
  view.scale = Math.max(scale, least);
  view.x = (width - plan.width * view.scale) / 2;
  view.y = Math.max(12, (height - plan.height * view.scale) / 2);
  if (plan.height * view.scale > height) view.y = 12;
}

function zoom(factor, x = room.width / 2, y = room.height / 2) {
  const scale = Math.min(3, Math.max(0.002, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  drawGraph();
}

// Move the view only where the box would not be seen.
function showBox(i) {
  const box = boxes[boxOfNode[i]];
  const { width, height } = room;
  const [x, y] = [box.x * view.scale + view.x, box.y * view.scale + view.y];
  const [wide, high] = [(box.width / 2) * view.scale + 10, BOX * view.scale + 10];
  if (x < wide || x > width - wide) view.x += width / 2 - x;
  if (y < high || y > height - high) view.y += height / 2 - y;
}

// Where boxes are one shape, the one that a click is in.
function selectAt(event) {
  const place = graphView.getBoundingClientRect();
  const x = (event.clientX - place.left - view.x) / view.scale, y = (event.clientY - place.top - view.y) / view.scale;
  const box = boxes.find((b) => Math.abs(b.x - x) <= b.width / 2 && Math.abs(b.y - y) <= BOX / 2);
  if (box) select(box.node ?? box.first);
}

function watchGraph() {
  let held = null, travelled = 0;
  graphView.addEventListener("pointerdown", (event) => {
    if (event.target.closest("#minimap, button, input")) return;
    held = [event.clientX - view.x, event.clientY - view.y];
    travelled = 0;
  });
  window.addEventListener("pointermove", (event) => {
    if (!held) return;
    travelled += Math.abs(event.movementX) + Math.abs(event.movementY);
    [view.x, view.y] = [event.clientX - held[0], event.clientY - held[1]];
    drawGraph();
  });
  window.addEventListener("pointerup", (event) => {
    const wasHeld = held !== null, box = wasHeld && travelled < 5 ? event.target.closest?.(".box") : null;
    held = null;
    if (box?.dataset.group !== undefined) toggle(Number(box.dataset.group));
    else if (box) select(Number(box.dataset.node));
    else if (wasHeld && travelled < 5) selectAt(event);
  });
  canvas.addEventListener("mouseover", (event) => {
    const box = event.target.closest(".box");
    if (box && !held) hover(NODES.map((_, i) => i).filter((i) => boxes[boxOfNode[i]] === box.box));
  });
  canvas.addEventListener("mouseleave", () => hover([]));
  graphView.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const place = graphView.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 300), event.clientX - place.left, event.clientY - place.top);
    } else {
      view.x -= event.shiftKey ? event.deltaY : event.deltaX;
      view.y -= event.shiftKey ? 0 : event.deltaY;
      drawGraph();
    }
  }, { passive: false });
  minimap.addEventListener("pointerdown", moveFromMinimap);
  minimap.addEventListener("pointermove", (event) => { if (event.buttons) moveFromMinimap(event); });
}

// The minimap

const MAP = { width: 110, height: 150 };
// Each way for itself: a chain of a thousand boxes is seen too.
const mapScale = () => [MAP.width / (plan.width || 1), MAP.height / (plan.height || 1)].map((k) => Math.min(k, 0.2));

function drawMinimap() {
  const [kx, ky] = mapScale();
  let path = "";
  for (const b of boxes) {
    const [w, h] = [Math.max(b.width * kx, 1), Math.max(BOX * ky, 0.5)];
    path += `M${((b.x - b.width / 2) * kx).toFixed(1)},${((b.y - BOX / 2) * ky).toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h-${w.toFixed(1)}z`;
  }
  minimap.setAttribute("width", Math.max(12, plan.width * kx));
  minimap.setAttribute("height", Math.max(12, plan.height * ky));
  minimap.replaceChildren(draw("path", { d: path, class: "map-boxes" }), draw("rect", { class: "map-window" }));
}

function drawWindow(left, top, right, bottom) {
  const [kx, ky] = mapScale(), all = left <= 0 && top <= 0 && right >= plan.width && bottom >= plan.height;
  minimap.classList.toggle("hidden", all);
  const window = minimap.lastChild;
  if (!window) return;
  for (const [key, value] of Object.entries({ x: left * kx, y: top * ky, width: (right - left) * kx, height: Math.max(2, (bottom - top) * ky) })) {
    window.setAttribute(key, value.toFixed(1));
  }
}

function moveFromMinimap(event) {
  const place = minimap.getBoundingClientRect(), [kx, ky] = mapScale();
  view.x = room.width / 2 - ((event.clientX - place.left) / kx) * view.scale;
  view.y = room.height / 2 - ((event.clientY - place.top) / ky) * view.scale;
  drawGraph();
}
