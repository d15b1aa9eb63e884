// Precision and recall of the surest prediction alone, of the two surest, and so on: a point for each.
import { element, shape } from "../common/dom.js";
import { follow, itemOf, lightsUp, show, standing, walk } from "./marks.js";
import { pointsOf } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./state.js").State} State */
/** @typedef {{ recall: number, precision: number }} Point */

const BOX = { left: 46, top: 12, right: 308, bottom: 178, width: 320, height: 214 };
/** A sign for each kind, around 0, 0. */
const SHAPES = {
  hit: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
  double: "M-4 -4h8v8h-8z",
  wrong: "M0 -5.5L5 4H-5z",
  missed: "",
  gone: "",
};
const NEXT = 8; // how far in the units of the drawing a point is from the pointer at most

/**
 * Where a point stands in the drawing.
 *
 * @param {Point} point
 */
export function placeOf({ recall, precision }) {
  return { x: BOX.left + recall * (BOX.right - BOX.left), y: BOX.bottom - precision * (BOX.bottom - BOX.top) };
}

/** @param {Point[]} points */
export function lineOf(points) {
  const places = points.map(placeOf).map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return places.length ? `M${places.join("L")}` : "";
}

/**
 * @param {Info} info
 * @param {import("./data.js").Reader} reader
 * @returns {import("./data.js").View}
 */
export function makeCurve(info, reader) {
  const lines = ["matches-rest", "matches-curve"].map((name) => shape("path", { class: name }));
  const ring = shape("circle", { class: "matches-ring", r: 9 });
  const nodes = info.predictions.map((_, at) => makePoint(at));
  const names = { role: "group", "aria-label": "Precision and recall" };
  const drawing = shape("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, ...names });
  drawing.append(...axes(), ...manyStreets(info), ...lines, ring, ...nodes);
  const keepStop = walk(nodes, (node) => !node.hasAttribute("hidden"));
  /** @type {Point[]} */
  let points = [];
  const stage = element("div", {}, drawing); // a drawing that listens to the focus would be a stop of the Tab key
  follow(stage, reader, (event) => pointAt(drawing, points, event));
  const caption = element("figcaption", {}, "Precision and recall after each prediction");
  const node = element("figure", { class: "matches-chart" }, caption, stage);
  return {
    node,
    show: (now, light) => {
      const all = pointsOf(info, now);
      points = all.slice(0, now.kept);
      const parts = [all.slice(Math.max(0, now.kept - 1)), points];
      lines.forEach((line, at) => line.setAttribute("d", lineOf(parts[at] ?? [])));
      showRing(ring, points.at(-1));
      nodes.forEach((each, at) => showPoint(info, each, at, points[at], now, light));
      keepStop();
    },
  };
}

/** @param {number} at */
function makePoint(at) {
  return shape("path", { class: "matches-point", role: "img", ...itemOf({ kind: "prediction", at }) });
}

/** @type {(ring: SVGElement, point: Point | undefined) => void} */
function showRing(ring, point) {
  const { x, y } = placeOf(point ?? { recall: 0, precision: 0 });
  show(ring, { cx: x, cy: y, hidden: !point });
}

/**
 * @param {Info} info
 * @param {SVGElement} node
 * @param {number} at
 * @param {Point | undefined} point undefined if its score is below the threshold
 * @param {State} now
 * @param {import("./state.js").Light} light
 */
function showPoint(info, node, at, point, now, light) {
  const item = /** @type {Item} */ ({ kind: "prediction", at });
  const standsAs = standing(info, now, item);
  show(node, { "data-standing": standsAs, ...lightsUp(light, item), hidden: !point });
  if (!point) return;
  const { x, y } = placeOf(point);
  const [recall, precision] = [point.recall, point.precision].map((each) => each.toFixed(2));
  const words = `after prediction ${at + 1}: recall ${recall}, precision ${precision}`;
  const scale = node.hasAttribute("data-pointed") ? 1.5 : 1;
  show(node, { d: SHAPES[standsAs], transform: `translate(${x} ${y}) scale(${scale})`, "aria-label": words });
}

/** @type {(drawing: SVGSVGElement, points: Point[], event: MouseEvent) => Item | null} */
function pointAt(drawing, points, event) {
  const box = drawing.getBoundingClientRect();
  const scale = BOX.width / box.width;
  const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  const distances = points.map(placeOf).map((place) => Math.hypot(place.x - x, place.y - y));
  const least = Math.min(...distances, Infinity);
  return least > NEXT ? null : { kind: "prediction", at: distances.lastIndexOf(least) };
}

/** The axes, with lines at 0, a half and 1. */
function axes() {
  const ticks = [0, 0.5, 1].flatMap((value) => {
    const across = [{ recall: 0, precision: value }, { recall: 1, precision: value }];
    const up = [{ recall: value, precision: 0 }, { recall: value, precision: 1 }];
    const { x, y } = placeOf({ recall: value, precision: value });
    return [
      ...[across, up].map((ends) => shape("path", { class: "matches-grid", d: lineOf(ends) })),
      text(`${value}`, { x: BOX.left - 7, y: y + 4, "text-anchor": "end" }),
      text(`${value}`, { x, y: BOX.bottom + 15, "text-anchor": "middle" }),
    ];
  });
  const middle = (BOX.left + BOX.right) / 2;
  const turned = `translate(13 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)`;
  const names = [
    text("recall", { class: "matches-axis", x: middle, y: BOX.height - 4, "text-anchor": "middle" }),
    text("precision", { class: "matches-axis", transform: turned, "text-anchor": "middle" }),
  ];
  return [...ticks, ...names];
}

/** @type {(words: string, attributes: Record<string, string | number>) => SVGTextElement} */
function text(words, attributes) {
  const node = shape("text", attributes);
  node.textContent = words;
  return node;
}

/** @param {Info} info */
function manyStreets({ curve }) {
  if (!curve.length) return [];
  const points = curve.map(([recall, precision]) => ({ recall, precision }));
  const { x, y } = placeOf(/** @type {Point} */ (points[Math.floor((2 * points.length) / 3)]));
  const name = text("many streets", { x, y: Math.min(y + 16, BOX.bottom - 4), "text-anchor": "end" });
  return [shape("path", { class: "matches-many", d: lineOf(points) }), name];
}
