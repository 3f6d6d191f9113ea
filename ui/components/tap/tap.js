// Plotly selects what it last saw under the pointer. A mouse has moved there before it clicks, a finger has not: so each
// touch of a chart is made known as a move first, before Plotly hears of the touch itself.

const shown = new Set(); // of the whole visit: every place of a page that asked for it

function touched(event) {
  const layer = event.target.closest?.(".js-plotly-plot .nsewdrag");
  if (!layer || event.touches.length !== 1) return;
  const { clientX, clientY } = event.touches[0];
  layer.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY, bubbles: true, view: window }));
}

export function render({ parentElement }) {
  shown.add(parentElement);
  document.addEventListener("touchstart", touched, { capture: true, passive: true }); // the same twice is one
}

export function remove(parentElement) {
  shown.delete(parentElement);
  if (!shown.size) document.removeEventListener("touchstart", touched, { capture: true });
}
