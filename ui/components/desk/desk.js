// The latent desk: entry point. The server hands over small JSON; decoder, codes and pictures live here.
//
// data: {mode: "traverse" | "morph", decoder: address of the run's decoder, ...}; see traverse.js and morph.js.
// Streamlit calls the default export again at every change of the data: one desk is kept for each parent element.

import { loadDecoder } from "./decoder.js";
import { el } from "./dom.js";
import { createMorph } from "./morph.js";
import { createTraverse } from "./traverse.js";

const MODES = { traverse: createTraverse, morph: createMorph };
const desks = new WeakMap();

function openDesk(parent) {
  const root = parent.querySelector(".desk") ?? parent.appendChild(el("section", { class: "desk" }));
  let view = null; // what is shown for the decoder at hand
  let shown = "";
  let wanted = 0;

  async function update(component) {
    const { data } = component;
    const key = `${data.mode} ${data.decoder}`;
    if (view && key === shown) {
      view.update(component);
      return;
    }
    const turn = ++wanted;
    root.dataset.ready = "false";
    try {
      const loaded = await loadDecoder(data.decoder);
      if (turn !== wanted) return; // another run was chosen meanwhile
      view?.close();
      root.replaceChildren();
      root.dataset.mode = data.mode;
      root.dataset.kernel = loaded.decoder.kernel;
      view = MODES[data.mode](root, loaded, component);
      shown = key;
      root.dataset.ready = "true";
    } catch (error) {
      if (turn !== wanted) return;
      console.error(error);
      root.replaceChildren(
        el("p", { class: "problem", role: "alert" }, `The pictures cannot be drawn: ${error.message ?? error}`),
        el("button", { type: "button", class: "plain", onclick: () => update(component) }, "Try again"));
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
