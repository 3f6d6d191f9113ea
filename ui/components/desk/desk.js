// The latent desk: entry point. The server hands over small JSON; decoder, codes and pictures live here.
//
// data: {mode: "traverse" | "morph", run, decoder: address of the run's decoder, ...}; see traverse.js and morph.js.
// Streamlit calls the default export again at every change of the data: one desk is kept for each parent element.

import { loadDecoder } from "./decoder.js";
import { complain, el } from "./dom.js";
import { createMorph } from "./morph.js";
import { createTraverse } from "./traverse.js";

const MODES = { traverse: createTraverse, morph: createMorph };
const desks = new WeakMap();

function openDesk(parent) {
  const root = parent.querySelector(".desk") ?? parent.appendChild(el("section", { class: "desk" }));
  let view = null; // what is shown for the decoder at hand
  let shown = ""; // of which run and mode
  let from = ""; // the address of its decoder
  let current = null; // the decoder that draws
  let wanted = 0;

  const fits = (decoder) => current && ["latentDim", "channels", "height", "width"]
    .every((size) => decoder[size] === current[size]);

  async function update(component) {
    const { data } = component;
    const key = `${data.mode} ${data.run}`;
    if (view && key === shown && data.decoder === from) {
      wanted++; // whatever is still being fetched has been chosen away
      view.update(component);
      root.dataset.ready = "true";
      return;
    }
    const turn = ++wanted;
    root.dataset.ready = "false";
    try {
      const loaded = await loadDecoder(data.decoder);
      if (turn !== wanted) return; // another run was chosen meanwhile
      const same = view && key === shown && fits(loaded.decoder);
      current = loaded.decoder;
      from = data.decoder;
      if (same) { // the model is told something else: the desk stays, and draws with the other decoder
        view.update(component);
        view.redraw();
      } else {
        view?.close();
        root.replaceChildren();
        root.dataset.mode = data.mode;
        const decoder = { ...current, paint: (z, rgba) => current.paint(z, rgba) };
        view = MODES[data.mode](root, { ...loaded, decoder }, component);
        shown = key;
      }
      root.dataset.kernel = current.kernel;
      root.dataset.ready = "true";
    } catch (error) {
      if (turn !== wanted) return;
      view?.close();
      view = null;
      complain(root, error, () => update(component));
    }
  }

  return {
    update,
    close() {
      wanted++;
      view?.close();
      view = null;
    },
  };
}

export default async function desk(component) {
  const parent = component.parentElement;
  if (!desks.has(parent)) desks.set(parent, openDesk(parent));
  const open = desks.get(parent);
  await open.update(component);
  return () => {
    open.close();
    desks.delete(parent);
  };
}
