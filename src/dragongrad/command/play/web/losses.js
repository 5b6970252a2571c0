// Loss curves, and the order with which each run converges.

import { el, later, latest, only, select, short, slider, table } from "./ui.js";
import { curves, picture, sample } from "./plot.js";
import { functionPanel, methodPanel, startPanel } from "./plane.js";

export const title = "Losses";
export const intro = "How fast do they converge? The order p and the constant C are fitted to the tail of each run: e[k+1] = C e[k]^p, where e is the distance to the minimizer. p = 1 is linear convergence with rate C, p = 2 is quadratic. The thick line is the fit.";
export const usual = { f: "rosenbrock", region: "", start: "", o: "gd,adam,cg,l-bfgs,newton", steps: "100", of: "distances" };
export const asks = ["f", "start", "o", "steps"];

export function make(root, state, set) {
  let done = null;
  const chart = el("canvas", { role: "img" });
  const view = picture(chart, .62, draw);
  const panel = functionPanel(state, (patch) => { set(patch); from.put(state.start); run(); });
  const from = startPanel(state, (patch) => { set(patch); run(); });
  const methods = methodPanel(state, (patch) => { set(patch); run(); });
  const soon = later(run, 150);
  const steps = slider("Steps", { low: 10, high: 5000, log: true, step: .02, value: +state.steps || 100, show: (v) => String(Math.round(v)),
    onchange: (v) => { set({ steps: String(Math.round(v)) }); soon(); } });
  const what = select("Shown", [{ value: "distances", text: "distances" }, { value: "gaps", text: "values" }], state.of,
    (v) => { set({ of: v }); label(); view.redraw(); });
  const rates = table("Convergence", ["optimizer", "steps", "value", "order p", "constant C"]);
  const notes = el("ul", { className: "hint" });
  root.append(el("div", { className: "stage" }, chart, rates, notes), el("div", { className: "side" }, panel, from, what, steps, methods));

  const askRuns = latest("runs", (told) => {
    done = told; methods.show(told.runs);
    rates.fill(told.runs.map((r, k) => el("tr", {}, el("th", { scope: "row" }, sample(k), r.name), el("td", {}, String(r.total ?? "–")), el("td", {}, short(r.value)),
      el("td", {}, short(r.order)), el("td", {}, short(r.constant)))));
    const unknown = told.minima.length ? [] : ["No minimizer is known: of each run the distance to its own end is shown, and of the values the least that any run reached is taken for the minimum."];
    notes.replaceChildren(...[...told.notes, ...told.runs.map((r) => `${r.name}: ${r.message}`), ...unknown, "An order of – : too few steps, or no line fits."].map((text) => el("li", {}, text)));
    label(); view.redraw();
  });
  function run() { askRuns(only(state, asks)); }
  const name = () => (state.of === "gaps" ? "f − least value" : "distance to the minimizer");
  function label() { chart.setAttribute("aria-label", `${name()} against steps, on a logarithmic scale; the table below has the orders of convergence`); }

  // The errors that a fitted order foresees, from the first step of the tail on.
  function fitted(r) {
    if (r.order === null || r.constant === null || !r.distances) return [];
    const begin = r.distances.findIndex((e) => e <= .1 * r.distances[0]);
    if (begin < 0) return [];
    const points = [[r.at[begin], r.distances[begin]]];
    for (let k = r.at[begin], e = r.distances[begin]; k < r.total && points.length < 5000; k++) {
      e = r.constant * e ** r.order;
      if (!(e > 1e-16 && e < 1e6)) break;
      points.push([k + 1, e]);
    }
    return points;
  }

  function draw(pen, width, height) {
    if (!done) return;
    const series = [];
    done.runs.forEach((r, k) => {
      if (!r.at) return;
      if (state.of !== "gaps") series.push({ points: fitted(r), k, faint: true });
      series.push({ points: r.at.map((x, i) => [x, (r[state.of] ?? r.distances)[i]]), k });
    });
    curves(pen, width, height, series, ["step", name()]);
  }
  run();
  return { stop() { soon.stop(); panel.stop(); methods.stop(); askRuns.stop(); view.stop(); } };
}
