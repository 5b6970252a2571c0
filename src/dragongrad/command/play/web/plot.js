// Pictures on a canvas: axes, shades, contours, paths. Colours are told apart by the colour-blind (Okabe and Ito 2008).

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255"];
const DARK = ["#4FA8E8", "#F07D2E", "#2CC49A", "#E39CC6", "#F0B429", "#8FD3FF", "#FFFFFF", "#C66B98"];
const DASHES = [[], [9, 5], [2, 4], [10, 4, 2, 4]];
// Cividis (Nuñez, Anderton and Renslow 2018), at nine places.
const CIVIDIS = [[0, 32, 77], [24, 53, 110], [66, 78, 108], [95, 103, 112], [125, 125, 120], [154, 149, 120], [186, 176, 109], [220, 204, 86], [255, 234, 70]];
const scheme = matchMedia("(prefers-color-scheme: dark)");

export const dark = () => scheme.matches;
export const colour = (k) => (dark() ? DARK : LIGHT)[k % 8];
export const rgbOf = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));
// The grey of the ground that colours are mixed with.
export const paper = () => (dark() ? 20 : 255);

// Many classes on a map: seven colours, and beyond them the same in patterns. Black and white are left to what has no class.
const CLASSES = 7, PATTERNS = [
  () => false, (x, y) => (x + y) % 8 < 2, (x, y) => x % 8 < 2, (x, y) => (x - y + 8000) % 8 < 2, (x, y) => y % 8 < 2,
  (x, y) => x % 6 < 2 && y % 6 < 2,
];
export const MOST_CLASSES = CLASSES * PATTERNS.length;
// A function of a pixel and of how strong the colour is, for class k: the red, green and blue there.
export function shading(k) {
  const names = dark() ? DARK : LIGHT, base = rgbOf(names[k % CLASSES < 6 ? k % CLASSES : 7]);
  const inked = PATTERNS[Math.floor(k / CLASSES) % PATTERNS.length], ground = paper(), ink = dark() ? 255 : 0;
  return (x, y, strong) => base.map((v) => {
    const plain = ground + strong * (v - ground);
    return inked(x, y) ? .4 * plain + .6 * ink : plain;
  });
}
export const dash = (k) => DASHES[(k + Math.floor(k / 8)) % 4];
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export function cividis(t) {
  const s = Math.max(0, Math.min(1, t)) * 8, k = Math.min(7, Math.floor(s));
  return CIVIDIS[k].map((v, i) => Math.round(v + (s - k) * (CIVIDIS[k + 1][i] - v)));
}
export const rgb = (c) => `rgb(${c[0]},${c[1]},${c[2]})`;

// A canvas as sharp as the screen, that calls `draw(pen, width, height)` when it or the colours of the page change.
export function picture(canvas, aspect, draw) {
  const pen = canvas.getContext("2d");
  let wanted = 0;
  const paint = () => {
    wanted = 0;
    const width = canvas.clientWidth, height = Math.round(Math.min(width * aspect, 620)), scale = devicePixelRatio || 1;
    if (!width) return;
    canvas.style.height = `${height}px`;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
    }
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    draw(pen, width, height);
  };
  const redraw = () => { wanted ||= requestAnimationFrame(paint); };
  const watch = new ResizeObserver(redraw);
  watch.observe(canvas);
  scheme.addEventListener("change", redraw);
  return { redraw, stop() { watch.disconnect(); scheme.removeEventListener("change", redraw); cancelAnimationFrame(wanted); } };
}

export function ticks(from, to, count = 6) {
  const rough = (to - from) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
  const first = Math.ceil(from / step - 1e-9), found = [];
  for (let k = first; k * step <= to + 1e-9 * step && found.length < 50; k++) found.push(k * step);
  const digits = Math.max(3, Math.min(15, Math.ceil(Math.log10(Math.max(Math.abs(from), Math.abs(to)) / step)) + 2));
  return found.map((v) => [v, String(+v.toPrecision(digits)).replace(/-/g, "\u2212")]);
}

// The frame of a picture over a region [[left, right], [low, high]], with numbers beside it.
export function frame(pen, width, height, region, names, xs, ys) {
  const [[left, right], [low, high]] = region, isMap = !xs && !ys, ratio = (right - left) / (high - low);
  ys ??= ticks(low, high, Math.max(2, height / 60));
  pen.font = "13px system-ui, sans-serif";
  const wide = Math.max(20, ...ys.map(([, text]) => pen.measureText(text).width));
  const box = { left: wide + 30, right: width - 14, top: 8, bottom: height - 40 };
  // A map has one scale for both axes, unless it would be a slit or a tower.
  if (isMap && ratio > .4 && ratio < 2.5) {
    const side = Math.min((box.right - box.left) / ratio, box.bottom - box.top);
    box.right = box.left + side * ratio; box.bottom = box.top + side;
  }
  xs ??= ticks(left, right, Math.max(2, (box.right - box.left + 44) / 90));
  const last = xs.length ? pen.measureText(xs.at(-1)[1]).width / 2 : 0;
  box.right = Math.min(box.right, width - last - 2);
  const near = (v) => Math.max(-1e5, Math.min(1e5, v));
  const x = (v) => near(box.left + (v - left) / (right - left) * (box.right - box.left));
  const y = (v) => near(box.bottom - (v - low) / (high - low) * (box.bottom - box.top));
  return { ...box, x, y, region,
    back: (px, py) => [left + (px - box.left) / (box.right - box.left) * (right - left), low + (box.bottom - py) / (box.bottom - box.top) * (high - low)],
    inside: (work) => { pen.save(); pen.beginPath(); pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top); pen.clip(); work(); pen.restore(); },
    axes: () => {
      pen.font = "13px system-ui, sans-serif";
      pen.strokeStyle = pen.fillStyle = css("--ink"); pen.lineWidth = 1; pen.setLineDash([]);
      pen.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      pen.textAlign = "center"; pen.textBaseline = "top";
      for (const [v, text] of xs) { pen.fillRect(x(v), box.bottom, 1, 5); pen.fillText(text, x(v), box.bottom + 7); }
      pen.fillText(names[0], (box.left + box.right) / 2, box.bottom + 22);
      pen.textAlign = "right"; pen.textBaseline = "middle";
      for (const [v, text] of ys) { pen.fillRect(box.left - 5, y(v), 5, 1); pen.fillText(text, box.left - 8, y(v)); }
      pen.save(); pen.translate(9, (box.top + box.bottom) / 2); pen.rotate(-Math.PI / 2); pen.textAlign = "center";
      pen.fillText(names[1], 0, 0); pen.restore();
    } };
}

// Heights on the scale that shows valleys, from what the server tells of a function.
export function heights(data) {
  const raise = (v) => (v === null ? NaN : Math.log10(Math.max(v - data.least, 0) + data.offset));
  const rows = data.z.map((row) => row.map(raise));
  let low = Infinity, high = -Infinity;
  for (const row of rows) for (const v of row) if (v === v) { low = Math.min(low, v); high = Math.max(high, v); }
  return { rows, low, high: high > low ? high : low + 1, raise };
}

const grounds = new WeakMap();

// Shades and contour lines of heights within a frame.
export function contours(pen, at, ground, coloured = false) {
  const key = `${dark()}${coloured}`;
  let made = grounds.get(ground);
  if (made?.key !== key) { made = { key, image: shades(ground, coloured) }; grounds.set(ground, made); }
  at.inside(() => {
    pen.imageSmoothingEnabled = true;
    const { rows } = ground, n = rows[0].length, m = rows.length;
    const w = (at.right - at.left) / (n - 1), h = (at.bottom - at.top) / (m - 1);
    pen.drawImage(made.image, at.left - w / 2, at.top - h / 2, w * n, h * m);
    pen.strokeStyle = coloured ? (dark() ? "#ffffff88" : "#00000077") : (dark() ? "#9aa4ae77" : "#5558"); pen.lineWidth = .8;
    pen.setLineDash([]);
    made.lines ??= Array.from({ length: 19 }, (_, k) => lines(rows, ground.low + (k + 1) / 20 * (ground.high - ground.low)));
    pen.beginPath();
    for (const found of made.lines) for (const [a, b, c, d] of found) {
      pen.moveTo(at.left + a * w, at.bottom - b * h); pen.lineTo(at.left + c * w, at.bottom - d * h);
    }
    pen.stroke();
  });
}

function shades(ground, coloured) {
  const { rows, low, high } = ground, n = rows[0].length, m = rows.length;
  const image = new OffscreenCanvas(n, m), pen = image.getContext("2d"), data = pen.createImageData(n, m);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
    const v = rows[m - 1 - i][j], t = (v - low) / (high - low);
    // Where a function has no value there is nothing.
    if (v !== v) continue;
    const grey = dark() ? 18 + 70 * t : 255 - 90 * t;
    const c = coloured ? cividis(t) : [grey, grey, grey + (dark() ? 6 : 0)];
    data.data.set([...c, 255], 4 * (i * n + j));
  }
  pen.putImageData(data, 0, 0);
  return image;
}

// The pieces of a level line by marching squares, in units of cells.
function lines(rows, level) {
  const found = [];
  for (let i = 0; i + 1 < rows.length; i++) for (let j = 0; j + 1 < rows[0].length; j++) {
    const a = rows[i][j] - level, b = rows[i][j + 1] - level, c = rows[i + 1][j + 1] - level, d = rows[i + 1][j] - level;
    if (!(a === a && b === b && c === c && d === d)) continue;
    const cut = [];
    if (a < 0 !== b < 0) cut.push([j + a / (a - b), i]);
    if (b < 0 !== c < 0) cut.push([j + 1, i + b / (b - c)]);
    if (c < 0 !== d < 0) cut.push([j + d / (d - c), i + 1]);
    if (d < 0 !== a < 0) cut.push([j, i + a / (a - d)]);
    for (let k = 0; k + 1 < cut.length; k += 2) found.push([...cut[k], ...cut[k + 1]]);
  }
  return found;
}

const SHAPES = [
  (p, x, y, r) => p.arc(x, y, r, 0, 7),
  (p, x, y, r) => p.rect(x - r * .85, y - r * .85, r * 1.7, r * 1.7),
  (p, x, y, r) => { p.moveTo(x, y - r * 1.2); p.lineTo(x + r * 1.1, y + r * .8); p.lineTo(x - r * 1.1, y + r * .8); },
  (p, x, y, r) => { p.moveTo(x, y - r * 1.25); p.lineTo(x + r * 1.1, y); p.lineTo(x, y + r * 1.25); p.lineTo(x - r * 1.1, y); },
  (p, x, y, r) => { p.moveTo(x, y + r * 1.2); p.lineTo(x + r * 1.1, y - r * .8); p.lineTo(x - r * 1.1, y - r * .8); },
];

export function mark(pen, k, x, y, r, fill, edge = css("--paper")) {
  pen.beginPath(); SHAPES[k % 5](pen, x, y, r); pen.closePath(); pen.setLineDash([]);
  pen.fillStyle = fill; pen.fill(); pen.strokeStyle = edge; pen.lineWidth = 1.6; pen.stroke();
}

export function star(pen, x, y, r = 10) {
  pen.beginPath();
  for (let i = 0; i < 10; i++) {
    const a = Math.PI * (i / 5 - .5), s = i % 2 ? r * .42 : r;
    pen[i ? "lineTo" : "moveTo"](x + s * Math.cos(a), y + s * Math.sin(a));
  }
  pen.closePath(); pen.setLineDash([]); pen.fillStyle = "#F0E442"; pen.fill(); pen.strokeStyle = "#000"; pen.lineWidth = 1; pen.stroke();
}

export function way(pen, points, k, width = 2.2) {
  pen.beginPath(); pen.setLineDash(dash(k)); pen.strokeStyle = colour(k); pen.lineWidth = width; pen.lineJoin = "round";
  let drawn = false;
  for (const p of points) {
    if (!p || !Number.isFinite(p[0]) || !Number.isFinite(p[1])) { drawn = false; continue; }
    pen[drawn ? "lineTo" : "moveTo"](p[0], p[1]); drawn = true;
  }
  pen.stroke(); pen.setLineDash([]);
}

// A small sample of a line, for tables.
export function sample(k) {
  const made = document.createElement("canvas");
  made.width = 60; made.height = 28; made.className = "key"; made.setAttribute("aria-hidden", "true");
  const pen = made.getContext("2d");
  pen.scale(2, 2); way(pen, [[0, 7], [30, 7]], k, 2.4); mark(pen, k, 15, 7, 4.5, colour(k));
  return made;
}

// Series against steps, on a logarithmic axis: [{points: [[step, value]], k, faint}].
export function curves(pen, width, height, series, names, floor = 1e-16) {
  let right = 1, low = Infinity, high = -Infinity;
  for (const s of series) for (const [x, v] of s.points) {
    if (!(v > floor)) continue;
    right = Math.max(right, x); low = Math.min(low, v); high = Math.max(high, v);
  }
  if (!(high > 0)) { low = .1; high = 1; }
  const a = Math.floor(Math.log10(low)), b = Math.max(a + 1, Math.ceil(Math.log10(high))), every = Math.ceil((b - a) / 8);
  const ys = [];
  for (let k = a; k <= b; k += every) ys.push([k, k >= -3 && k <= 4 ? String(+(10 ** k).toPrecision(1)) : `1e${k}`.replace("-", "\u2212")]);
  const at = frame(pen, width, height, [[0, right], [a, b]], names, undefined, ys);
  pen.strokeStyle = css("--rule"); pen.lineWidth = 1;
  for (const [v] of ys) { pen.beginPath(); pen.moveTo(at.left, at.y(v)); pen.lineTo(at.right, at.y(v)); pen.stroke(); }
  at.inside(() => {
    for (const s of series) {
      pen.globalAlpha = s.faint ? .55 : 1;
      way(pen, s.points.map(([x, v]) => (v > floor ? [at.x(x), at.y(Math.log10(v))] : null)), s.k, s.faint ? 5 : 2.2);
      pen.globalAlpha = 1;
    }
  });
  at.axes();
  return at;
}
