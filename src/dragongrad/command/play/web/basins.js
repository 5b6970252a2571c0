// Basins of attraction: which minimum is reached from every start, and how soon.

import { button, bytes, el, later, listen, only, say, select, short, slider, table, trouble } from "./ui.js";
import { css, dark, frame, MOST_CLASSES, paper, picture, shading, star } from "./plot.js";
import { chosen, functionPanel, parse } from "./plane.js";

export const title = "Basins";
export const intro = "Every point is a start. Its colour tells which minimum the optimizer reaches from there, and is stronger where it arrives sooner. From grey points it has not arrived by the last step; from striped ones it diverges. Where there are more minima than colours, patterns tell them apart. Point at the map, or use the arrow keys on it, to read where a start leads.";
export const usual = { f: "himmelblau", region: "", o: "gd", grid: "100", steps: "300" };
export const asks = ["f", "region", "o", "grid", "steps"];

// More names than these would be longer than the map.
const NAMED = 12;

export function make(root, state, set) {
  let map = null, ranks = [], probe = null, image = null, stream = null, at = null, scheme = null;
  const canvas = el("canvas", { role: "application", tabIndex: 0 });
  canvas.setAttribute("aria-label", "The map of basins; arrow keys tell where a start arrives, the table has the share of each minimum");
  const view = picture(canvas, .8, draw);
  const bar = el("progress", { max: 1, value: 0, ariaLabel: "Progress" });
  const go = button("Cancel", () => (stream ? cancel() : run()), { className: "main" });
  const status = el("span", { className: "faint" });
  const value = el("p", { className: "hint" }, "\u00a0");
  const soon = later(run, 400);
  const panel = functionPanel(state, (patch) => { delete patch.start; set(patch); run(); });
  const whole = (v) => String(Math.round(v));
  const grid = slider("Starts per side", { low: 10, high: 300, step: 10, value: +state.grid || 100, show: whole, onchange: (v) => { set({ grid: whole(v) }); soon(); } });
  const steps = slider("Steps", { low: 10, high: 5000, log: true, step: .02, value: +state.steps || 300, show: whole, onchange: (v) => { set({ steps: whole(v) }); soon(); } });
  const methods = el("div");
  let rate = null;
  chosen().then((c) => {
    const now = parse(state.o)[0] ?? { name: "gd", lr: null };
    const draw = (name, lr) => {
      const known = c.methods.find((m) => m.name === name);
      rate = known?.lr === null || !known ? null : slider("Learning rate", { low: 1e-5, high: 3, log: true, value: lr ?? known.lr, show: short,
        onchange: (v) => { set({ o: `${name}:lr=${v}` }); soon(); } });
      methods.replaceChildren(select("Optimizer", c.methods.map((m) => m.name), name, (other) => { set({ o: other }); draw(other, null); run(); }), ...(rate ? [rate] : []));
    };
    draw(now.name, now.lr);
  });
  const shares = table("Where the starts arrive", ["minimum", "value", "share"]);
  const notes = el("ul", { className: "hint" });
  root.append(el("div", { className: "stage" }, canvas, el("div", { className: "row" }, go, status), bar, value),
    el("div", { className: "side" }, panel, methods, grid, steps, shares, notes));

  function run() {
    stream?.stop();
    trouble(""); bar.value = 0; go.textContent = "Cancel"; status.textContent = "under way";
    stream = listen("basins", only(state, asks), (event) => {
      if (event.share !== undefined) { bar.value = event.share; return; }
      map = event; image = probe = null; panel.shown = event.region; bar.value = 1;
      if (rate && !parse(state.o)[0].lr && event.lr) rate.put(event.lr);
      fill(); view.redraw();
    }, (error) => {
      stream = null; go.textContent = "Compute again"; status.textContent = error ? "" : `${map.grid} × ${map.grid} starts in ${map.seconds.toFixed(1)} s`;
      trouble(error);
    });
  }
  function cancel() { stream.stop(); stream = null; go.textContent = "Compute again"; status.textContent = "cancelled"; }

  // Colours and the table begin with the largest basins.
  function ranked() {
    const sizes = Object.values(map.shares).slice(0, map.minima.length);
    const order = sizes.map((_, k) => k).sort((i, j) => sizes[j] - sizes[i] || i - j);
    ranks = [];
    order.forEach((k, rank) => { ranks[k] = rank; });
    return order.map((k) => ({ k, share: sizes[k], name: pointOf(map.minima[k]) }));
  }
  const pointOf = (m) => `(${m.map((v) => short(Math.abs(v) < 1e-7 ? 0 : v)).join(", ")})`;
  const percent = (v) => `${(100 * v).toFixed(1)} %`;

  // The red, green and blue of a pixel by what became of a start: the rank of its minimum, -1 under way, -2 flown off.
  function inks() {
    const made = new Map(), ground = paper();
    made.set(-1, () => [128, 128, 128]);
    made.set(-2, (x) => (x % 6 < 3 ? [128, 128, 128] : [ground, ground, ground]));
    return (rank) => { if (!made.has(rank)) made.set(rank, shading(rank)); return made.get(rank); };
  }

  function swatch(rank) {
    const made = el("canvas", { className: "key", width: 24, height: 14, ariaHidden: "true" }), pen = made.getContext("2d"), data = pen.createImageData(24, 14), ink = inks()(rank);
    for (let y = 0; y < 14; y++) for (let x = 0; x < 24; x++) data.data.set([...ink(x, y, 1), 255], 4 * (24 * y + x));
    pen.putImageData(data, 0, 0);
    return made;
  }

  function fill() {
    const found = ranked(), named = found.slice(0, NAMED), others = found.slice(NAMED);
    const line = (key, name, now, share) => el("tr", {}, el("th", { scope: "row" }, key, name), el("td", {}, now), el("td", {}, percent(share)));
    shares.fill([...named.map(({ k, name, share }) => line(swatch(ranks[k]), name, short(map.values[k]), share)),
      ...(others.length ? [line(null, `${others.length} others`, "", others.reduce((sum, o) => sum + o.share, 0))] : []),
      ...[["under way", -1], ["diverged", -2]].map(([name, rank]) => line(swatch(rank), name, "", map.shares[name] ?? 0))]);
    notes.replaceChildren(...[...map.notes, ...(map.batched ? [] : ["This method mixes the numbers of a batch: the starts ran one by one."]),
      ...(found.length > MOST_CLASSES ? [`Colours and patterns repeat after ${MOST_CLASSES} minima.`] : [])].map((text) => el("li", {}, text)));
    say(`Basins of ${map.title}: ${found.slice(0, 6).map(({ name, share }) => `${name} ${percent(share)}`).join(", ")}`);
  }

  // Each start is a square of so many pixels that patterns are seen.
  function paint() {
    const n = map.grid, side = Math.max(1, Math.round(720 / n)), size = n * side, label = bytes(map.label), shade = bytes(map.shade);
    const made = new OffscreenCanvas(size, size), pen = made.getContext("2d"), data = pen.createImageData(size, size), ink = inks();
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      const p = (n - 1 - i) * n + j, k = label[p] - 2, strong = 1 - .8 * Math.sqrt(shade[p] / 255), of = ink(k < 0 ? k : ranks[k]);
      for (let y = i * side; y < (i + 1) * side; y++) for (let x = j * side; x < (j + 1) * side; x++) data.data.set([...of(x, y, strong), 255], 4 * (size * y + x));
    }
    pen.putImageData(data, 0, 0);
    return made;
  }

  function draw(pen, width, height) {
    if (!map) return;
    if (scheme !== dark()) { image = null; scheme = dark(); fill(); }
    image ??= paint();
    at = frame(pen, width, height, map.region, map.names);
    at.inside(() => {
      pen.imageSmoothingEnabled = true;
      pen.drawImage(image, at.left, at.top, at.right - at.left, at.bottom - at.top);
      for (const m of map.minima) star(pen, at.x(m[0]), at.y(m[1]), 9);
      if (probe) { pen.strokeStyle = css("--ink"); pen.lineWidth = 2; pen.strokeRect(at.x(probe[0]) - 6, at.y(probe[1]) - 6, 12, 12); }
    });
    at.axes();
  }
  // Where the start at a point arrives, in words; null beside the map.
  function fate([x, y]) {
    const [[l, r], [b, t]] = map.region, n = map.grid, i = Math.floor((y - b) / (t - b) * n), j = Math.floor((x - l) / (r - l) * n);
    if (i < 0 || j < 0 || i >= n || j >= n) return null;
    map.marks ??= [bytes(map.label), bytes(map.shade)];
    const k = map.marks[0][i * n + j] - 2, soonest = Math.round(map.marks[1][i * n + j] / 255 * map.steps);
    return `from (${short(x)}, ${short(y)}): ${k === -1 ? "still under way" : k === -2 ? "diverged" : `to ${pointOf(map.minima[k])} by about step ${soonest}`}`;
  }
  canvas.addEventListener("mousemove", (event) => {
    if (map && at) value.textContent = fate(at.back(event.offsetX, event.offsetY)) ?? "\u00a0";
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || !map) return;
    event.preventDefault();
    // To the middle of the next start.
    probe = map.region.map(([low, high], k) => {
      const width = (high - low) / map.grid, now = probe ? Math.floor((probe[k] - low) / width) + step[k] : Math.floor(map.grid / 2);
      return low + (Math.max(0, Math.min(map.grid - 1, now)) + .5) * width;
    });
    value.textContent = fate(probe);
    say(value.textContent);
    view.redraw();
  });
  canvas.addEventListener("blur", () => { probe = null; view.redraw(); });
  run();
  return { stop() { stream?.stop(); soon.stop(); panel.stop(); view.stop(); } };
}
