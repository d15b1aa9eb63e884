// Where the two thresholds stand, what the reader points at, and what follows from it. All is pure: a state is never
// changed, but replaced.

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").Kind} Kind */
/** @typedef {import("./data.js").Prediction} Prediction */
/** @typedef {import("./data.js").Level} Level */
/** @typedef {import("./data.js").TrueObject} TrueObject */

/**
 * @typedef {object} State
 * @property {number} kept how many predictions, the surest, reach the score threshold
 * @property {number} level which IoU threshold
 * @property {Item | null} hovered what the pointer is at
 * @property {Item | null} pinned what is selected when the pointer is at nothing
 */

/** @typedef {{ item: Item, predictions: Set<number>, objects: Set<number> } | null} Light what stays lit; null: all */

/**
 * @param {Info} info
 * @returns {State}
 */
export function start({ predictions }) {
  return { kept: predictions.length, level: 0, hovered: null, pinned: null };
}

/**
 * The score thresholds that make a difference, rising: each score that occurs, and how many predictions reach it.
 *
 * @param {{ score: number }[]} predictions
 */
export function cutsOf(predictions) {
  const scores = [...new Set(predictions.map(({ score }) => score))].reverse();
  return scores.map((score) => ({ score, kept: predictions.filter((each) => each.score >= score).length }));
}

/**
 * The state with some of it changed. What is selected is given up if it no longer is there.
 *
 * @param {State} state
 * @param {Partial<State>} changes
 * @returns {State}
 */
export function change(state, changes) {
  const next = { ...state, ...changes };
  /** @type {(item: Item | null) => Item | null} */
  const still = (item) => (item?.kind === "prediction" && item.at >= next.kept ? null : item);
  const [hovered, pinned] = [still(next.hovered), still(next.pinned)];
  const same = alike(hovered, state.hovered) && alike(pinned, state.pinned);
  return same && next.kept === state.kept && next.level === state.level ? state : { ...next, hovered, pinned };
}

/** @type {(a: Item | null, b: Item | null) => boolean} */
function alike(a, b) {
  return a?.kind === b?.kind && a?.at === b?.at;
}

/**
 * @param {Info} info
 * @param {{ level: number }} state
 * @returns {Level}
 */
export function levelOf({ levels }, { level }) {
  return /** @type {Level} */ (levels[level]);
}

/**
 * Which prediction found an object; -1 if none of those that are kept did.
 *
 * @param {Info} info
 * @param {State} state
 * @param {number} object
 */
export function finderOf(info, state, object) {
  const finder = levelOf(info, state).found.indexOf(object);
  return finder < state.kept ? finder : -1;
}

/**
 * The prediction, of those kept, that overlaps an object best; -1 if none of its category does.
 *
 * @param {Info} info
 * @param {State} state
 * @param {number} object
 */
export function bestFor({ predictions, objects, ious }, { kept }, object) {
  let best = -1;
  let most = 0;
  predictions.slice(0, kept).forEach(({ category }, at) => {
    const iou = category === objects[object]?.category ? (ious[at]?.[object] ?? 0) : 0;
    if (iou > most) [best, most] = [at, iou];
  });
  return best;
}

/**
 * How many of each kind, among the first `kept` predictions; the predictions and objects of which they are shares.
 *
 * @param {Info} info
 * @param {State} state
 * @param {number} [kept]
 */
export function countsOf(info, state, kept = state.kept) {
  const kinds = levelOf(info, state).kinds.slice(0, kept);
  /** @param {Kind} kind */
  const count = (kind) => kinds.filter((each) => each === kind).length;
  const [hit, objects] = [count("hit"), info.objects.length];
  return { hit, double: count("double"), wrong: count("wrong"), missed: objects - hit, predictions: kept, objects };
}

/**
 * Recall and precision after each prediction, as `precision_recall` has them. Nothing where there is no object.
 *
 * @param {Info} info
 * @param {State} state
 */
export function pointsOf(info, state) {
  if (!info.objects.length) return [];
  return info.predictions.map((_, at) => {
    const { hit, objects } = countsOf(info, state, at + 1);
    return { recall: hit / objects, precision: hit / (at + 1) };
  });
}

/**
 * What is selected stays lit, with what makes it a hit or not: the object that a prediction has found or fits best, and
 * for a double who has that; who found an object, or fits it best.
 *
 * @param {Info} info
 * @param {State} state
 * @returns {Light}
 */
export function lightOf(info, state) {
  const item = state.hovered ?? state.pinned;
  if (!item) return null;
  const { at, kind } = item;
  if (kind === "object") return { item, predictions: there([partnerOf(info, state, at)]), objects: there([at]) };
  const object = objectOf(info, state, at);
  const taker = levelOf(info, state).kinds[at] === "double" ? finderOf(info, state, object) : at;
  return { item, predictions: there([at, taker]), objects: there([object]) };
}

/** @param {number[]} places */
function there(places) {
  return new Set(places.filter((at) => at >= 0));
}

/**
 * The object that a prediction has found, else the one that it fits best, else -1.
 *
 * @param {Info} info
 * @param {State} state
 * @param {number} prediction
 */
export function objectOf(info, state, prediction) {
  const found = levelOf(info, state).found[prediction] ?? -1;
  return found >= 0 ? found : (info.predictions[prediction]?.best ?? -1);
}

/**
 * The prediction that has found an object, else the one that fits it best, else -1.
 *
 * @param {Info} info
 * @param {State} state
 * @param {number} object
 */
export function partnerOf(info, state, object) {
  const finder = finderOf(info, state, object);
  return finder >= 0 ? finder : bestFor(info, state, object);
}
