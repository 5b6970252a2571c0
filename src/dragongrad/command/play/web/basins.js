// Basins of attraction: which minimum is reached from every start, and how soon.

import { button, bytes, el, later, listen, only, say, select, short, slider, table, trouble } from "./ui.js";
import { colour, dark, frame, picture, star } from "./plot.js";
import { chosen, functionPanel, parse } from "./plane.js";

export const title = "Basins";
export const intro = "Every point is a start. Its colour is the minimum that the optimizer reaches from there, strong where it arrives soon. Grey starts are still under way at the last step, hatched ones flew off.";
export const usual = { f: "himmelblau", region: "", o: "gd", grid: "100", steps: "300" };
export const asks = ["f", "region", "o", "grid", "steps"];

export function make(root, state, set) {
  let map = null, image = null, stream = null, at = null, scheme = null;
  const canvas = el("canvas", { role: "img" });
  canvas.setAttribute("aria-label", "The map of basins; the table has the share of each minimum");
  const view = picture(canvas, .8, draw);
  const bar = el("progress", { max: 1, value: 0, ariaLabel: "Progress" });
  const go = button("Cancel", () => (stream ? cancel() : run()), { className: "main" });
  const status = el("span", { className: "faint" });
  const value = el("p", { className: "hint" }, "\u00a0");
  const soon = later(run, 400);
  const panel = functionPanel(state, (patch) => { delete patch.start; set(patch); run(); });
  const whole = (v) => String(Math.round(v));
  const grid = slider("Starts a side", { low: 10, high: 300, step: 10, value: +state.grid || 100, show: whole, onchange: (v) => { set({ grid: whole(v) }); soon(); } });
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
      map = event; image = null; panel.shown = event.region; bar.value = 1;
      if (rate && !parse(state.o)[0].lr && event.lr) rate.put(event.lr);
      fill(); view.redraw();
    }, (error) => {
      stream = null; go.textContent = "Compute again"; status.textContent = error ? "" : `${map.grid} × ${map.grid} starts in ${map.seconds.toFixed(1)} s`;
      trouble(error);
    });
  }
  function cancel() { stream.stop(); stream = null; go.textContent = "Compute again"; status.textContent = "cancelled"; }

  function fill() {
    const names = map.minima.map((m) => `(${m.map((v) => short(Math.abs(v) < 1e-7 ? 0 : v)).join(", ")})`), parts = Object.entries(map.shares);
    const swatch = (k) => { const made = el("canvas", { className: "key", width: 24, height: 14, ariaHidden: "true" }), pen = made.getContext("2d"); pen.fillStyle = typeof k === "string" ? "#808080" : colour(k); pen.fillRect(0, 0, 24, 14);
      if (k === "diverged") for (let x = 0; x < 24; x += 6) pen.clearRect(x, 0, 3, 14);
      return made; };
    const percent = (v) => `${(100 * v).toFixed(1)} %`;
    shares.fill([...names.map((name, k) => [name, k, map.values[k], parts[k]?.[1] ?? 0]).slice(0, 12).map(([name, k, v, share]) =>
      el("tr", {}, el("th", { scope: "row" }, swatch(k), name), el("td", {}, short(v)), el("td", {}, percent(share)))),
    ...["under way", "diverged"].map((name) => el("tr", {}, el("th", { scope: "row" }, swatch(name), name), el("td", {}), el("td", {}, percent(map.shares[name] ?? 0))))]);
    notes.replaceChildren(...[...map.notes, ...(map.batched ? [] : ["This method mixes the numbers of a batch: the starts ran one by one."]),
      ...(map.minima.length > 8 ? ["Colours repeat after eight minima."] : []), ...(map.minima.length > 12 ? [`${map.minima.length - 12} more minima were found.`] : [])].map((text) => el("li", {}, text)));
    say(`Basins of ${map.title}: ${names.slice(0, 6).map((name, k) => `${name} ${percent(parts[k]?.[1] ?? 0)}`).join(", ")}`);
  }

  function paint() {
    const n = map.grid, label = bytes(map.label), shade = bytes(map.shade), made = new OffscreenCanvas(n, n), pen = made.getContext("2d"), data = pen.createImageData(n, n);
    const paper = dark() ? 20 : 255;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      const p = (n - 1 - i) * n + j, k = label[p] - 2, strong = 1 - .8 * Math.sqrt(shade[p] / 255);
      let c = k >= 0 ? hex(colour(k)).map((v) => paper + strong * (v - paper)) : [128, 128, 128];
      if (k === -2) c = (i + j) % 4 < 2 ? [128, 128, 128] : [paper, paper, paper];
      data.data.set([...c, 255], 4 * (i * n + j));
    }
    pen.putImageData(data, 0, 0);
    return made;
  }
  const hex = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));

  function draw(pen, width, height) {
    if (!map) return;
    if (scheme !== dark()) { image = null; scheme = dark(); fill(); }
    image ??= paint();
    at = frame(pen, width, height, map.region, map.names);
    at.inside(() => {
      pen.imageSmoothingEnabled = false;
      pen.drawImage(image, at.left, at.top, at.right - at.left, at.bottom - at.top);
      for (const m of map.minima) star(pen, at.x(m[0]), at.y(m[1]), 9);
    });
    at.axes();
  }
  canvas.addEventListener("mousemove", (event) => {
    if (!map || !at) return;
    const [x, y] = at.back(event.offsetX, event.offsetY), [[l, r], [b, t]] = map.region, n = map.grid;
    const i = Math.floor((y - b) / (t - b) * n), j = Math.floor((x - l) / (r - l) * n);
    if (i < 0 || j < 0 || i >= n || j >= n) { value.textContent = "\u00a0"; return; }
    map.marks ??= [bytes(map.label), bytes(map.shade)];
    const k = map.marks[0][i * n + j] - 2, soonest = Math.round(map.marks[1][i * n + j] / 255 * map.steps);
    value.textContent = `from (${short(x)}, ${short(y)}): ${k === -1 ? "still under way" : k === -2 ? "flew off" : `to (${map.minima[k].map(short).join(", ")}) by about step ${soonest}`}`;
  });
  run();
  return { stop() { stream?.stop(); soon.stop(); panel.stop(); view.stop(); } };
}
