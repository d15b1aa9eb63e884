// What the reader points at, in words and numbers. All is pure.
import { bestFor, countsOf, finderOf, levelOf, objectOf } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./state.js").State} State */

const NOTHING = "Point at a mask, at a row or column of the table, or at a point of the curve.";

/**
 * @param {Info} info
 * @param {State} state
 */
export function sentenceOf(info, state) {
  const item = state.hovered ?? state.pinned;
  if (!item) return NOTHING;
  return item.kind === "prediction" ? ofPrediction(info, state, item.at) : ofObject(info, state, item.at);
}

/** @type {(info: Info, state: State, at: number) => string} */
function ofPrediction(info, state, at) {
  const { category, score } = /** @type {import("./data.js").Prediction} */ (info.predictions[at]);
  const { hit, predictions, objects } = countsOf(info, state, at + 1);
  const after = `Precision so far ${hit} / ${predictions}, recall ${hit} / ${objects}.`;
  return `Prediction ${at + 1}, ${category} ${score.toFixed(3)}: ${verdict(info, state, at)}. ${after}`;
}

/** @type {(info: Info, state: State, at: number) => string} */
function verdict(info, state, at) {
  const { kinds, threshold } = levelOf(info, state);
  const object = objectOf(info, state, at);
  if (object < 0) return `it overlaps no true ${info.predictions[at]?.category}: a false positive`;
  const fit = `IoU ${info.texts[at]?.[object]} with ${nameOf(info, object)}`;
  if (kinds[at] === "hit") return `${fit}, free until now: a hit`;
  const finder = finderOf(info, state, object) + 1;
  if (kinds[at] === "double") return `${fit}, which prediction ${finder} had found: a double`;
  return `at most ${fit}, below ${threshold.toFixed(2)}: a false positive`;
}

/** @type {(info: Info, state: State, at: number) => string} */
function ofObject(info, state, at) {
  const finder = finderOf(info, state, at);
  const name = `True ${nameOf(info, at)}`;
  if (finder >= 0) return `${name}: found by prediction ${finder + 1} with IoU ${info.texts[finder]?.[at]}.`;
  return `${name}: missed. ${reason(info, state, at)}`;
}

/** @type {(info: Info, state: State, at: number) => string} */
function reason(info, state, at) {
  const { found, threshold } = levelOf(info, state);
  const late = found.indexOf(at);
  const score = info.predictions[late]?.score.toFixed(3);
  if (late >= 0) return `Prediction ${late + 1} would find it, but its score ${score} is below the threshold.`;
  const best = bestFor(info, state, at);
  if (best < 0) return `No prediction of a ${info.objects[at]?.category} overlaps it.`;
  const other = found[best] ?? -1;
  const why = other < 0 ? `below ${threshold.toFixed(2)}` : `but that found ${nameOf(info, other)}`;
  return `The best IoU is ${info.texts[best]?.[at]}, by prediction ${best + 1}, ${why}.`;
}

/**
 * @param {Info} info
 * @param {number} object
 */
export function nameOf({ objects }, object) {
  const { category, number } = /** @type {import("./data.js").TrueObject} */ (objects[object]);
  return `${category} ${number}`;
}
