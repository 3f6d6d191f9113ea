// What stands between Streamlit and a view that must load something before it can be drawn.

import { complain } from "./dom.js";

/**
 * The `render` and `remove` of a component (ui/components/loader.py).
 *
 * A view lives as long as `data.key` stays the same, and hears of all else by its `update`; with another key it is made
 * anew as soon as what it needs is here. Of two loads that overlap, the later one counts. Where one fails, its place says
 * so and offers to try again.
 * @param {string} selector the element that the view is drawn into
 * @param {(data) => Promise} load what a view needs first
 * @param {(root, component, loaded) => {update: Function, close: Function}} create
 */
export function mounted(selector, load, create) {
  const places = new WeakMap();

  function open(parent) {
    const root = parent.querySelector(selector);
    let view = null;
    let shown = "";
    let wanted = 0;
    async function update(component) {
      const { data } = component;
      if (view && data.key === shown) {
        view.update(component);
        root.dataset.ready = "true";
        return;
      }
      const turn = ++wanted;
      root.dataset.ready = "false";
      try {
        const loaded = await load(data);
        if (turn !== wanted) return; // another was chosen meanwhile
        view?.close();
        root.replaceChildren();
        view = create(root, component, loaded);
        shown = data.key;
        root.dataset.ready = "true";
      } catch (error) {
        if (turn !== wanted) return;
        view?.close();
        view = null;
        complain(root, error, () => update(component));
      }
    }
    function close() {
      wanted++;
      view?.close();
      view = null;
    }
    return { update, close };
  }

  return {
    render(component) {
      const parent = component.parentElement;
      if (!places.has(parent)) places.set(parent, open(parent));
      places.get(parent).update(component);
    },
    remove(parent) {
      places.get(parent)?.close();
      places.delete(parent);
    },
  };
}
