// What stands beside the pictures: the formula, its numbers at this stop, what its symbols say, and the code that ran.

import { el } from "../desk/dom.js";
import { told } from "./arrays.js";
import { steady } from "./rows.js";
import { mark } from "./svg.js";

const MANY = 18; // lines of a source that are shown without asking for more

export function createBeside({ formula, terms, sources }, { numbers, sums, hidden }) {
  const known = new Set(terms.map(([key]) => key));
  const math = el("div", { class: "formula", tabindex: "0", role: "group", "aria-label": "Formula" });
  math.innerHTML = formula.map((line) => `<div>${line}</div>`).join(""); // MathML that Python made
  const shows = []; // stop -> nothing

  const read = (number, stop, unit = false) =>
    told(number.values.at(stop)[0] ?? NaN, number.digits) + (unit && number.unit ? ` ${number.unit}` : "");
  const value = (number, unit) => {
    const all = Array.from({ length: number.values.shape[0] }, (_, stop) => read(number, stop, unit));
    const words = steady(all, { class: "number" });
    shows.push((stop, asked) => words.show(asked && hidden.includes(number.term) ? "?" : read(number, stop, unit)));
    return mark(words.node, known.has(number.term) ? number.term : "");
  };
  const equations = sums.map((line) => el("p", {}, ...line.split(/(\{\w+\})/).filter(Boolean).map((part) => {
    const number = /^\{\w+\}$/.test(part) && numbers.find(({ term }) => term === part.slice(1, -1));
    return number ? value(number, false) : part;
  })));
  const symbol = (key) => {
    const first = math.querySelector(`[data-term="${key}"]`);
    const copy = document.createElementNS("http://www.w3.org/1998/Math/MathML", "math");
    if (first) copy.append(first.cloneNode(true));
    for (const part of copy.querySelectorAll("[tabindex]")) part.removeAttribute("tabindex");
    return copy;
  };
  const rows = terms.map(([key, says]) => mark(el("li", { tabindex: "0" }, el("span", { class: "symbol" }, symbol(key)),
    el("span", {}, says, ...numbers.filter(({ term }) => term === key).map((number) =>
      el("span", { class: "reading" }, `${number.label} = `, value(number, true))))), key));
  const code = sources.map(({ name, place, pieces }) => {
    const lines = pieces.reduce((count, [text]) => count + text.split("\n").length - 1, 1);
    const box = el("pre", { tabindex: "0", role: "group", "aria-label": `Source of ${name}, ${place}` }, el("code", {}, ...pieces.map(([text, kind, term]) =>
      (kind || term ? mark(el("span", { class: kind }, text), term) : text))));
    const all = lines > MANY ? el("button", { type: "button", class: "all", onclick: () => {
      section.classList.add("whole");
      all.remove();
    } }, `Show all ${lines} lines`) : null;
    const section = el("section", { class: all ? "source" : "source whole" },
      el("h4", {}, el("b", {}, name), el("span", {}, place)), box, all);
    return section;
  });
  const node = el("div", { class: "beside" },
    el("h3", {}, "The formula"), math,
    equations.length ? el("div", { class: "sums", tabindex: "0", role: "group", "aria-label": "The formula with the numbers of this place" }, ...equations) : null,
    el("ul", { class: "terms" }, ...rows));
  return {
    node,
    below: el("div", { class: "below" }),
    sources: code.map((section, i) => (i ? section : el("div", {}, el("h3", {}, "The code that computes it"), section))),
    show(stop, { asked }) {
      for (const one of shows) one(stop, asked);
    },
  };
}
