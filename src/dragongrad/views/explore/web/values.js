// Values as pictures: a vector is bars, a matrix or an image a heat map. The colours have names in the style sheet.

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
};
const draw = (name, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
};

// Elements that stay as they are from step to step: one is made anew only where what it shows has changed.
class Kept {
  constructor(parent) { this.parent = parent; this.known = new Map(); }

  element(key, shows, makeIt) {
    const old = this.known.get(key);
    if (old && old.shows === shows) return old.element;
    if (this.known.size > 3000) this.known.clear();
    const element = makeIt();
    this.known.set(key, { shows, element });
    return element;
  }

  show(elements) {
    const wanted = new Set(elements);
    let at = this.parent.firstChild;
    const skip = () => { while (at && !wanted.has(at)) { const next = at.nextSibling; at.remove(); at = next; } };
    skip();
    for (const element of elements) {
      if (element === at) at = at.nextSibling;
      else this.parent.insertBefore(element, at);
      skip();
    }
  }
}

const BINS = 9;

const TILES = 4;

// A matrix to look at: rows and columns of numbers, at most `most` of each. Of a stack the first few stand side by
// side; with channels last, as images have them, each channel is a matrix.
function grid(a, most = 40) {
  if (a.s.length === 0) return [[a.d[0]]];
  if (a.p || a.s.length <= 2) {
    const [rows, columns] = a.p ?? [a.s.length === 1 ? 1 : a.s[0], a.s[a.s.length - 1]];
    return tile(rows, columns, most, (i, j) => a.d[i * columns + j]);
  }
  const [rows, columns, channels] = isImage(a.s) ? a.s.slice(-3) : [...a.s.slice(-2), 1];
  const count = Math.min(TILES, a.d.length / (rows * columns));
  const tiles = Array.from({ length: count }, (_, t) => {
    const from = Math.floor(t / channels) * rows * columns * channels + (t % channels);
    return tile(rows, columns, most, (i, j) => a.d[from + (i * columns + j) * channels]);
  });
  // A gap of nothing between two matrices.
  return tiles[0].map((_, i) => tiles.flatMap((t, k) => (k ? [undefined, ...t[i]] : t[i])));
}

const isImage = (s) => s.length >= 3 && s[s.length - 1] <= 4 && s[s.length - 2] > 1 && s[s.length - 3] > 1;

function tile(rows, columns, most, at) {
  const steps = [Math.ceil(rows / most), Math.ceil(columns / most)], found = [];
  for (let i = 0; i < rows; i += steps[0]) {
    const row = [];
    for (let j = 0; j < columns; j += steps[1]) row.push(at(i, j));
    found.push(row);
  }
  return found;
}

// The pieces of a picture of an array, in a box of this size.
function picture(a, width, height) {
  if (a === null || a.d === undefined || !a.d.length) return [];
  a = absolute(a);
  return a.s.length <= 1 ? bars(grid(a, 48)[0], range(a), width, height) : cells(grid(a), range(a), width, height);
}

// A heat map is as wide as its cells; bars take all the room.
function pictureWidth(a, width, height) {
  if (!a.d || a.s.length <= 1 || !a.d.length) return width;
  const rows = grid(a), w = width / rows[0].length, h = height / rows.length;
  return Math.min(w, 2.5 * Math.min(w, h)) * rows[0].length;
}

function bars(numbers, [low, high], width, height) {
  const bottom = Math.min(0, low), top = Math.max(0, high), room = top - bottom || 1;
  const at = (x) => height - ((x - bottom) / room) * height;
  const step = width / numbers.length, gap = step > 4 ? 1 : 0;
  const paths = { up: "", down: "", bad: "" };
  numbers.forEach((x, i) => {
    const kind = !Number.isFinite(x) ? "bad" : x < 0 ? "down" : "up";
    const [from, to] = kind === "bad" ? [0, height] : [Math.min(at(x), at(0)), Math.max(at(x), at(0))];
    const y = Math.min(from, height - 1), h = Math.max(to - from, 1);
    paths[kind] += `M${(i * step).toFixed(1)},${y.toFixed(1)}h${Math.max(step - gap, 0.5).toFixed(1)}v${h.toFixed(1)}h-${Math.max(step - gap, 0.5).toFixed(1)}z`;
  });
  return Object.entries(paths).filter(([, d]) => d).map(([kind, d]) => draw("path", { d, class: `bar-${kind}` }));
}

function cells(rows, [low, high], width, height) {
  const side = Math.min(width / rows[0].length, height / rows.length);
  const [w, h] = [Math.min(width / rows[0].length, 2.5 * side), Math.min(height / rows.length, 2.5 * side)];
  const paths = {};
  // Numbers of both signs are spread from zero, the middle colour, to either side.
  const both = low < 0 && high > 0, edge = Math.max(-low, high) || 1;
  const share = (x) => (both ? 0.5 + x / (2 * edge) : high === low ? 0.5 : high <= 0 ? 0.5 * (x - low) / (high - low)
    : 0.5 + 0.5 * (x - low) / (high - low));
  rows.forEach((row, i) => row.forEach((x, j) => {
    if (x === undefined) return;
    const bin = Number.isFinite(x) ? Math.min(BINS - 1, Math.floor(share(x) * BINS)) : "bad";
    paths[bin] = `${paths[bin] ?? ""}M${(j * w).toFixed(1)},${(i * h).toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h-${w.toFixed(1)}z`;
  }));
  return Object.entries(paths).map(([bin, d]) => draw("path", { d, class: `heat-${bin}` }));
}

// A value for a cell of the table: its numbers where these are few, a picture and its shape otherwise.
function cell(a, isShape = true) {
  const text = brief(a, 4, 5, 11);
  if (text !== null) return make("span", { class: isBad(a) ? "number bad" : "number" }, text);
  const wide = pictureWidth(a, isShape ? 54 : 76, 22);
  const svg = draw("svg", { width: wide, height: 22, role: "img", class: "picture" }, ...picture(a, wide, 22));
  svg.append(draw("title", {}, described(a)));
  return make("span", { class: isBad(a) ? "number bad" : "number" }, svg, isShape ? make("small", {}, shapeText(a.s)) : null);
}
