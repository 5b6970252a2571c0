// Steps, keys and what ties the views together.

const element = (id) => document.getElementById(id);
let hovered = new Set();
let timer = null;

function hover(nodes) {
  hovered = new Set(nodes);
  markPartners();
  hoverCode(nodes);
}

// In the table and the graph, what belongs to the Nodes under the pointer.
function markPartners() {
  for (const row of tableBody.children) row.classList.toggle("partner", hovered.has(Number(row.dataset.node)));
  const partners = new Set([...hovered].map((i) => boxes[boxOfNode[i]]));
  for (const shape of stage.children) if (shape.box) shape.classList.toggle("partner", partners.has(shape.box));
}

function select(i) {
  openAround(i);
  go(positionOf(i));
}

function go(position) {
  state.position = Math.max(0, Math.min(lastPosition(), position));
  const i = current();
  if (i !== null) { showRow(i); showBox(i); }
  redraw();
  tell();
}

function redraw() {
  markCode(current());
  element("position").value = state.position;
  element("position").setAttribute("aria-valuetext", sentence());
  element("count").textContent = `${state.position} / ${lastPosition()}`;
  element("status").textContent = sentence();
  drawRows();
  drawGraph();
  drawPanel();
  drawCost();
  if (hovered.size) markPartners();
}

// After an input has moved: the same step with other numbers.
function changed() {
  drawNotes();
  redraw();
  tell();
}

function sentence() {
  const i = current(), k = state.position;
  if (i === null) return k === 0 ? "The inputs" : "The output begins with its cotangent";
  const node = NODES[i];
  if (k === COUNT + 1) return `Backward: the adjoint of the output ${node.n} begins as ${known("bar", i, STARTS.get(i) ?? null)}`;
  if (k > COUNT) return `Backward: ${node.n} = ${node.o} passes its adjoint back`;
  const dot = state.mode === "forward" && isFloat(i) ? `, tangent ${known("dot", i, dotOf(i))}` : "";
  return `${node.n} = ${node.o} = ${known("value", i, valueOf(i))}${dot}`;
}

const known = (kind, i, a) => (isBlank(kind, i) ? "?" : a === null ? "?" : brief(a, 4) ?? `array ${shapeText(a.s)}`);

// What screen readers say, and what a notebook hears.
const say = (text) => { element("live").textContent = text; };

function tell() {
  if (!state.playing) say(sentence());
  if (window.parent === window) return;
  const inputs = Object.fromEntries([...state.inputs].map(([i, a]) => [NODES[i].n, Array.from(a.d, (x, k) => (a.i ? [x, a.i[k]] : x))]));
  window.parent.postMessage({ dragongrad: { step: state.position, mode: state.mode, inputs } }, "*");
}

function play(on = !state.playing) {
  if (on === state.playing && !on) return;
  state.playing = on;
  clearInterval(timer);
  element("play").textContent = on ? "❚❚ Pause" : "▶ Play";
  element("play").setAttribute("aria-pressed", String(on));
  if (!on) return;
  if (state.position >= lastPosition()) go(0);
  timer = setInterval(() => {
    forward();
    if (state.position >= lastPosition()) play(false);
  }, Number(element("speed").value));
}

// A step over what is closed: the next Node that is not in the same closed group.
function forward() { stepBy(1); }
function stepBy(way) {
  const group = (k) => { const i = nodeAt(k); return i === null || i < FIRST ? null : hiddenIn(i); };
  let next = state.position + way;
  const inside = group(state.position);
  while (inside !== null && next > 0 && next < lastPosition() && group(next) === inside) next += way;
  go(next);
}

function nodeAt(position) {
  const before = state.position;
  state.position = position;
  const i = current();
  state.position = before;
  return i;
}

function setMode(mode) {
  const i = current(), backward = isBackward();
  state.mode = mode;
  element("seed-label").hidden = mode !== "forward";
  buildHead();
  element("position").max = lastPosition();
  state.position = backward && i !== null && mode !== "reverse" ? COUNT : Math.min(state.position, lastPosition());
  drawNotes();
  redraw();
  tell();
}

function setSeed(seed) {
  version++;
  state.seed = seed;
  compute();
  redraw();
}

// Search

let found = [];
function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const label = (i) => `${NODES[i].n} ${NODES[i].o} ${pathOf(i).map((g) => GROUPS[g][2]).join(" ")}`.toLowerCase();
  found = words.length ? NODES.map((_, i) => i).filter((i) => words.every((w) => label(i).includes(w))) : [];
  element("found").textContent = words.length ? `${found.length} found` : "";
}

function nextFound() {
  if (!found.length) return;
  const at = current() ?? -1;
  const next = found.find((i) => i > at) ?? found[0];
  select(next);
  element("found").textContent = `${found.indexOf(next) + 1} of ${found.length}`;
}

// Keys

const KEYS = {
  ArrowRight: () => stepBy(1), ArrowLeft: () => stepBy(-1), Home: () => go(0), End: () => go(lastPosition()), " ": () => play(),
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => { fit(); drawGraph(); },
  "/": () => element("search").focus(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target, isField = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  // Arrows among the modes choose one; every other key is the player's.
  if (target.type === "radio" ? /^Arrow| /.test(event.key) : isField && target.id !== "position") return;
  if (event.key === " " && target.tagName === "BUTTON") return;
  const row = target.closest?.("[data-row]");
  if (row && rowKey(event.key, row)) { event.preventDefault(); return; }
  if (!KEYS[event.key]) return;
  event.preventDefault();
  if (event.key !== " ") play(false);
  KEYS[event.key]();
}

function rowKey(key, row) {
  const r = Number(row.dataset.row);
  if (key === "ArrowDown" || key === "ArrowUp") {
    const next = tableBody.querySelector(`[data-row="${r + (key === "ArrowDown" ? 1 : -1)}"]`);
    next?.focus();
    return true;
  }
  if (key !== "Enter" && !(key === " " && row.dataset.group !== undefined)) return false;
  if (row.dataset.group !== undefined) toggle(Number(row.dataset.group));
  else select(Number(row.dataset.node));
  return true;
}

// The beginning

function openSome() {
  // What fits on a screen is open from the start; of the rest the outermost groups are seen.
  if (NODES.length <= 60) GROUPS.forEach((_, g) => opened.add(g));
  if (data.trouble) pathOf(data.trouble.node).forEach((g) => opened.add(g));
}

function setAll(isOpen) {
  opened.clear();
  if (isOpen) GROUPS.forEach((_, g) => opened.add(g));
  regroup();
  fit(READABLE);
  redraw();
}

// At a smaller scale the letters of the boxes are hard to read.
const READABLE = 0.8;

// Where the first NaN or infinity appears: of an adjoint, on the way back.
function positionOfTrouble() {
  if (data.trouble.in === "adjoint" && state.mode === "reverse") state.position = COUNT + 1;
  return positionOf(data.trouble.node);
}

function begin() {
  document.title = `${data.title}: explorer`;
  element("title").textContent = data.title;
  SEEDS.forEach(({ name }, k) => element("seed").append(make("option", { value: k }, name)));
  openSome();
  buildCode();
  buildItems();
  fitColumns();
  buildHead();
  buildInputs();
  layoutGraph();
  measure();
  fit(READABLE);
  document.querySelector(`[name=mode][value=${state.mode}]`).checked = true;
  element("fold-all").hidden = element("open-all").hidden = GROUPS.length === 0;
  element("position").max = lastPosition();
  state.position = data.exercise ? lastPosition() : data.trouble ? positionOfTrouble() : 0;
  setMode(state.mode);
  drawScore();
  if (data.trouble || data.exercise) go(state.position);
  listen();
}

function listen() {
  const on = (id, event, action) => element(id).addEventListener(event, action);
  on("position", "input", () => { play(false); go(Number(element("position").value)); });
  on("play", "click", () => play());
  on("first", "click", () => { play(false); go(0); });
  on("back", "click", () => { play(false); stepBy(-1); });
  on("next", "click", () => { play(false); stepBy(1); });
  on("last", "click", () => { play(false); go(lastPosition()); });
  on("speed", "change", () => { if (state.playing) play(true); });
  on("seed", "change", () => setSeed(Number(element("seed").value)));
  on("search", "input", () => search(element("search").value));
  on("search", "keydown", (event) => {
    if (event.key === "Enter") nextFound();
    if (event.key === "Escape") { element("search").value = ""; search(""); element("search").blur(); }
  });
  on("zoom-in", "click", () => zoom(1.25));
  on("zoom-out", "click", () => zoom(0.8));
  on("fit", "click", () => { fit(); drawGraph(); });
  on("open-all", "click", () => setAll(true));
  on("fold-all", "click", () => setAll(false));
  for (const radio of document.querySelectorAll("[name=mode]")) radio.addEventListener("change", () => setMode(radio.value));
  tableView.addEventListener("scroll", () => { room.scroll = tableView.scrollTop; drawRows(); markPartners(); }, { passive: true });
  document.addEventListener("keydown", onKey);
  new ResizeObserver(() => { measure(); drawRows(); drawGraph(); }).observe(graphView);
  window.addEventListener("beforeprint", () => drawRows(true));
  window.addEventListener("afterprint", () => drawRows());
  window.addEventListener("message", (event) => {
    const step = event.source === window.parent && event.data?.dragongrad?.go;
    if (Number.isInteger(step) && step !== state.position) go(step);
  });
  watchGraph();
}

// What a page around this one may ask.
window.explorer = {
  go, select, setMode, setSeed,
  names: NODES.map((node) => node.n),
  position: () => ({ at: state.position, last: lastPosition(), node: current() }),
  move: (i, place, x, part) => { moveInput(i, place, x, part); setSliders(); changed(); },
  // Of complex numbers the real and the imaginary parts, one after the other.
  numbers: (kind, i) => {
    const a = { value: valueOf, dot: dotOf, bar: barOf }[kind](i);
    const of = (part) => Array.from(part, (x) => (Number.isFinite(x) ? x : String(x)));
    return a === null ? null : a.d ? [...of(a.d), ...(isComplex(i) ? of(a.i ?? a.d.map(() => 0)) : [])] : undefined;
  },
  fixed: (i) => reasonAgainst(i),
};

begin();
