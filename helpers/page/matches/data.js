// What the kernel sends: the predictions of one picture, surest first, its true objects, and for each IoU threshold who
// found whom. Both are known by their places in these lists everywhere. The page matches nothing: Python does.

/** @typedef {import("../common/canvas.js").Color} Color */

/**
 * A hit has found an object. The object that a double fits best had been found by a surer one. Any other false positive
 * is wrong.
 *
 * @typedef {"hit" | "double" | "wrong"} Kind
 */

/**
 * @typedef {object} Prediction
 * @property {string} category
 * @property {number} score
 * @property {number} best the object of its category with the largest IoU; -1 if it overlaps none
 */

/** @typedef {{ category: string, number: number }} TrueObject `number` counts from 1 within its category */

/** @typedef {{ threshold: number, found: number[], kinds: Kind[] }} Level `found` has -1 where there is no object */

/**
 * @typedef {object} Info
 * @property {string} alt the figure in words
 * @property {number} height
 * @property {number} width
 * @property {Prediction[]} predictions
 * @property {TrueObject[]} objects
 * @property {number[][]} ious a row for each prediction
 * @property {string[][]} texts the same as they are written
 * @property {Level[]} levels by rising IoU threshold
 * @property {[recall: number, precision: number][]} curve of many pictures, or nothing
 * @property {Record<Kind | "missed", Color>} colors
 */

/** @typedef {{ kind: "prediction" | "object", at: number }} Item */

/**
 * What a view tells of its reader: the item under the pointer (null: none), and the one that is pressed or has the
 * focus.
 *
 * @typedef {{ hover: (item: Item | null) => void, press: (item: Item | null) => void }} Reader
 */

/** @typedef {import("./state.js").State} State */
/** @typedef {{ node: HTMLElement, show: (now: State, light: import("./state.js").Light) => void }} View */

/** What stands for each kind where colour alone would not do; its outline has dashes of its own, too. */
export const SIGNS = { hit: "✓", double: "2×", wrong: "?", missed: "✗" };
