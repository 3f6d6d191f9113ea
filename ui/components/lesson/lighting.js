// Symbol, code and picture are one thing: pointing at any of them lights up all of it, and says what it is.

import { clamp, el } from "../desk/dom.js";

const GAP = 8; // pixels between a sentence and what it is about
const TOP = 64; // pixels of the window that the frame's head covers

/**
 * Lights up terms below `root`: what is pointed at or focused, else what was clicked.
 * Returns {tip, says(sentences)}: the element of the sentence, and what each term says.
 */
export function lightTerms(root) {
  const tip = el("div", { class: "tip", role: "tooltip", hidden: true });
  let sentences = new Map();
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

  /** The sentence of a term, out of the way of what is read: below the box that it stands in, else above. */
  function say(target, term) {
    const said = target && !target.closest(".terms") ? sentences.get(term) : "";
    tip.hidden = !said;
    if (!said) return;
    tip.textContent = said;
    const all = root.getBoundingClientRect();
    const at = target.getBoundingClientRect();
    const box = (target.closest("pre, .formula, .sums, .dock, .readings") ?? target).getBoundingClientRect();
    const below = box.bottom + GAP + tip.offsetHeight <= window.innerHeight ? box.bottom + GAP : null;
    const above = box.top - GAP - tip.offsetHeight >= TOP ? box.top - GAP - tip.offsetHeight : null;
    tip.style.left = `${clamp(at.left + at.width / 2 - all.left - tip.offsetWidth / 2, 0, Math.max(0, all.width - tip.offsetWidth))}px`;
    tip.style.top = `${(below ?? above ?? at.bottom + GAP) - all.top}px`;
  }

  const termOf = (event) => event.target.closest?.("[data-term]")?.getAttribute("data-term") ?? "";
  const point = (event) => {
    const term = termOf(event);
    light(term || pinned);
    say(event.target.closest?.("[data-term]"), term);
  };
  const leave = () => {
    light(pinned);
    say(null, "");
  };
  root.addEventListener("pointerover", point);
  root.addEventListener("pointerleave", leave);
  root.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) point(event); });
  root.addEventListener("focusout", leave);
  root.addEventListener("click", (event) => {
    const term = termOf(event);
    if (event.target.closest("button, input, label")) return;
    pinned = term === pinned ? "" : term;
    light(pinned);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pinned = "";
    leave();
  });
  return { tip, says: (told) => { sentences = told; } };
}
