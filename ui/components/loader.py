"""The script that every browser component starts from; what it does lies in a module beside the component."""

LOADER = """
export default function (component) {
  const { data, parentElement } = component;
  const module = new URL(data.module, window.location.href).href; // this code itself comes from a blob
  import(module).then((part) => part.render(component));
  return () => import(module).then((part) => part.remove(parentElement));
}
"""
"""A checkout has no installed asset folder, so the module `data.module` is fetched by its address; the loader stays
tiny. The module exports `render(component)` and `remove(parentElement)`."""
