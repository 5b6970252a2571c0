// Arrays: a shape `s` and a flat `d` in C order, as NumPy has them; and numbers as text.

const size = (shape) => shape.reduce((a, n) => a * n, 1);
const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function bytes(text) {
  const raw = atob(text);
  const found = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) found[i] = raw.charCodeAt(i);
  return found.buffer;
}

// A value as the recording has it: a number, an array, a picture of a large one, or text.
function decode(v) {
  if (v === null || v === undefined) return null;
  if (typeof v === "number") return scalar(v);
  if (typeof v === "string") return scalar(WORDS[v]);
  if (v.several) return { several: v.several.map(decode), s: [] };
  if (v.text !== undefined) return { s: v.s, text: v.text };
  if (v.p) return { s: v.s, p: v.p, isAbsolute: v.z === 1, d: new Float64Array(bytes(v.d)), low: v.low, high: v.high, bad: v.bad };
  const found = { s: v.s, d: new Float64Array(bytes(v.d)) };
  if (v.i !== undefined) found.i = new Float64Array(bytes(v.i));
  return found;
}

// What a picture shows of complex numbers.
const absolute = (a) => (a.i ? { s: a.s, d: a.d.map((x, k) => Math.hypot(x, a.i[k])), isAbsolute: true } : a);

const scalar = (x) => ({ s: [], d: Float64Array.of(x) });
const isFull = (a) => a !== null && (a.several ? a.several.every(isFull) : a.d !== undefined && !a.p);
// Of several outputs the shape is a list of shapes.
const zeros = (shape) => (Array.isArray(shape[0]) ? { s: [], several: shape.map((s) => filled(s, 0)) } : filled(shape, 0));
const filled = (shape, x) => ({ s: shape, d: new Float64Array(size(shape)).fill(x) });

function broadcastShape(shapes) {
  const ndim = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: ndim }, (_, k) => {
    const ends = shapes.map((s) => s[s.length - ndim + k] ?? 1);
    return ends.find((n) => n !== 1) ?? 1;
  });
}

// For each element of a shape, the place of the element of an array that is spread to it; null where they agree.
function spread(from, to) {
  if (from.length === to.length && from.every((n, k) => n === to[k])) return null;
  const places = new Int32Array(size(to));
  if (size(from) === 1) return places;
  const strides = new Array(to.length).fill(0);
  for (let k = from.length - 1, step = 1; k >= 0; step *= from[k], k--) {
    if (from[k] !== 1) strides[to.length - from.length + k] = step;
  }
  const index = new Array(to.length).fill(0);
  for (let i = 0, place = 0; i < places.length; i++) {
    places[i] = place;
    for (let k = to.length - 1; k >= 0; k--) {
      place += strides[k];
      if (++index[k] < to[k]) break;
      place -= strides[k] * to[k];
      index[k] = 0;
    }
  }
  return places;
}

// An array of a shape from the elements at places of another; and its transpose, which adds elements up at places.
const readAt = (shape, a, places) => ({ s: shape, d: Float64Array.from(places, (p) => a.d[p]) });
function addAt(shape, a, places) {
  const out = filled(shape, 0);
  for (let i = 0; i < places.length; i++) out.d[places[i]] += a.d[i];
  return out;
}

// The sum of what was spread: the transpose of broadcasting.
function gathered(a, shape) {
  const places = spread(shape, a.s);
  return places === null ? a : addAt(shape, a, places);
}

function plus(a, b) {
  if (a === null || b === null || !isFull(a) || !isFull(b)) return null;
  if (a.several) return { s: a.s, several: a.several.map((part, k) => plus(part, b.several[k])) };
  const out = { s: a.s, d: new Float64Array(a.d.length) };
  for (let i = 0; i < a.d.length; i++) out.d[i] = a.d[i] + b.d[i];
  if (a.i && b.i) out.i = a.i.map((x, k) => x + b.i[k]);
  else if (a.i || b.i) out.i = a.i ?? b.i;
  return out;
}

const sameNumbers = (a, b) =>
  a !== null && b !== null && isFull(a) && isFull(b) && (a.several
    ? a.several.every((part, k) => sameNumbers(part, b.several[k])) : a.d.length === b.d.length &&
  a.d.every((x, i) => Object.is(x, b.d[i]) || x === b.d[i]) && (!a.i && !b.i || sameNumbers(imaginaryPart(a), imaginaryPart(b))));

// Text

function short(x, digits = 5) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const large = Math.abs(x);
  if (x === 0) return "0";
  const text = large >= 1e-3 && large < 1e6 ? String(Number(x.toPrecision(digits))) : x.toExponential(2);
  return text.replaceAll("-", "−").replace("e+", "e");
}

// As Python writes complex numbers.
function shortComplex(x, y, digits = 5) {
  const i = short(y, digits);
  return `${x === 0 ? "" : short(x, digits)}${x === 0 || i.startsWith("−") ? "" : "+"}${i}j`;
}
const shortAt = (a, k, digits) => (a.i ? shortComplex(a.d[k], a.i[k], digits) : short(a.d[k], digits));

const shapeText = (s) => (s.length && Array.isArray(s[0]) ? s.map(shapeText).join(" ")
  : `(${s.join(", ")}${s.length === 1 ? "," : ""})`);

// A value in few characters; null where a picture says more.
function brief(a, most = 4, digits = 5, longest = 60) {
  if (a === null) return "?";
  if (a.several) return `${a.several.length} outputs`;
  if (a.text !== undefined) return a.text.length > 28 ? `${a.text.slice(0, 27)}…` : a.text;
  if (a.p || a.d.length > most || a.s.length > 1) return null;
  const text = a.s.length === 0 ? shortAt(a, 0, digits) : `[${Array.from(a.d, (_, k) => shortAt(a, k, 3)).join(" ")}]`;
  if (text.length <= longest) return text;
  // Of one complex number fewer digits say more than a picture.
  return a.i && a.s.length === 0 && digits > 2 ? brief(a, most, digits - 1, longest) : null;
}

function described(a) {
  const text = brief(a, 8);
  if (text !== null) return text;
  const [low, high, bad] = range(a);
  return `${shapeText(a.s)}${a.i || a.isAbsolute ? " complex, absolute values" : ""} from ${short(low)} to ${short(high)}${bad ? `, ${bad} not finite` : ""}`;
}

function range(a) {
  if (a.p) return [a.low, a.high, a.bad];
  let low = Infinity, high = -Infinity, bad = 0;
  for (const x of absolute(a).d) {
    if (!Number.isFinite(x)) bad++;
    else { if (x < low) low = x; if (x > high) high = x; }
  }
  return low > high ? [0, 0, bad] : [low, high, bad];
}

const isBad = (a) => a !== null && (a.several ? a.several.some(isBad) : a.d !== undefined && range(a)[2] > 0);
