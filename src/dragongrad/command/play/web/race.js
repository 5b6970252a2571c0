// The race: optimizers on the contours of a function, from a start that is placed on the map.

import { button, el, later, latest, only, say, short, slider, table } from "./ui.js";
import { colour, contours, css, frame, heights, mark, picture, sample, star, way } from "./plot.js";
import { functionPanel, methodPanel, placing, startPanel } from "./plane.js";

export const title = "Race";
export const intro = "Optimizers run from one start. Click the map to place it (or use the arrow keys there), choose which optimizers run and with which learning rates. A default rate that would diverge from here is reduced.";
export const usual = { f: "rosenbrock", region: "", start: "", o: "gd,momentum,adam,l-bfgs", steps: "300" };
export const asks = ["f", "start", "o", "steps"];

export function make(root, state, set) {
  let land = null, ground = null, done = null, at = null, step = 0, playing = false, before = 0;
  const map = el("canvas", { role: "application" });
  map.setAttribute("aria-label", "Contours with the paths of the optimizers; arrow keys move the start");
  const view = picture(map, .72, draw);

  const standings = table("Standings (the lowest value in bold)", ["optimizer", "step", "value"]);
  const slide = el("input", { type: "range", min: 0, max: 1, value: 0, step: 1, ariaLabel: "Step", oninput: () => { stop(); go(+slide.value); } });
  const count = el("output");
  const play = button("▶ Play", () => (playing ? stop() : start()), { className: "main" });
  const panel = functionPanel(state, (patch) => { set(patch); from.put(state.start); loadLand(); run(); });
  const methods = methodPanel(state, (patch) => { set(patch); run(); });
  const from = startPanel(state, (patch) => { set(patch); run(); });
  const soon = later(run, 150);
  const steps = slider("Steps", { low: 10, high: 5000, log: true, step: .02, value: +state.steps || 300, show: (v) => String(Math.round(v)),
    onchange: (v) => { set({ steps: String(Math.round(v)) }); soon(); } });
  const notes = el("ul", { className: "hint" });

  root.append(
    el("div", { className: "stage" }, map, el("div", { className: "row" }, play, slide, count),
      el("p", { className: "hint" }, "○ start   ★ known minimum. Space plays and pauses, ← and → go one step, Home and End to the ends."), standings, notes),
    el("div", { className: "side" }, panel, from, steps, methods));

  const askLand = latest("heights", (told) => { land = told; ground = heights(told); panel.shown = told.region; view.redraw(); });
  const askRuns = latest("runs", (told) => {
    done = told; methods.show(told.runs);
    slide.max = Math.max(1, told.steps);
    fillNotes();
    stop(); go(0); start();
  });
  const loadLand = () => askLand({ f: state.f, region: state.region, points: "101" });
  function run() { askRuns(only(state, asks)); }

  // Where a run stood after a step: its recorded positions are fewer than its steps.
  const place = (r, s) => { let k = 0; while (k + 1 < r.at.length && r.at[k + 1] <= s) k++; return k; };

  function draw(pen, width, height) {
    if (!land) return;
    at = frame(pen, width, height, land.region, land.names);
    contours(pen, at, ground);
    at.inside(() => {
      for (const m of land.minima) star(pen, at.x(m[0]), at.y(m[1]));
      if (!done) return;
      const pixels = (p) => (p[0] === null || p[1] === null ? null : [at.x(p[0]), at.y(p[1])]);
      mark(pen, 0, at.x(done.start[0]), at.y(done.start[1]), 7, css("--paper"), css("--ink"));
      done.runs.forEach((r, k) => {
        if (!r.path) return;
        const until = place(r, step);
        way(pen, r.path.slice(0, until + 1).map(pixels), k);
      });
      done.runs.forEach((r, k) => {
        const p = r.path && pixels(r.path[place(r, step)]);
        if (p) mark(pen, k, p[0], p[1], 7, colour(k));
      });
    });
    at.axes();
  }

  function go(to) {
    if (!done) return;
    step = Math.max(0, Math.min(done.steps, to));
    slide.value = step; count.textContent = `${Math.round(step)} of ${done.steps}`;
    const values = done.runs.map((r) => (r.losses ? r.losses[place(r, step)] : null));
    const least = Math.min(...values.filter((v) => v !== null));
    standings.fill(done.runs.map((r, k) => el("tr", { className: values[k] === least ? "lead" : "" },
      el("th", { scope: "row" }, sample(k), r.name), el("td", {}, r.total === undefined ? "–" : String(Math.min(Math.round(step), r.total))), el("td", {}, short(values[k])))));
    view.redraw();
  }

  // For a reader of the screen, after a step that was asked for.
  function tellStep() {
    if (done && !playing) say(`Step ${Math.round(step)}: ${[...standings.querySelectorAll("tbody tr")].map((r) => `${r.cells[0].textContent} ${r.cells[2].textContent}`).join(", ")}`);
  }

  function fillNotes() {
    const ends = done.runs.map((r) => `${r.name}: ${r.message}`);
    notes.replaceChildren(...[...done.notes, ...ends].map((text) => el("li", {}, text)));
    say(`${done.runs.length} optimizers have run: ${ends.join("; ")}`);
  }

  function tick(now) {
    if (!playing) return;
    go(step + (now - before) / 1000 * Math.max(8, done.steps / 8)); before = now;
    if (step >= done.steps) stop(); else requestAnimationFrame(tick);
  }
  function start() {
    if (!done) return;
    if (step >= done.steps) go(0);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) { go(done.steps); return; }
    playing = true; before = performance.now(); play.textContent = "❚❚ Pause"; requestAnimationFrame(tick);
  }
  function stop() { playing = false; play.textContent = "▶ Play"; }

  placing(map, () => at, () => done?.start, (text) => { from.put(text); set({ start: text }); done && (done.start = text.split(",").map(Number)); view.redraw(); soon(); });
  const keys = (event) => {
    if (/^(INPUT|SELECT|BUTTON|TEXTAREA|A)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const act = { " ": () => (playing ? stop() : start()), ArrowLeft: () => { stop(); go(Math.round(step) - 1); }, ArrowRight: () => { stop(); go(Math.round(step) + 1); },
      Home: () => { stop(); go(0); }, End: () => { stop(); go(done?.steps ?? 0); } }[event.key];
    if (act) { event.preventDefault(); act(); tellStep(); }
  };
  addEventListener("keydown", keys);
  loadLand(); run();
  return { stop() { stop(); soon.stop(); panel.stop(); methods.stop(); askLand.stop(); askRuns.stop(); view.stop(); removeEventListener("keydown", keys); } };
}
