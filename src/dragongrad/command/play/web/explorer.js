// The explorer on a typed function: its page is made by the server and shown in a frame of its own origin.

import { el, field, latest, later, query, select } from "./ui.js";

export const title = "Explorer";
export const intro = "One evaluation and its derivatives, step by step: the formula, the trace table and the graph move together. A value can be a vector, such as 1,2,3.";
export const usual = { f: "sin(x)*y + x", values: "x=0.5 y=2", mode: "reverse" };
export const asks = ["f", "values", "mode"];
export const whole = true;

export function make(root, state, set) {
  const text = el("input", { className: "formula", value: state.f, spellcheck: false, autocomplete: "off", maxLength: 4000, oninput: () => soon() });
  const inputs = el("div", { className: "pair" });
  const page = el("iframe", { title: "The explorer's page", sandbox: "allow-scripts" });
  let given = Object.fromEntries(state.values.split(/\s+/).filter(Boolean).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
  const soon = later(() => { set({ f: text.value.trim() }); ask({ f: state.f }); }, 500);
  const ask = latest("formula", (told) => {
    const values = Object.fromEntries(told.names.map((name) => [name, Object.hasOwn(given, name) ? given[name] : "1"]));
    inputs.replaceChildren(...told.names.map((name) => {
      const input = el("input", { value: values[name], spellcheck: false, autocomplete: "off" });
      input.addEventListener("input", later(() => { values[name] = input.value.replace(/\s+/g, ""); given = { ...given, ...values }; put(values); }, 500));
      return field(name, input);
    }));
    given = { ...given, ...values };
    put(values);
  });
  // The values are looked at first: what is wrong is told here, not in the frame.
  const check = latest("explorer/check", () => {
    // Replaced, so that the way back leads to other views and not to pages before.
    page.contentWindow.location.replace(new URL(`api/explorer?${query({ f: state.f, values: state.values, mode: state.mode })}`, location.href));
  });
  function put(values) {
    set({ values: Object.entries(values).map(([k, v]) => `${k}=${v}`).join(" ") });
    check({ f: state.f, values: state.values, mode: state.mode });
  }
  root.append(el("div", { className: "stage" },
    el("div", { className: "side" }, field("Formula", text), inputs,
      select("Mode", [{ value: "reverse", text: "reverse: adjoints" }, { value: "forward", text: "forward: tangents" }, { value: "value", text: "values alone" }], state.mode, (v) => { set({ mode: v }); check({ f: state.f, values: state.values, mode: v }); })),
    page));
  ask({ f: state.f });
  return { stop() { soon.stop(); ask.stop(); check.stop(); } };
}
