// Sliders for the inputs. One that cannot move says why.

const inputsView = document.getElementById("inputs");
const SLIDERS = 6;

function buildInputs() {
  // The numbers of an exercise stay.
  if (data.exercise) return;
  const rows = [];
  for (let i = 0; i < FIRST; i++) {
    if (NODES[i].reach === undefined) continue;
    const value = recordedValue(i);
    const reason = reasonAgainst(i);
    // A complex number has two.
    const parts = isComplex(i) ? ["d", "i"] : ["d"], most = SLIDERS / parts.length;
    const count = isFull(value) && reason === null ? Math.min(value.d.length, most) : 1;
    for (let k = 0; k < count; k++) for (const part of reason === null ? parts : ["d"]) rows.push(slider(i, k, reason, part));
    if (reason === null && value.d.length > most) {
      rows.push(make("p", { class: "faint" }, `${NODES[i].n}: the first ${most} of ${value.d.length} numbers`));
    }
  }
  const reset = make("button", { type: "button", id: "reset", onclick: () => { resetInputs(); setSliders(); changed(); } }, "Reset inputs");
  inputsView.replaceChildren(...rows, rows.some((r) => r.querySelector("input:enabled")) ? reset : "");
}

function slider(i, k, reason, part) {
  const reach = typeof NODES[i].reach === "number" ? NODES[i].reach : 1;
  const value = recordedValue(i), whole = /^(u?int|bool)/.test(NODES[i].t);
  const suffix = !isComplex(i) ? "" : part === "d" ? ".real" : ".imag";
  const name = reason === null ? `${elementName(i, k)}${suffix}` : NODES[i].n, now = isFull(value) ? partOf(value, part)[k] : 0;
  const output = make("output", {}, !isFull(value) ? "" : reason === null ? short(now) : shortAt(value, k));
  const input = make("input", {
    type: "range", min: -reach, max: reach, step: whole ? 1 : reach / 500, disabled: reason !== null, "aria-label": name,
    oninput: () => { moveInput(i, k, Number(input.value), part); output.textContent = short(Number(input.value)); changed(); },
  });
  // A slider stands at a step; what the recording has stays until it is dragged.
  input.value = Number.isFinite(now) ? now : 0;
  input.dataset.input = i;
  input.dataset.element = k;
  input.dataset.part = part;
  const label = make("label", { class: "slider" }, make("span", {}, name), input, output);
  return make("div", {}, label, reason === null ? null : make("small", { class: "why" }, `Fixed: ${reason}. For other values call ad.explore with them.`));
}

const partOf = (a, part) => (part === "i" ? imaginaryPart(a) : a).d;

function setSliders() {
  for (const input of inputsView.querySelectorAll("input")) {
    const value = valueOf(Number(input.dataset.input));
    if (!isFull(value)) continue;
    const now = partOf(value, input.dataset.part)[Number(input.dataset.element)];
    input.value = now;
    input.nextElementSibling.textContent = short(now);
  }
}

function drawNotes() {
  const notes = turned().map(([i, taken, at]) => {
    const line = at ? ` on line ${data.sources[at[0]].first + at[1]}` : "";
    return `With these inputs the test of ${NODES[i].n}${line} is ${taken ? "False" : "True"}: Python would take another path. The numbers shown are those of the recorded path.`;
  });
  const first = firstBad();
  if (first) notes.unshift(first);
  if (data.constants.length) notes.push(`Constant output: ${data.constants.join(", ")}.`);
  const box = document.getElementById("notes");
  box.replaceChildren(...notes.slice(0, 3).map((text) => make("p", {}, text)));
  box.hidden = notes.length === 0;
}

// The first NaN or infinity: what the recording says, or where the moved inputs make one.
function firstBad() {
  if (state.inputs.size === 0) return data.trouble ? `${placeOf(data.trouble.node)}${data.trouble.why}.` : null;
  const first = (numbers) => numbers.findIndex((a) => isBad(a));
  const value = first(live.values);
  if (value >= 0) return `${placeOf(value)}${NODES[value].o} is the first value that is not finite: ${shownBriefly(live.values[value])}.`;
  const dot = state.mode === "forward" ? first(live.dots) : -1;
  if (dot >= 0) return `${placeOf(dot)}the tangent of ${NODES[dot].o} is the first that is not finite: ${shownBriefly(live.dots[dot])}.`;
  for (const i of state.mode === "reverse" ? SWEEP : []) {
    const bad = live.given[i].find(([, g]) => isBad(g));
    if (bad) return `${placeOf(i)}${NODES[i].o} is the first that passes back what is not finite, to ${NODES[bad[0]].n}: ${shownBriefly(bad[1])}.`;
  }
  return null;
}

const shownBriefly = (a) => brief(a, 4) ?? described(a);

const placeOf = (i) => (NODES[i].at ? `${lineOf(i, "Line ")}: ` : "");
