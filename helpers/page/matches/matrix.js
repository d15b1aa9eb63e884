// The IoU of each prediction with each true object, as a table: surest first, the objects of a category side by side.
import { element } from "../common/dom.js";
import { SIGNS } from "./data.js";
import { follow, itemOf, lightsUp, show, standing, walk } from "./marks.js";
import { objectOf } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./state.js").Light} Light */
/** @typedef {import("./state.js").State} State */
/** @typedef {{ node: HTMLElement, sign: HTMLElement, item: Item }} Head of a row or a column */
/** @typedef {{ head: Head, cells: HTMLElement[], node: HTMLElement }} Row */

/**
 * @param {Info} info
 * @param {import("./data.js").Reader} reader
 * @returns {import("./data.js").View}
 */
export function makeMatrix(info, reader) {
  const columns = info.objects.map((_, at) => headOfColumn(info, at));
  const rows = info.predictions.map((_, at) => makeRow(info, at));
  const heads = [...rows.map((row) => row.head), ...columns];
  const table = makeTable(info, rows, columns);
  const seen = (/** @type {Element} */ node) => !node.closest("[data-standing=gone]");
  const keepStop = walk(heads.map(({ node }) => node), seen);
  follow(table, reader);
  const scroller = element("div", { class: "matches-scroller" }, table);
  const caption = element("figcaption", {}, "IoU of each prediction with each true object");
  const node = element("figure", { class: "matches-matrix" }, caption, scroller);
  return {
    node,
    show: (now, light) => {
      heads.forEach((each) => showHead(info, each, now, light));
      rows.forEach((row) => showRow(info, row, now, light));
      keepStop();
      intoView(scroller, table.querySelector("th[data-pointed]"));
    },
  };
}

/** @type {(info: Info, rows: Row[], columns: Head[]) => HTMLElement} */
function makeTable(info, rows, columns) {
  const numbers = element("tr", {}, corner("predictions ↓"), ...columns.map(({ node }) => node));
  const body = element("tbody", {}, ...rows.map(({ node }) => node));
  const name = { "aria-label": "IoU of predictions and true objects" };
  return element("table", name, element("thead", {}, categoriesOf(info), numbers), body);
}

/** @param {string} text */
function corner(text) {
  return element("td", { class: "matches-corner" }, text);
}

/**
 * The first row: a category over each group of columns.
 *
 * @param {Info} info
 */
function categoriesOf({ objects }) {
  const names = [...new Set(objects.map(({ category }) => category))];
  const groups = names.map((name) => {
    const count = objects.filter(({ category }) => category === name).length;
    return element("th", { class: "matches-category", scope: "colgroup", colspan: count }, name);
  });
  return element("tr", {}, corner("true objects →"), ...groups);
}

/** @type {(info: Info, at: number) => Head} */
function headOfColumn({ objects }, at) {
  const item = /** @type {Item} */ ({ kind: "object", at });
  const sign = element("b", { class: "matches-sign" });
  const node = element("th", { scope: "col", ...itemOf(item) }, `${objects[at]?.number}`, sign);
  return { node, sign, item };
}

/** @type {(info: Info, at: number) => Row} */
function makeRow(info, at) {
  const { category, score } = /** @type {import("./data.js").Prediction} */ (info.predictions[at]);
  const item = /** @type {Item} */ ({ kind: "prediction", at });
  const sign = element("b", { class: "matches-sign" });
  const [number, word, sure] = [`${at + 1}`, category, score.toFixed(3)].map((text) => element("span", {}, text));
  const parts = [number, sign, word, sure].flatMap((each) => each ?? []);
  const node = element("th", { scope: "row", ...itemOf(item) }, element("span", { class: "matches-row" }, ...parts));
  const cells = info.objects.map((object, column) => {
    const iou = info.ious[at]?.[column] ?? 0;
    const other = object.category !== category;
    const attributes = { ...itemOf(item), "data-other": other, style: `--shade: ${Math.round(60 * iou)}%` };
    return element("td", attributes, iou > 0 ? (info.texts[at]?.[column] ?? "") : other ? "" : "0");
  });
  return { head: { node, sign, item }, cells, node: element("tr", {}, node, ...cells) };
}

/** @type {(info: Info, head: Head, now: State, light: Light) => void} */
function showHead(info, { node, sign, item }, now, light) {
  const standsAs = standing(info, now, item);
  show(node, { "data-standing": standsAs, ...lightsUp(light, item) });
  sign.textContent = standsAs === "gone" ? "" : SIGNS[standsAs];
}

/**
 * The framed cell of a row is the one that decides: what the prediction has found, or fits best.
 *
 * @type {(info: Info, row: Row, now: State, light: Light) => void}
 */
function showRow(info, { head, cells, node }, now, light) {
  const { at } = head.item;
  const object = objectOf(info, now, at);
  show(node, { "data-standing": standing(info, now, head.item) });
  cells.forEach((cell, column) => {
    const both = light?.predictions.has(at) && light.objects.has(column);
    const lit = !light || both || light.item.at === (light.item.kind === "object" ? column : at);
    show(cell, { "data-frame": column === object, "data-dim": !lit });
  });
}

/**
 * Scrolls the table, and nothing else, until the head is seen.
 *
 * @type {(scroller: HTMLElement, node: Element | null) => void}
 */
function intoView(scroller, node) {
  if (!node) return;
  const [frame, box] = [scroller.getBoundingClientRect(), node.getBoundingClientRect()];
  const head = scroller.querySelector("thead")?.clientHeight ?? 0;
  const above = node.closest("thead") ? 0 : frame.top + head - box.top;
  if (above > 0 || box.bottom > frame.bottom) scroller.scrollTop += above > 0 ? -above : box.bottom - frame.bottom;
  if (node.closest("thead") && box.right > frame.right) scroller.scrollLeft += box.right - frame.right;
}
