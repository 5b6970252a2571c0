"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const canvas = $("map"), pen = canvas.getContext("2d");
const [[left, right], [low, high]] = data.region;
const margin = { left: 62, right: 12, top: 8, bottom: 46 };
const font = "15px system-ui, sans-serif";
const last = data.steps.length - 1;
let frame = 0, playing = false, before = 0, size = [0, 0];
// The runner that the pointer or the focus is on, and those whose paths are hidden.
let chosen = null;
const hidden = new Set();
document.title = $("title").textContent = data.title;
canvas.setAttribute("aria-label", data.title + ": the paths of the optimizers over contours");

const ground = new Image();
ground.onload = () => draw();
ground.src = data.image;

// A canvas draws nothing of a line that ends too far outside.
const near = (v) => Math.max(-1e6, Math.min(1e6, v));
const px = (x) => near(margin.left + (x - left) / (right - left) * (size[0] - margin.left - margin.right));
const py = (y) => near(size[1] - margin.bottom - (y - low) / (high - low) * (size[1] - margin.top - margin.bottom));

const shapes = [
  (x, y, r) => pen.arc(x, y, r, 0, 7),
  (x, y, r) => pen.rect(x - r * .85, y - r * .85, r * 1.7, r * 1.7),
  (x, y, r) => { pen.moveTo(x, y - r * 1.2); pen.lineTo(x + r * 1.1, y + r * .8); pen.lineTo(x - r * 1.1, y + r * .8); },
  (x, y, r) => { pen.moveTo(x, y - r * 1.25); pen.lineTo(x + r * 1.1, y); pen.lineTo(x, y + r * 1.25);
                 pen.lineTo(x - r * 1.1, y); },
  (x, y, r) => { pen.moveTo(x, y + r * 1.2); pen.lineTo(x + r * 1.1, y - r * .8); pen.lineTo(x - r * 1.1, y - r * .8); },
];
const dashes = [[], [9, 5], [2, 4], [10, 4, 2, 4]];

function mark(shape, x, y, r, fill, edge, width) {
  pen.beginPath(); shape(x, y, r); pen.closePath();
  pen.fillStyle = fill; pen.fill();
  pen.strokeStyle = edge; pen.lineWidth = width; pen.stroke();
}

function star(x, y, r) {
  for (let i = 0; i < 10; i++) {
    const a = Math.PI * (i / 5 - .5), s = i % 2 ? r * .42 : r;
    pen[i ? "lineTo" : "moveTo"](x + s * Math.cos(a), y + s * Math.sin(a));
  }
}

const signed = (text) => text.replace(/-/g, "−");

function ticks(from, to) {
  const rough = (to - from) / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
  const first = Math.ceil(from / step), count = Math.floor(to / step + 1e-9) - first + 1;
  // As many digits as tell one tick from the next.
  const digits = Math.ceil(Math.log10(Math.max(Math.abs(from), Math.abs(to)) / step)) + 2;
  const found = Array.from({ length: count }, (_, k) => (first + k) * step);
  return found.map((v) => [v, signed((+v.toPrecision(Math.max(3, Math.min(15, digits)))).toString())]);
}

// Room for the numbers beside the axes, which may be long.
function room() {
  pen.font = font;
  const widest = (found) => Math.max(0, ...found.map(([, text]) => pen.measureText(text).width));
  margin.left = Math.max(62, widest(ticks(low, high)) + 34);
  margin.right = Math.max(12, widest(ticks(left, right).slice(-1)) / 2 + 2);
}

function axes() {
  pen.fillStyle = pen.strokeStyle = getComputedStyle(document.body).color; pen.lineWidth = 1; pen.font = font;
  pen.strokeRect(px(left), py(high), px(right) - px(left), py(low) - py(high));
  pen.textAlign = "center"; pen.textBaseline = "top";
  for (const [v, text] of ticks(left, right)) { pen.fillRect(px(v), py(low), 1, 5); pen.fillText(text, px(v), py(low) + 7); }
  pen.fillText("x[0]", (px(left) + px(right)) / 2, py(low) + 26);
  pen.textAlign = "right"; pen.textBaseline = "middle";
  for (const [v, text] of ticks(low, high)) { pen.fillRect(px(left) - 5, py(v), 5, 1); pen.fillText(text, px(left) - 8, py(v)); }
  pen.save(); pen.translate(12, (py(low) + py(high)) / 2); pen.rotate(-Math.PI / 2); pen.textAlign = "center";
  pen.fillText("x[1]", 0, 0); pen.restore();
}

function way(points, count) {
  pen.beginPath();
  let drawn = false;
  for (let i = 0; i < count; i++) {
    const p = points[i];
    if (!p) { drawn = false; continue; }
    pen[drawn ? "lineTo" : "moveTo"](px(p[0]), py(p[1])); drawn = true;
  }
}

// Those that are drawn, the chosen one above the others.
const visible = () => data.runs.filter((r) => !hidden.has(r) && r !== chosen).concat(hidden.has(chosen) ? [] : chosen ?? []);
// The colours are chosen for light ground; black would be lost on a dark one.
const tint = (r, ink) => (r.color === "#000000" ? ink : r.color);
const strength = (r) => chosen && r !== chosen && !hidden.has(chosen) ? .25 : 1;

// The point of a path under the pointer.
let touched = null;

function ring() {
  if (!touched) return;
  const [x, y] = touched.r.path[touched.i];
  pen.beginPath(); pen.arc(px(x), py(y), 12, 0, 7); pen.strokeStyle = "#000"; pen.lineWidth = 2; pen.stroke();
}

function draw() {
  if (touched && touched.i > frame) touched = chosen = null;
  const width = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
  room();
  // One scale for both axes, unless the map would be a slit or a tower.
  const inner = (width - margin.left - margin.right) * (high - low) / (right - left);
  const equal = data.equal && inner > .4 * width && inner < 1.1 * width;
  const height = Math.round(equal ? inner + margin.top + margin.bottom : width * .72);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
  }
  size = [width, height];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  // The map is light in the dark too: the colours of the lines are chosen for it.
  pen.fillStyle = "#fff"; pen.fillRect(px(left), py(high), px(right) - px(left), py(low) - py(high));
  pen.drawImage(ground, px(left), py(high), px(right) - px(left), py(low) - py(high));
  pen.save();
  pen.beginPath(); pen.rect(px(left), py(high), px(right) - px(left), py(low) - py(high)); pen.clip();
  for (const m of data.minima) mark(star, px(m[0]), py(m[1]), 11, "#F0E442", "#000", 1.3);
  for (const r of visible()) {
    const count = Math.min(frame + 1, r.path.length);
    pen.lineJoin = "round"; pen.globalAlpha = strength(r);
    pen.setLineDash([]); way(r.path, count); pen.strokeStyle = "rgba(255,255,255,.8)"; pen.lineWidth = 5.5; pen.stroke();
    pen.setLineDash(dashes[r.dash]); way(r.path, count); pen.strokeStyle = r.color; pen.lineWidth = 2.8; pen.stroke();
    pen.setLineDash([]); pen.globalAlpha = 1;
  }
  if (frame) mark(shapes[0], px(data.start[0]), py(data.start[1]), 6, "#fff", "#000", 2);
  // Of runners at one place each is larger than those above it, so that all are seen: at the start it is one place.
  const heads = visible().map((r) => [r, r.path[Math.min(frame, r.path.length - 1)]]).filter(([, p]) => p)
    .map(([r, p]) => [r, px(p[0]), py(p[1])]);
  heads.forEach(([r, x, y], i) => {
    const above = heads.slice(i + 1).filter(([, a, b]) => Math.hypot(a - x, b - y) < 6).length;
    pen.globalAlpha = strength(r);
    mark(shapes[r.shape], x, y, 7.5 + 3.4 * above, r.color, "#fff", 1.6);
    pen.globalAlpha = 1;
  });
  ring();
  pen.restore();
  axes();
  standings();
  plot();
}

// The losses against the steps, over the logarithm where all are positive; what is still to come is faint.
const chart = $("curve"), nib = chart.getContext("2d");
const known = data.runs.flatMap((r) => r.losses.filter((v) => v !== null));
const logs = known.length && Math.min(...known) > 0 && Math.max(...known) > 30 * Math.min(...known);
// Above the worst start there is nothing to compare.
const firsts = data.runs.map((r) => r.losses[0]).filter((v) => v !== null);
const tall = firsts.length ? Math.max(...firsts) : Infinity;
const rise = (v) => logs ? Math.log10(v) : v;
const shown = known.filter((v) => v <= tall || !firsts.length).map(rise);
const bottom = Math.min(...shown), gap = (Math.max(...shown) - bottom) * .05 || 1;
const power = (k) => "10" + String(k).replace(/./g, (c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]);

function plot() {
  const width = chart.clientWidth, height = Math.round(Math.min(width * .72, 330)), ratio = window.devicePixelRatio || 1;
  chart.width = Math.round(width * ratio); chart.height = Math.round(height * ratio);
  chart.style.height = height + "px";
  nib.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (!shown.length) return;
  const box = { left: 58, right: width - 14, top: 22, bottom: height - 42 };
  const floor = bottom - gap, roof = Math.max(...shown) + gap;
  const x = (step) => box.left + step / Math.max(1, data.steps[last]) * (box.right - box.left);
  const y = (v) => box.bottom - (rise(v) - floor) / (roof - floor) * (box.bottom - box.top);
  const style = getComputedStyle(document.body);
  nib.font = "13px system-ui, sans-serif"; nib.fillStyle = style.color; nib.textBaseline = "middle";
  const every = logs ? Math.max(1, Math.ceil((roof - floor) / 6)) : 0;
  const marks = logs
    ? Array.from({ length: Math.floor(roof) - Math.ceil(floor) + 1 }, (_, k) => Math.ceil(floor) + k)
      .filter((k) => k % every === 0).map((k) => [10 ** k, power(k)])
    : ticks(floor, roof);
  nib.textAlign = "right";
  for (const [v, text] of marks) {
    nib.fillText(text, box.left - 7, y(v));
    nib.fillStyle = style.getPropertyValue("--rule"); nib.fillRect(box.left, y(v), box.right - box.left, 1);
    nib.fillStyle = style.color;
  }
  nib.textAlign = "center";
  for (const [v, text] of ticks(0, Math.max(1, data.steps[last])).filter(([v]) => Number.isInteger(v))) {
    nib.fillText(text, x(v), box.bottom + 12);
  }
  nib.fillText("step", (box.left + box.right) / 2, height - 8);
  nib.textAlign = "left"; nib.fillText("loss", 0, 8);
  nib.save(); nib.beginPath(); nib.rect(box.left, box.top - 2, box.right - box.left + 8, box.bottom - box.top + 4); nib.clip();
  for (const r of visible()) {
    for (const [count, alpha] of [[r.losses.length, .22], [Math.min(frame + 1, r.losses.length), 1]]) {
      nib.beginPath();
      let drawn = false;
      for (let i = 0; i < count; i++) {
        const v = r.losses[i];
        if (v === null || (logs && v <= 0)) { drawn = false; continue; }
        const step = Math.min(data.steps[i], r.total);
        nib[drawn ? "lineTo" : "moveTo"](x(step), near(y(v))); drawn = true;
      }
      nib.strokeStyle = tint(r, style.color);
      nib.globalAlpha = alpha * strength(r); nib.lineWidth = 2.2; nib.lineJoin = "round"; nib.setLineDash(dashes[r.dash]); nib.stroke();
    }
    nib.setLineDash([]);
    const at = Math.min(frame, r.losses.length - 1), v = r.losses[at];
    if (v !== null && !(logs && v <= 0)) {
      nib.beginPath(); nib.arc(x(Math.min(data.steps[at], r.total)), near(y(v)), 4, 0, 7);
      nib.fillStyle = tint(r, style.color); nib.fill(); nib.fillStyle = style.color;
    }
  }
  nib.restore();
}

const badge = (body) => (color) => body + `fill="${color}" stroke="#fff" stroke-width="1.2"/>`;
const badges = [
  badge('<circle cx="17" cy="8" r="6" '), badge('<rect x="11.5" y="2.5" width="11" height="11" '),
  badge('<path d="M17 1l7 13H10z" '), badge('<path d="M17 0l7 8-7 8-7-8z" '), badge('<path d="M17 15l7-13H10z" '),
];
const rows = data.runs.map((r) => {
  const row = $("legend").insertRow();
  const name = row.insertCell();
  const lines = ["", "9 5", "2 4", "10 4 2 4"];
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  button.innerHTML = `<svg width="34" height="16" aria-hidden="true"><line x1="1" y1="8" x2="33" y2="8" stroke="${r.color}"
    stroke-width="4" stroke-dasharray="${lines[r.dash]}"/>${badges[r.shape](r.color)}</svg>`;
  button.append(r.name);
  button.addEventListener("click", () => {
    if (!hidden.delete(r)) hidden.add(r);
    button.setAttribute("aria-pressed", String(!hidden.has(r)));
    touched = null;
    draw();
  });
  for (const [come, leave] of [["mouseenter", "mouseleave"], ["focusin", "focusout"]]) {
    row.addEventListener(come, () => choose(r));
    row.addEventListener(leave, () => choose(null));
  }
  name.append(button);
  return { row, step: row.insertCell(), loss: row.insertCell() };
});

const brief = (v) => signed(v && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e6) ? v.toExponential(2) : v.toPrecision(4));

const lossText = (v) => (v === null ? "not finite" : brief(v));
const lossNow = (r) => r.losses[Math.min(frame, r.losses.length - 1)];

function choose(r) {
  if (r !== chosen) { chosen = r; draw(); }
}

// What is under the pointer: the nearest point of a path that is drawn.
function touch(event) {
  const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  let found = null, nearest = 14;
  for (const r of visible()) {
    r.path.slice(0, frame + 1).forEach((p, i) => {
      const far = p ? Math.hypot(px(p[0]) - x, py(p[1]) - y) : Infinity;
      // Of points at one place the last is meant.
      if (far <= nearest) { nearest = far; found = { r, i }; }
    });
  }
  if (found?.r === touched?.r && found?.i === touched?.i) return;
  touched = found;
  chosen = found && found.r;
  draw();
}

function told() {
  if (!touched) return "";
  const { r, i } = touched, step = Math.min(data.steps[i], r.total);
  return `${r.name}, step ${step}: (${r.path[i].map(brief).join(", ")}), loss ${lossText(r.losses[i])}`;
}

function standings() {
  const here = data.runs.map(lossNow);
  const best = Math.min(...here.filter((v) => v !== null));
  data.runs.forEach((r, i) => {
    const done = data.steps[frame] >= r.total;
    rows[i].step.textContent = Math.min(data.steps[frame], r.total) + (done ? " ■" : "");
    rows[i].loss.textContent = lossText(here[i]);
    rows[i].row.className = (here[i] === best ? "lead" : "") + (r === chosen ? " chosen" : "");
  });
  if ($("read").textContent !== told()) $("read").textContent = told();
  const ended = data.runs.filter((r) => data.steps[frame] >= r.total).map((r) => `${r.name}: ${r.message}`);
  if ($("ends").childElementCount !== ended.length) {
    $("ends").replaceChildren(...ended.map((text) => { const li = document.createElement("li"); li.textContent = text; return li; }));
  }
  $("slider").value = frame;
  $("slider").setAttribute("aria-valuetext", "step " + data.steps[frame]);
  $("count").textContent = data.steps[frame] + " / " + data.steps[last];
}

// A whole race takes eight seconds at speed 1; the frame is kept as a fraction between draws.
let exact = 0;
function tick(now) {
  if (!playing) return;
  // The first frame may have begun before the race was started.
  exact = Math.min(last, exact + Math.max(0, now - before) / 8000 * Math.max(last, 20) * Number($("speed").value));
  before = now;
  if (Math.floor(exact) !== frame) { frame = Math.floor(exact); draw(); }
  if (frame >= last) { play(false); return; }
  requestAnimationFrame(tick);
}

function play(on) {
  playing = on;
  $("play").textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (frame >= last) frame = 0;
  exact = frame; before = performance.now();
  requestAnimationFrame(tick);
}

// The map with its title and the standings, as the page shows them, on paper.
function picture() {
  const ratio = canvas.width / size[0], line = 24, head = 40;
  const sheet = document.createElement("canvas"), ink = sheet.getContext("2d");
  const runs = data.runs.filter((r) => !hidden.has(r)), style = getComputedStyle(document.body);
  sheet.width = canvas.width; sheet.height = canvas.height + (head + line * runs.length + 16) * ratio;
  ink.fillStyle = style.backgroundColor; ink.fillRect(0, 0, sheet.width, sheet.height);
  ink.drawImage(canvas, 0, head * ratio);
  ink.scale(ratio, ratio);
  ink.fillStyle = style.color; ink.textBaseline = "middle"; ink.font = "600 18px system-ui, sans-serif";
  ink.fillText(`${data.title}, step ${data.steps[frame]}`, margin.left, head / 2, size[0] - margin.left - margin.right);
  ink.font = font;
  runs.forEach((r, k) => {
    const y = head + size[1] + 8 + line * k;
    ink.setLineDash(dashes[r.dash]); ink.strokeStyle = tint(r, style.color); ink.lineWidth = 4;
    ink.beginPath(); ink.moveTo(margin.left, y); ink.lineTo(margin.left + 40, y); ink.stroke();
    ink.fillText(`${r.name}: ${lossText(lossNow(r))}`, margin.left + 50, y);
  });
  return sheet;
}

function savePicture() {
  picture().toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob); link.download = `race-${data.steps[frame]}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

function go(to) { play(false); frame = Math.max(0, Math.min(last, to)); draw(); }

$("slider").max = last;
$("slider").addEventListener("input", (event) => go(Number(event.target.value)));
$("play").addEventListener("click", () => play(!playing));
$("picture").addEventListener("click", savePicture);
canvas.addEventListener("pointermove", touch);
canvas.addEventListener("pointerdown", touch);
canvas.addEventListener("pointerleave", () => { if (touched) { touched = chosen = null; draw(); } });
document.addEventListener("keydown", (event) => {
  const tag = event.target.tagName;
  if (tag === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && tag !== "BUTTON") play(!playing);
  else if (event.key === "ArrowRight") go(frame + 1);
  else if (event.key === "ArrowLeft") go(frame - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(last);
  else return;
  event.preventDefault();
});
window.addEventListener("resize", draw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const wanted = /^#step=(\d+)$/.exec(location.hash);
if (wanted) {
  const found = data.steps.findIndex((s) => s >= Number(wanted[1]));
  frame = found < 0 ? last : found;
}
draw();
// All are seen at the start for a moment before the race begins.
if (!wanted && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
  setTimeout(() => { if (frame === 0 && !playing) play(true); }, 1200);
}
