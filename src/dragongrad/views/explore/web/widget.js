// The explorer in a notebook, as a widget: its page in a frame of its own, which says where it stands.

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.srcdoc = model.get("html");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = "explorer";
  frame.style = `width: 100%; height: ${model.get("height")}px; border: 0`;
  el.append(frame);
  const hear = (event) => {
    const said = event.source === frame.contentWindow && event.data?.dragongrad;
    if (!said) return;
    for (const key of ["step", "mode", "inputs"]) model.set(key, said[key]);
    model.save_changes();
  };
  const tell = () => frame.contentWindow.postMessage({ dragongrad: { go: model.get("step") } }, "*");
  window.addEventListener("message", hear);
  model.on("change:step", tell);
  return () => {
    window.removeEventListener("message", hear);
    model.off("change:step", tell);
  };
}

export default { render };
