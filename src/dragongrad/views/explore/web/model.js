// The recording, its numbers now, and where the player stands. Nothing here draws.

const data = JSON.parse(document.getElementById("data").textContent);
const NODES = data.nodes, FIRST = data.inputs, GROUPS = data.groups;
const COUNT = NODES.length - FIRST;
const SWEEP = [];
for (let i = NODES.length - 1; i >= FIRST; i--) if (data.given[i].length) SWEEP.push(i);
const SWEPT_AT = new Map(SWEEP.map((i, k) => [i, k]));

const parentsOf = NODES.map((node) => node.p.filter((p) => typeof p === "number"));
const childrenOf = NODES.map(() => []);
parentsOf.forEach((parents, i) => new Set(parents).forEach((p) => childrenOf[p].push(i)));

// What a Node passes back, as it is shown: of one of several outputs that one.
const shownGift = (i, g) => (g?.several && i !== null && NODES[i].k !== undefined ? g.several[NODES[i].k] : g);

// Counts what changes numbers everywhere: an input that moved, another mode or seed, a blank that was solved.
let version = 0;

const state = {
  mode: data.mode, seed: 0, position: 0, inputs: new Map(), solved: new Set(), revealed: false, playing: false,
};

// Numbers: decoded when they are first looked at, and computed again after an input has moved.
const recorded = { values: [], dots: data.seeds.map(() => []), bars: [], given: [] };
let live = null;

const valueOf = (i) => (live ? live.values[i] : recorded.values[i] ??= decode(NODES[i].v));
const dotOf = (i) => (live ? live.dots[i] : recorded.dots[state.seed][i] ??= decode(data.seeds[state.seed].dots[i]));
const barOf = (i) => (live ? live.bars[i] : data.bars[i] === null ? null : recorded.bars[i] ??= decode(data.bars[i]));
const givenOf = (i) => (live ? live.given[i] : recordedGiven(i));
const recordedValue = (i) => (recorded.values[i] ??= decode(NODES[i].v));
const recordedGiven = (i) => (recorded.given[i] ??= data.given[i].map(([p, g]) => [p, decode(g)]));

const forms = [];
const formAt = (i) => (forms[i] ??= formOf(NODES[i]));
const plainOf = [];
const argumentsOf = (i, values) => NODES[i].p.map((p, k) => (typeof p === "number" ? values(p)
  : ((plainOf[i] ??= [])[k] ??= decode(p.c))));
const hasForm = (i) => i >= FIRST && NODES[i].j.no === undefined;
const isComplex = (i) => isComplexType(NODES[i].t);
// What a Node of real numbers keeps of complex ones: the real part.
const realIn = (i, a) => (a === null || a.i === undefined || isComplex(i) ? a : realPart(a));
const isFloat = (i) => /^(float|complex)/.test(NODES[i].t);

// Why an input cannot be moved: the first operation that the page cannot compute again; null where it can.
function reasonAgainst(input) {
  if (!isFull(recordedValue(input))) return `${NODES[input].n} has too many numbers for this page`;
  const waiting = [...childrenOf[input]], seen = new Set(waiting);
  let first = null;
  while (waiting.length) {
    const i = waiting.pop();
    const why = !hasForm(i) ? NODES[i].j.no
      : argumentsOf(i, recordedValue).every(isFull) ? null : "it reads an array that is too large for this page";
    if (why !== null) {
      if (first === null || i < first.i) first = { i, why };
      continue;
    }
    for (const c of childrenOf[i]) if (!seen.has(c)) { seen.add(c); waiting.push(c); }
  }
  return first && `${first.why} (${NODES[first.i].n} = ${NODES[first.i].o}${lineOf(first.i, ", line ")})`;
}

// The line of an operation in the source, behind a word; nothing where it has none.
const lineOf = (i, word) => (NODES[i].at ? `${word}${data.sources[NODES[i].at[0]].first + NODES[i].at[1]}` : "");

function elementName(i, k) {
  const { s } = recordedValue(i);
  if (!s.length) return NODES[i].n;
  const index = [];
  for (let axis = s.length - 1, rest = k; axis >= 0; axis--) { index.unshift(rest % s[axis]); rest = Math.floor(rest / s[axis]); }
  return `${NODES[i].n}[${index.join(", ")}]`;
}

// Seeds: those of the recording, and each element of the inputs where the page can compute its tangents.
const MOST_SEEDS = 64;
const SEEDS = [...data.seeds, ...unitSeeds()];

function unitSeeds() {
  const named = new Set(data.seeds.map(({ name }) => name)), units = [];
  for (let i = 0; i < FIRST; i++) {
    const value = recordedValue(i);
    if (!isFloat(i)) continue;
    if (!isFull(value) || units.length + value.d.length > MOST_SEEDS || reasonAgainst(i) !== null) return [];
    value.d.forEach((_, k) => units.push({ name: `d/d${elementName(i, k)}`, unit: [i, k] }));
  }
  return units.filter(({ name }) => !named.has(name));
}

// `part` says which part of a complex number moves: "d" or "i".
function moveInput(input, place, x, part = "d") {
  const { s, d, i } = recordedValue(input);
  const now = state.inputs.get(input) ?? { s, d: Float64Array.from(d), ...(i && { i: Float64Array.from(i) }) };
  now[part][place] = /^(float32|complex64)$/.test(NODES[input].t) ? Math.fround(x) : x;
  state.inputs.set(input, now);
  compute();
}

function resetInputs() {
  version++;
  state.inputs.clear();
  compute();
}

function compute() {
  version++;
  if (!state.inputs.size && !SEEDS[state.seed].unit) { live = null; return; }
  const values = [], changed = [];
  NODES.forEach((node, i) => {
    changed[i] = i < FIRST ? state.inputs.has(i) : parentsOf[i].some((p) => changed[p]);
    values[i] = !changed[i] ? recordedValue(i) : i < FIRST ? state.inputs.get(i)
      : realIn(i, formAt(i).value(argumentsOf(i, (p) => values[p])));
  });
  live = { values, changed, dots: [], bars: [], given: [] };
  pushAgain();
  pullAgain();
}

function pushAgain() {
  const seed = SEEDS[state.seed];
  NODES.forEach((node, i) => {
    if (seed.unit && i < FIRST) {
      live.dots[i] = filled(node.s, 0);
      if (i === seed.unit[0]) live.dots[i].d[seed.unit[1]] = 1;
      return;
    }
    if (i < FIRST || !seed.unit && !live.changed[i] && parentsOf[i].every((p) => live.dots[p] === null || !live.changed[p])) {
      live.dots[i] = decode(seed.dots[i]);
      return;
    }
    const dots = node.p.map((p) => (typeof p === "number" && isFloat(p) ? live.dots[p] : null));
    const args = isFloat(i) ? argumentsOf(i, (p) => live.values[p]) : [];
    live.dots[i] = isFloat(i) ? realIn(i, formAt(i).push(args, live.values[i], dots)) ?? zeros(node.s) : zeros(node.s);
  });
}

// Backward. A Node without a form keeps what was recorded as long as nothing that it sees has changed.
function pullAgain() {
  const bars = NODES.map(() => null), unknown = new Set();
  live.given = NODES.map(() => []);
  const add = (p, g) => {
    if (g === null || unknown.has(p)) { unknown.add(p); bars[p] = null; return; }
    bars[p] = bars[p] === null ? g : plus(bars[p], g);
  };
  data.start.forEach(([i, g]) => add(i, decode(g)));
  for (let i = NODES.length - 1; i >= FIRST; i--) {
    if (!data.given[i].length) continue;
    const bar = unknown.has(i) ? null : bars[i];
    live.given[i] = passedBack(i, bar);
    for (const [p, g] of live.given[i]) add(p, g);
  }
  live.bars = bars;
}

function passedBack(i, bar) {
  const node = NODES[i], known = recordedGiven(i);
  const args = hasForm(i) ? argumentsOf(i, (p) => live.values[p]) : [];
  if (bar !== null && hasForm(i) && args.every(isFull) && isFull(live.values[i])) {
    const found = formAt(i).pull(args, live.values[i], bar);
    return node.p.flatMap((p, k) => (typeof p === "number" && isFloat(p) ? [[p, realIn(p, found[k])]] : []));
  }
  const before = data.bars[i] === null ? null : decode(data.bars[i]);
  const same = bar !== null && sameNumbers(bar, before) && parentsOf[i].every((p) => !live.changed[p]);
  return known.map(([p, g]) => [p, same ? g : null]);
}

// Python's `if`s that these inputs would answer otherwise.
const turned = () => (live === null ? [] : data.decisions.filter(([i, taken]) =>
  live.values[i] && isFull(live.values[i]) && Boolean(live.values[i].d[0]) !== Boolean(taken)));

// The player

const lastPosition = () => (state.mode === "reverse" ? COUNT + 1 + SWEEP.length : COUNT);
const isBackward = () => state.mode === "reverse" && state.position > COUNT;
const reached = (i) => i < FIRST || i - FIRST < state.position;

// The Node that the present step is about; null before the first and where the outputs are seeded.
function current() {
  const k = state.position;
  if (k === 0) return null;
  if (k <= COUNT) return FIRST + k - 1;
  return k === COUNT + 1 ? data.outputs[0] ?? null : SWEEP[k - COUNT - 2];
}

// The position at which a Node is what the step is about, in the part of the run that is being played.
function positionOf(i) {
  if (isBackward() && SWEPT_AT.has(i)) return COUNT + 2 + SWEPT_AT.get(i);
  return i < FIRST ? 0 : i - FIRST + 1;
}

const incomingOf = () => {
  const found = NODES.map(() => []);
  SWEEP.forEach((i, k) => data.given[i].forEach(([p], slot) => found[p].push([k, i, slot])));
  return found;
};
const INCOMING = incomingOf();
const STARTS = new Map(data.start.map(([i, g]) => [i, decode(g)]));

// How many contributions have arrived at a Node's adjoint by now, what the outputs begin with among them.
function arrivedCount(i) {
  if (state.position <= COUNT) return 0;
  const until = state.position - COUNT - 2, incoming = INCOMING[i];
  let low = 0, high = incoming.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (incoming[middle][0] <= until) low = middle + 1;
    else high = middle;
  }
  return low + (STARTS.has(i) ? 1 : 0);
}

// One of them: the Node that gave it (null for the start) and the amount.
function arrival(i, k) {
  if (STARTS.has(i) && k-- === 0) return [null, STARTS.get(i)];
  const [, from, slot] = INCOMING[i][k];
  return [from, givenOf(from)[slot][1]];
}

const arrived = (i) => Array.from({ length: arrivedCount(i) }, (_, k) => arrival(i, k));

// Sums are kept, so that a step adds what it brings: an input may be used a thousand times.
const sums = new Map();

function adjointSoFar(i) {
  const count = arrivedCount(i);
  if (count === 0) return state.position > COUNT && isFloat(i) ? "none" : null;
  const old = sums.get(i);
  const goesOn = old && old.version === version && old.count <= count;
  let total = goesOn ? old.total : arrival(i, 0)[1];
  for (let k = goesOn ? old.count : 1; k < count; k++) total = plus(total, arrival(i, k)[1]);
  sums.set(i, { version, count, total });
  return total;
}

// A cell of an exercise that is still to be filled in.
const BLANKS = new Set((data.blanks ?? []).map(([kind, i]) => `${kind} ${i}`));
const isBlank = (kind, i) => !state.revealed && BLANKS.has(`${kind} ${i}`) && !state.solved.has(`${kind} ${i}`);
