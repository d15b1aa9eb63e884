// The picture with the outlines of the predictions, and of the true objects that are missed or pointed at.
import { bitmap, borders, contextOf, packed, pathOf, photo } from "../common/canvas.js";
import { element, shape } from "../common/dom.js";
import { nearest, positionOf } from "../common/pointer.js";
import { SIGNS } from "./data.js";
import { follow, itemOf, lightsUp, show, standing, under, walk } from "./marks.js";
import { areaOf, endsOf, unpack } from "./masks.js";
import { nameOf } from "./sentence.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./masks.js").Mask} Mask */
/** @typedef {import("./state.js").Light} Light */
/** @typedef {import("./state.js").State} State */
/** @typedef {Mask & { outline: SVGGElement, tag: HTMLElement }} Mark a mask as it is drawn, and its name over it */

const DIM = 0.3;
const HATCH = 40; // stripes to the width of the picture

let hatches = 0; // a pattern is known by an id that no other one of the page may have

/**
 * @param {Info} info
 * @param {Uint8Array} pixels
 * @param {import("./data.js").Reader} reader
 * @returns {import("./data.js").View}
 */
export function makePicture(info, pixels, reader) {
  const { rgb, masks } = unpack(info, pixels);
  const marks = masks.map((mask) => makeMark(info, mask));
  const canvas = element("canvas", { width: info.width, height: info.height, "aria-hidden": "true" });
  const stage = element("div", { class: "matches-stage" }, canvas, draw(info, marks), ...marks.map(({ tag }) => tag));
  const outlines = [...marks].sort((a, b) => rank(a.item) - rank(b.item)).map(({ outline }) => outline);
  const keepStop = walk(outlines, (node) => !node.hasAttribute("hidden"));
  const paint = painter(canvas, rgb, masks, info);
  follow(stage, reader, (event) => under(event) ?? markAt(info, marks, stage, event));
  const node = element("figure", { class: "matches-picture" }, element("figcaption", {}, "The street"), stage);
  return {
    node,
    show: (now, light) => {
      marks.forEach((mark) => showMark(info, mark, now, light));
      paint(light);
      keepStop();
    },
  };
}

/**
 * Arrows go through the predictions, then through the true objects.
 *
 * @param {Item} item
 */
function rank({ kind, at }) {
  return at + (kind === "object" ? 1e6 : 0);
}

/**
 * The drawing over the picture, with the pattern of what is missed.
 *
 * @param {Info} info
 * @param {Mark[]} marks
 */
function draw({ height, width }, marks) {
  const id = `matches-hatch-${Date.now()}-${hatches++}`;
  const side = width / HATCH;
  const attributes = { id, patternUnits: "userSpaceOnUse", width: side, height: side, patternTransform: "rotate(45)" };
  const stripe = shape("rect", { class: "matches-stripe", width: side / 2.5, height: side });
  const pattern = shape("pattern", attributes, stripe);
  const view = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", style: `--hatch: url(#${id})` };
  const names = { role: "group", "aria-label": "The street: predictions, and true objects that are missed" };
  return shape("svg", { ...view, ...names }, shape("defs", {}, pattern), ...marks.map(({ outline }) => outline));
}

/** @type {(info: Info, mask: Mask) => Mark} */
function makeMark(info, each) {
  const { item, mask } = each;
  const lines = pathOf(borders(mask, info));
  const parts = [
    shape("path", { class: "matches-area", d: areaOf(mask, info) }),
    shape("path", { class: "matches-under", d: lines }),
    shape("path", { class: "matches-line", d: lines }),
  ];
  const outline = shape("g", { class: "matches-mark", role: "img", ...itemOf(item) }, ...parts);
  const places = endsOf(mask, info).map(({ x, y }, at) => `--x${at}: ${100 * x}%; --y${at}: ${100 * y}%`);
  const looks = { class: "matches-tag", "aria-hidden": "true", style: places.join("; ") };
  return { ...each, outline, tag: element("span", { ...looks, ...itemOf(item) }) };
}

/** @type {(info: Info, mark: Mark, now: State, light: Light) => void} */
function showMark(info, { item, outline, tag }, now, light) {
  const standsAs = standing(info, now, item);
  const looks = { "data-standing": standsAs, ...lightsUp(light, item) };
  const found = item.kind === "object" && standsAs === "hit"; // then the prediction is there to be seen
  const hidden = standsAs === "gone" || (found && !light?.objects.has(item.at));
  show(outline, { ...looks, hidden, "aria-label": wordsFor(info, item, standsAs) });
  show(tag, { ...looks, hidden: hidden || found });
  const sign = standsAs === "gone" || standsAs === "hit" ? "" : SIGNS[standsAs]; // a short name hides less
  tag.textContent = `${item.kind === "object" ? nameOf(info, item.at) : item.at + 1} ${sign}`;
}

/** @type {(info: Info, item: Item, standsAs: ReturnType<typeof standing>) => string} */
function wordsFor(info, { kind, at }, standsAs) {
  if (kind === "object") return `true ${nameOf(info, at)}, ${standsAs === "hit" ? "found" : "missed"}`;
  const verdict = standsAs === "wrong" ? "false positive" : standsAs;
  return `prediction ${at + 1}, ${info.predictions[at]?.category}, ${verdict}`;
}

/**
 * The mark that is drawn uppermost where the pointer is.
 *
 * @type {(info: Info, marks: Mark[], stage: Element, event: MouseEvent) => Item | null}
 */
function markAt(info, marks, stage, event) {
  const { row, column } = positionOf(stage, info, event);
  const inside = row >= 0 && column >= 0 && row < info.height && column < info.width;
  const at = Math.floor(row) * info.width + Math.floor(column);
  const seen = inside ? marks.filter(({ outline }) => !outline.hasAttribute("hidden")) : [];
  return nearest(seen, ({ mask }) => (mask[at] ? 0 : 1), 0)?.item ?? null;
}

/**
 * A function that paints the photograph, dimmed where something is selected, except for what stays lit.
 *
 * @type {(canvas: HTMLCanvasElement, rgb: Uint8Array, masks: Mask[], info: Info) => (light: Light) => void}
 */
function painter(canvas, rgb, masks, info) {
  const [context, ground] = [contextOf(canvas), photo(rgb, info)];
  /** @type {(at: number) => number} */
  const color = (at) => packed([rgb[3 * at] ?? 0, rgb[3 * at + 1] ?? 0, rgb[3 * at + 2] ?? 0]);
  /** @type {Map<Mask, HTMLCanvasElement>} */
  const cutouts = new Map(); // each made when it is needed first
  /** @param {Mask} each */
  const cutout = (each) => {
    const made = cutouts.get(each) ?? bitmap(info, (at) => (each.mask[at] ? color(at) : 0));
    cutouts.set(each, made);
    return made;
  };
  return (light) => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = light ? DIM : 1;
    context.drawImage(ground, 0, 0);
    context.globalAlpha = 1;
    const lit = light ? masks.filter(({ item }) => !lightsUp(light, item)["data-dim"]) : [];
    for (const each of lit) context.drawImage(cutout(each), 0, 0);
  };
}
