// What is selected, in a sentence; the two sliders; and precision and recall as sums of what the figure shows.
import { element, slider, statusLine } from "../common/dom.js";
import { sentenceOf } from "./sentence.js";
import { countsOf, cutsOf, levelOf } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").View} View */
/** @typedef {import("./state.js").State} State */
/** @typedef {{ text: string, tint?: string }} Part with a tint it counts what the figure shows in that colour */

/**
 * @param {Info} info
 * @param {(changes: Partial<State>) => void} update
 * @returns {View}
 */
export function makeWords(info, update) {
  const [said, sums] = [statusLine("matches-said"), statusLine("matches-sums")];
  const node = element("div", { class: "matches-words" }, said, makeSliders(info, update), sums);
  return {
    node,
    show: (now) => {
      const sentence = sentenceOf(info, now);
      // A screen reader says again whatever is set again.
      if (said.textContent !== sentence) said.textContent = sentence;
      const lines = formulas(countsOf(info, now));
      if (sums.textContent !== lines.map(textOf).join("")) sums.replaceChildren(...lines.map(lineOf));
    },
  };
}

/** @type {(info: Info, update: (changes: Partial<State>) => void) => HTMLElement} */
function makeSliders(info, update) {
  const cuts = cutsOf(info.predictions);
  const all = info.predictions.length;
  /** @param {number} at */
  const cutInWords = (at) => {
    return all ? `≥ ${cuts[at]?.score.toFixed(3)} (${cuts[at]?.kept} of ${all} predictions)` : "no predictions";
  };
  /** @param {number} at */
  const cut = (at) => update({ kept: cuts[at]?.kept ?? 0 });
  /** @param {number} level */
  const levelInWords = (level) => `≥ ${levelOf(info, { level }).threshold.toFixed(2)}`;
  const score = slider("Score threshold", Math.max(0, cuts.length - 1), cutInWords, cut);
  const iou = slider("IoU threshold", info.levels.length - 1, levelInWords, (level) => update({ level }));
  score.node.prepend(element("span", {}, "score threshold"));
  iou.node.prepend(element("span", {}, "IoU threshold"));
  return element("div", { class: "matches-sliders" }, score.node, iou.node);
}

/**
 * Precision and recall in numbers, from those of each kind.
 *
 * @param {ReturnType<typeof countsOf>} counts
 * @returns {Part[][]}
 */
export function formulas({ hit, double, wrong, missed, predictions, objects }) {
  const hits = { text: `${hit}`, tint: "hit" };
  const [twice, others] = [{ text: `${double}`, tint: "double" }, { text: `${wrong}`, tint: "wrong" }];
  const lost = { text: `${missed}`, tint: "missed" };
  const [over, plus] = [{ text: " / (" }, { text: " + " }];
  const precision = [{ text: "precision = hits / predictions = " }, hits, over, hits, plus, twice, plus, others];
  const recall = [{ text: "recall = hits / true objects = " }, hits, over, hits, plus, lost];
  return [
    [...precision, { text: `) = ${hit} / ${predictions} = ${share(hit, predictions)}` }],
    [...recall, { text: `) = ${hit} / ${objects} = ${share(hit, objects)}` }],
  ];
}

/** @type {(part: number, whole: number) => string} */
function share(part, whole) {
  return whole ? (part / whole).toFixed(2) : "undefined";
}

/** @param {Part[]} parts */
function textOf(parts) {
  return parts.map(({ text }) => text).join("");
}

/** @param {Part[]} parts */
function lineOf(parts) {
  const nodes = parts.map(({ text, tint }) => {
    return tint ? element("b", { class: "matches-term", style: `--tint: var(--${tint})` }, text) : text;
  });
  return element("p", {}, ...nodes);
}
