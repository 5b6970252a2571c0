// Elements, controls, and requests.

export const $ = (id) => document.getElementById(id);

// An element with properties, listeners (names that begin with "on") and children; texts are never markup.
export function el(name, props = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

let counter = 0;
const fresh = () => `c${++counter}`;

export function field(label, input) {
  input.id ||= fresh();
  return el("div", { className: "field" }, el("label", { htmlFor: input.id }, label), input);
}

export function select(label, options, value, onchange) {
  const made = el("select", { onchange: () => onchange(made.value) },
    ...options.map((o) => el("option", { value: o.value ?? o, selected: (o.value ?? o) === value }, o.text ?? o)));
  return field(label, made);
}

// A slider over the numbers of a list, or over a logarithmic or linear range.
export function slider(label, { low, high, step, log = false, value, show = short, onchange }) {
  const of = (v) => (log ? Math.log10(v) : v), back = (s) => (log ? +(10 ** s).toPrecision(2) : +s);
  const input = el("input", { type: "range", min: of(low), max: of(high), step: step ?? (log ? 0.05 : 1), id: fresh() });
  input.value = of(value);
  const out = el("output", { htmlFor: input.id }, show(+value));
  const tell = () => { out.textContent = show(back(input.value)); input.setAttribute("aria-valuetext", out.textContent); };
  input.addEventListener("input", () => { tell(); onchange(back(input.value)); });
  input.setAttribute("aria-valuetext", show(+value));
  const made = el("div", { className: "field slide" }, el("label", { htmlFor: input.id }, label), input, out);
  made.put = (v) => { input.value = of(v); tell(); };
  made.input = input;
  return made;
}

export function button(text, onclick, props = {}) {
  return el("button", { type: "button", onclick, ...props }, text);
}

export function table(caption, heads) {
  const body = el("tbody");
  const made = el("table", {}, el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, h)))), body);
  made.fill = (rows) => body.replaceChildren(...rows);
  return made;
}

export const short = (v) => (v === null || v === undefined || !Number.isFinite(v) ? "–" : minus(+v.toPrecision(4) === 0 ? "0" :
  Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(2) : String(+v.toPrecision(4))));
export const minus = (text) => text.replace(/-/g, "\u2212");

export function later(work, pause = 250) {
  let timer = 0;
  const made = (...args) => { clearTimeout(timer); timer = setTimeout(() => work(...args), pause); };
  made.stop = () => clearTimeout(timer);
  return made;
}

export const only = (state, names) => Object.fromEntries(names.map((k) => [k, state[k]]));

export function query(values) {
  return new URLSearchParams(Object.entries(values).filter(([, v]) => v !== "" && v !== undefined && v !== null)).toString();
}

// What was refused, by the request that was: the success of another one does not hide it.
const refused = new Map();

export function trouble(text, from = "") {
  if (text) refused.set(from, text); else refused.delete(from);
  $("trouble").hidden = refused.size === 0;
  $("trouble").textContent = [...new Set(refused.values())].join("\n");
}

export function forgetTrouble() {
  refused.clear();
  trouble("");
}

export function say(text) { $("live").textContent = text; }

export class Refused extends Error {}

const SILENT = "the server does not answer: it has ended, or is busy. `dragongrad play` starts it again.";

// The answer to a request as an object; what is refused is raised with its reason.
export async function ask(path, values = {}, options = {}) {
  let answer, told;
  try {
    answer = await fetch(`api/${path}?${query(values)}`, options);
    told = answer.headers.get("content-type").startsWith("application/json") ? await answer.json() : { text: await answer.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(SILENT);
  }
  if (!answer.ok) throw new Refused(told.error ?? told.text);
  return told;
}

// Requests of one view, of which only the newest counts: the ones before are given up.
export function latest(path, done) {
  let control = null;
  const made = async (values) => {
    control?.abort();
    const mine = control = new AbortController();
    try {
      const told = await ask(path, values, { signal: mine.signal });
      if (mine !== control) return;
      trouble("");
      trouble("", path);
      done(told);
    } catch (error) {
      if (mine !== control || error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      trouble(error.message, path);
    }
  };
  made.stop = () => { control?.abort(); control = null; };
  return made;
}

// A stream of events; `stop` closes it, and the server ends its work.
export function listen(path, values, onevent, onend) {
  const source = new EventSource(`api/${path}?${query(values)}`);
  const end = (error) => { source.close(); onend(error); };
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.error) end(event.error);
    else if (event.done) end("");
    else onevent(event);
  };
  source.onerror = () => end(SILENT);
  return { stop: () => source.close() };
}

export function bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export async function copy(text, from) {
  const before = from.textContent;
  try { await navigator.clipboard.writeText(text); from.textContent = "Copied"; } catch { from.textContent = "Not allowed here"; }
  setTimeout(() => { from.textContent = before; }, 1500);
}
