// Symbol, code and picture are one thing: pointing at any of them lights up all of it.

/** Lights up terms below `root`: what is pointed at or focused, else what was clicked. */
export function lightTerms(root) {
  let pinned = "";
  let now = "";

  function light(term) {
    if (term === now) return;
    now = term;
    root.classList.toggle("lighting", Boolean(term));
    root.dataset.lit = term;
    for (const one of root.querySelectorAll(".lit")) one.classList.remove("lit");
    if (!term) return;
    for (const one of root.querySelectorAll(`[data-term="${CSS.escape(term)}"]`)) one.classList.add("lit");
    for (const part of root.querySelectorAll(".plane, .chart, .pictures, .bars, .words")) {
      part.classList.toggle("has-lit", Boolean(part.querySelector(".lit")));
    }
    for (const box of root.querySelectorAll("pre")) bring(box);
  }

  /** Scrolls a box of code, and nothing else, to its first lit name where none is in sight. */
  function bring(box) {
    const names = [...box.querySelectorAll(".lit")];
    if (!names.length || box.matches(":hover")) return;
    const { top, bottom } = box.getBoundingClientRect();
    const seen = names.some((one) => {
      const place = one.getBoundingClientRect();
      return place.top >= top && place.bottom <= bottom;
    });
    if (!seen) box.scrollTop += names[0].getBoundingClientRect().top - top - 40;
  }

  const termOf = (event) => event.target.closest?.("[data-term]")?.getAttribute("data-term") ?? "";
  const point = (event) => light(termOf(event) || pinned);
  root.addEventListener("pointerover", point);
  root.addEventListener("pointerleave", () => light(pinned));
  root.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) point(event); });
  root.addEventListener("focusout", () => light(pinned));
  root.addEventListener("click", (event) => {
    const term = termOf(event);
    if (event.target.closest("button, input, label")) return;
    pinned = term === pinned ? "" : term;
    light(pinned);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pinned = "";
    light("");
  });
}
