// A threshold over scores. data: {values, roc: Plotly figures as JSON, counts: [[threshold, hits, misses, falseAlarms,
// passes]], shares: [s], at, seq, span: [low, high], kinds: [normal, odd], guests: [[name, value]], plotly: address}
// To Python: state "view" = {seq, at} when a finger lifts.

import { el, later, oncePerFrame } from "../desk/dom.js";
import { loadPlotly } from "../map/plotly.js";

const views = new WeakMap(); // parent element -> view
const percent = (part, whole) => (whole ? `${Math.round((100 * part) / whole)}%` : "–");

async function draw(place, json) {
  const { data, layout } = JSON.parse(json);
  await window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
}

function createView(root) {
  const [left, right] = [el("div"), el("div")];
  const input = el("input", { type: "range", min: 0, step: 1, "aria-label": "Threshold, by false alarms on validation samples" });
  const words = el("span");
  const cells = ["hits", "misses", "false-alarms", "passes"].map((name) => el("td", { "data-count": name }));
  const [hits, misses, falseAlarms, passes] = cells;
  const heads = [el("th", { scope: "row" }), el("th", { scope: "row" })];
  const table = el("table", { "aria-label": "Counts at this threshold" },
    el("thead", {}, el("tr", {}, el("th"), el("th", { scope: "col" }, "called odd"), el("th", { scope: "col" }, "called normal"))),
    el("tbody", {}, el("tr", {}, heads[0], hits, misses), el("tr", {}, heads[1], falseAlarms, passes)));
  const rates = el("div", { class: "rates" });
  const guests = el("ul", { "aria-label": "Your samples" });
  hits.className = passes.className = "right";
  misses.className = falseAlarms.className = "wrong";
  root.replaceChildren(el("label", {}, words, input), el("div", { class: "charts" }, left, right),
    el("div", { class: "below" }, table, rates, guests));
  let component;
  let data;
  let seq = 0;
  let at = 0;
  let unsaid = false;
  let drawn = "";

  const follow = oncePerFrame(() => {
    if (!left.data || !right.data) return; // not drawn yet, or taken away since this frame was asked for
    const [threshold, hit, missed, alarm, passed] = data.counts[at];
    const x = Math.min(data.span[1], Math.max(data.span[0], threshold));
    const roc = right.data.findIndex((trace) => trace.name === "threshold");
    window.Plotly.relayout(left, { "shapes[0].x0": x, "shapes[0].x1": x });
    window.Plotly.restyle(right, { x: [[alarm / (alarm + passed)]], y: [[hit / (hit + missed)]] }, [roc]);
    root.dataset.draws = Number(root.dataset.draws || 0) + 1;
  });
  function show() {
    const [threshold, hit, missed, alarm, passed] = data.counts[at];
    input.value = at;
    [hits, misses, falseAlarms, passes].forEach((cell, i) => { cell.textContent = [hit, missed, alarm, passed][i]; });
    const share = `${Number((100 * data.shares[at]).toFixed(1))}%`;
    words.textContent = `Calls ${share} of normal validation samples odd: threshold ${threshold.toFixed(2)}`;
    input.setAttribute("aria-valuetext", `${words.textContent}; ${hit} hits, ${missed} misses, ${alarm} false alarms`);
    rates.replaceChildren(
      el("p", {}, `Found: ${percent(hit, hit + missed)} of odd samples (recall).`),
      el("p", {}, `False alarms: ${percent(alarm, alarm + passed)} of normal ones.`),
      el("p", {}, `Of what is called odd, ${percent(hit, hit + alarm)} is (precision).`));
    guests.replaceChildren(...data.guests.map(([name, value]) => el("li", { "data-odd": value >= threshold },
      el("b", {}, `★ ${name}`), `: ${value >= threshold ? "odd" : "normal"} `, el("span", { class: "soft" }, `(${value.toFixed(2)})`))));
  }
  function commit() {
    settle.cancel();
    unsaid = false;
    component.setStateValue("view", { seq: ++seq, at });
  }
  const settle = later(commit);
  input.addEventListener("input", () => {
    at = input.valueAsNumber;
    unsaid = true;
    show();
    follow();
    settle();
  });
  input.addEventListener("change", () => settle.now());

  return {
    async update(next) {
      component = next;
      const before = data;
      data = next.data;
      if (!unsaid && (!before || data.seq >= seq)) {
        seq = Math.max(seq, data.seq);
        at = data.at;
      }
      at = Math.min(at, data.counts.length - 1);
      input.max = data.counts.length - 1;
      heads[0].textContent = data.kinds[1];
      heads[1].textContent = data.kinds[0];
      show();
      try {
        await loadPlotly(data.plotly);
        const wanted = data.values + data.roc;
        if (wanted !== drawn) {
          await Promise.all([draw(left, data.values), draw(right, data.roc)]);
          drawn = wanted;
        }
        follow();
        root.dataset.ready = "true";
      } catch (error) {
        console.error(error);
        left.replaceChildren(el("p", { class: "problem", role: "alert" }, `The charts cannot be drawn: ${error.message}`));
      }
    },
    close() {
      settle.cancel();
      for (const place of [left, right]) window.Plotly?.purge(place);
    },
  };
}

export function render(component) {
  const { parentElement } = component;
  if (!views.has(parentElement)) views.set(parentElement, createView(parentElement.querySelector(".lt-threshold")));
  views.get(parentElement).update(component);
}

export function remove(parentElement) {
  views.get(parentElement)?.close();
  views.delete(parentElement);
}
