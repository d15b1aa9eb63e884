// A grid of numbers as a table: every cell, and every head of a row or column, is an element that can be lit.
import { cssColor } from "../common/canvas.js";
import { element } from "../common/dom.js";
import { keyMove, oneTabStop } from "../common/keys.js";
import { hovers } from "../common/pointer.js";
import { mark } from "./picture.js";

/** @typedef {import("./data.js").Cell} Cell */
/** @typedef {import("./data.js").GridPanel} GridPanel */
/** @typedef {import("./data.js").Head} Head */
/** @typedef {import("./data.js").Light} Light */

/**
 * @param {GridPanel} panel
 * @param {import("./data.js").Reader} reader
 * @returns {import("./data.js").Panel}
 */
export function makeGrid(panel, reader) {
  const rows = rowsOf(panel);
  const table = element("table", { role: "grid", "aria-label": panel.title }, ...rows);
  const nodes = /** @type {HTMLElement[]} */ ([...table.querySelectorAll("[data-id]")]);
  oneTabStop(nodes, neighbours(nodes));
  follow(table, reader);
  const scroller = element("div", { class: "player-scroller" }, table);
  const node = element("figure", { class: "player-grid" }, element("figcaption", {}, panel.title), scroller);
  /** @param {Light} light */
  const show = (light) => nodes.forEach((each) => mark(each, idOf(each), light));
  return { node, show };
}

/** @param {HTMLElement} node */
function idOf(node) {
  return node.dataset.id ?? "";
}

/** @param {GridPanel} panel */
function rowsOf({ rows, columns, cells }) {
  const corner = rows.length ? [element("td", { class: "player-corner" })] : [];
  const heads = columns.map((each) => headOf(each, "col"));
  const top = heads.length ? [element("tr", { role: "row" }, ...corner, ...heads)] : [];
  const body = cells.map((line, row) => {
    const head = rows[row];
    return element("tr", { role: "row" }, ...(head ? [headOf(head, "row")] : []), ...line.map(cellOf));
  });
  return [...top, ...body];
}

/** @type {(head: Head, scope: "row" | "col") => HTMLElement} */
function headOf({ id, tint }, scope) {
  const role = scope === "row" ? "rowheader" : "columnheader";
  return element("th", { role, scope, "data-id": id, style: `--tint: ${cssColor(tint)}` }, id);
}

/** @type {(cell: Cell) => HTMLElement} */
function cellOf({ id, text, shade, tint }) {
  const style = `--tint: ${cssColor(tint)}; --shade: ${Math.round(55 * Math.abs(shade))}%`;
  const names = { role: "gridcell", "aria-label": `${id}, ${text}`, "data-id": id };
  return element("td", { ...names, class: shade < 0 && "player-negative", style }, text);
}

/**
 * Where a key leads among the cells of a table. A row may lack its head, above which there is a corner.
 *
 * @param {HTMLElement[]} nodes
 */
function neighbours(nodes) {
  const places = nodes.map((node) => {
    const cell = /** @type {HTMLTableCellElement} */ (node);
    return { row: /** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex, column: cell.cellIndex };
  });
  const size = {
    height: 1 + Math.max(...places.map(({ row }) => row)),
    width: 1 + Math.max(...places.map(({ column }) => column)),
  };
  /** @type {(from: number, key: string) => number | null} */
  return (from, key) => {
    const place = places[from];
    const to = place && keyMove(size, place, key);
    const found = to ? places.findIndex(({ row, column }) => row === to.row && column === to.column) : -1;
    return found < 0 ? null : found;
  };
}

/** @type {(table: HTMLElement, reader: import("./data.js").Reader) => void} */
function follow(table, { point, focus, press }) {
  /** @param {Event} event */
  const under = (event) => /** @type {Element} */ (event.target).closest("[data-id]")?.getAttribute("data-id") ?? null;
  table.addEventListener("pointermove", (event) => hovers(event) && point(under(event)));
  table.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && point(null));
  table.addEventListener("focusin", (event) => focus(under(event) ?? ""));
  /** @param {Event} event */
  const pressed = (event) => {
    const id = under(event);
    if (id !== null) press(id);
  };
  table.addEventListener("click", pressed);
  table.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    pressed(event);
  });
}
