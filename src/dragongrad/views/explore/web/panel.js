// What the present step says, in full: the operation, its numbers, and how its derivative is made of them.

const panel = document.getElementById("panel");

function drawPanel() {
  const i = current();
  if (i === null) {
    panel.replaceChildren(make("p", { class: "faint" }, "The inputs are given; step forward to evaluate the function."));
    return;
  }
  const node = NODES[i];
  const title = make("h2", {}, i < FIRST ? node.n : `${node.n} = ${node.o}`);
  const facts = make("p", { class: "faint" }, `${node.t} ${shapeText(node.s)}`);
  const parts = [title, facts];
  if (!isBlank("value", i)) parts.push(figure("value", valueOf(i)));
  if (state.mode === "forward" && isFloat(i) && !isBlank("dot", i)) parts.push(...tangentParts(i));
  if (state.mode === "reverse" && state.position > COUNT && !isBlank("bar", i)) parts.push(...adjointParts(i));
  if (data.trouble?.node === i && state.inputs.size === 0) parts.push(make("p", { class: "warning" }, `The first NaN or infinity: ${data.trouble.why}`));
  panel.replaceChildren(...parts);
}

function figure(word, a) {
  if (a === null) return make("p", {}, `${word}: not known for these inputs`);
  if (a.several) return make("div", {}, ...a.several.map((part, k) => figure(`${word} [${k}]`, part)));
  const text = brief(a, 1);
  if (text !== null) return make("p", {}, `${word} `, make("b", { class: isBad(a) ? "number bad" : "number" }, text));
  const wide = pictureWidth(a, 240, 72);
  const svg = draw("svg", { viewBox: `0 0 ${wide} 72`, style: `max-width: ${1.4 * wide}px`, class: "wide picture", role: "img", preserveAspectRatio: "xMinYMid" },
    draw("title", {}, described(a)), ...picture(a, wide, 72));
  return make("figure", {}, make("figcaption", {}, `${word}, ${described(a)}`), svg, numbers(a));
}

// The numbers themselves, of the first rows and columns.
function numbers(a) {
  if (a.p || a.s.length === 0 || !a.d.length) return null;
  const columns = a.s[a.s.length - 1], rows = a.d.length / columns;
  const body = [];
  for (let i = 0; i < Math.min(rows, 6); i++) {
    const shown = Array.from(a.d.subarray(i * columns, i * columns + Math.min(columns, 6)), (_, k) => make("td", {}, shortAt(a, i * columns + k, a.i ? 3 : 4)));
    body.push(make("tr", {}, ...shown, columns > 6 ? make("td", {}, "…") : null));
  }
  if (rows > 6) body.push(make("tr", {}, make("td", {}, "…")));
  return make("div", { class: "scroll" }, make("table", { class: "numbers" }, ...body));
}

const times = (partial, what) => `${short(partial, 4)} · ${what}`;

// The partial derivative of an elementwise Node of numbers by its k-th argument; null where there is none to name.
function partialOf(i, k) {
  if (!hasForm(i) || NODES[i].j.z || !ELEMENTWISE[NODES[i].j.f] || size(NODES[i].s) !== 1) return null;
  const args = argumentsOf(i, valueOf);
  if (args.some((a) => !isFull(a) || a.d.length !== 1) || !formAt(i).partial) return null;
  return formAt(i).partial(args, valueOf(i), k).d[0];
}

function tangentParts(i) {
  const node = NODES[i], parts = [];
  if (i >= FIRST && node.d) parts.push(make("p", {}, `${node.n}_dot = `, make("code", {}, node.d)));
  const terms = i < FIRST ? [] : node.p.map((p, k) => {
    const partial = typeof p === "number" && isFloat(p) && !isBlank("dot", p) ? partialOf(i, k) : null;
    const dot = partial === null ? null : dotOf(p);
    return dot === null ? null : times(partial, short(dot.d[0], 4));
  }).filter(Boolean);
  if (terms.length) parts.push(make("p", { class: "sum" }, `= ${terms.join(" + ")}`));
  return [...parts, figure("tangent", dotOf(i))];
}

const MOST_TERMS = 12;

function adjointParts(i) {
  const node = NODES[i], parts = [];
  const many = arrivedCount(i) > MOST_TERMS, came = many ? [] : arrived(i);
  if (many) parts.push(make("p", { class: "faint" }, `the sum of ${arrivedCount(i)} contributions`));
  const known = came.filter(([, g]) => g !== null && !g.several && size(g.s) === 1 && isFull(g));
  if (came.length > 1 && known.length === came.length) {
    const terms = came.map(([from, g]) => `${shortAt(g, 0, 4)}${from === null ? " (start)" : ` (${NODES[from].n})`}`);
    parts.push(make("p", { class: "sum" }, `${node.n}_bar = ${terms.join(" + ")}`));
  } else if (came.length) {
    parts.push(make("p", { class: "faint" }, `${came.length > 1 ? "the sum of contributions" : "a contribution"} from ${came.map(([from]) => (from === null ? "the start" : NODES[from].n)).join(", ")}`));
  }
  const bar = adjointSoFar(i);
  parts.push(bar === "none" ? make("p", {}, "adjoint 0: nothing has arrived") : figure("adjoint so far", bar));
  if (current() !== i || state.position < COUNT + 2) return parts;
  if (node.b) parts.push(make("p", {}, make("code", {}, node.b)));
  for (const [k, [p, all]] of givenOf(i).entries()) {
    const g = shownGift(i, all);
    if (isBlank("bar", p)) continue;
    const slot = floatSlots(i)[k], partial = slot === undefined ? null : partialOf(i, slot);
    const how = partial === null || bar === null || bar === "none" ? "" : ` = ${times(partial, short(bar.d[0], 4))}`;
    const text = g === null ? "?" : brief(g, 1) ?? described(g);
    parts.push(make("p", { class: "sum" }, `to ${NODES[p].n}: + ${text}${how}`));
  }
  return parts;
}

const floatSlots = (i) => NODES[i].p.flatMap((p, k) => (typeof p === "number" && isFloat(p) ? [k] : []));

// The cost meter

const BYTES = ["B", "KB", "MB", "GB"];
function amount(bytes) {
  let k = 0;
  while (bytes >= 1000 && k < 3) { bytes /= 1000; k++; }
  return `${bytes >= 100 || k === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${BYTES[k]}`;
}

// After each operation, what is on the tape.
const TAPE = [0];
for (const n of data.cost.kept) TAPE.push(TAPE[TAPE.length - 1] + n);

function drawCost() {
  const { forward, reverse, alive } = data.cost;
  const all = TAPE[TAPE.length - 1];
  // In the sweep a Node's part of the tape is given back when it has been passed.
  const at = state.position <= COUNT ? state.position : Math.max(0, (current() ?? FIRST) - FIRST + (state.position === COUNT + 1 ? 1 : 0));
  const now = TAPE[Math.min(at, TAPE.length - 1)];
  const passes = (n, word) => `${n} ${word} pass${n === 1 ? "" : "es"}`;
  const wins = forward < reverse ? "forward mode is cheaper" : reverse < forward ? "reverse mode is cheaper" : "both modes cost the same";
  const isReverse = state.mode === "reverse";
  document.getElementById("cost").replaceChildren(
    make("span", {}, make("b", {}, "All derivatives: "), `${passes(forward, "forward")} or ${passes(reverse, "reverse")}; ${wins}.`),
    make("span", {}, make("b", {}, isReverse ? "Tape: " : "Values and tangents alive: "),
      isReverse ? `${amount(now)} of ${amount(all)} ` : `${amount(alive)} at most; reverse mode's tape is ${amount(all)} `,
      isReverse ? make("meter", { min: 0, max: Math.max(all, 1), value: now, "aria-label": "memory of the tape" }) : null));
}
