// A picture with masks, boxes, points and arrows. A canvas has its pixels, dimmed outside what is lit; a drawing over
// it has the outlines, which take the focus; the nearest one answers the pointer.
import { bitmap, borders, contextOf, cssColor, packed, pathOf, photo, unpackMask } from "../common/canvas.js";
import { element, shape } from "../common/dom.js";
import { lineMove, oneTabStop } from "../common/keys.js";
import { hovers, nearest, positionOf, toEdge, toSegment } from "../common/pointer.js";
import { sidesOf } from "./tags.js";

/** @typedef {import("./data.js").Light} Light */
/** @typedef {import("./data.js").Mark} Mark */
/** @typedef {import("./data.js").Panel} Panel */
/** @typedef {import("./data.js").PicturePanel} PicturePanel */
/** @typedef {import("../common/pointer.js").Position} Position */
/** @typedef {Mark & { mask: Uint8Array | null }} Drawn a mark, with a byte for each pixel if it is a mask */

export const DIM = 0.3;
const TINT = 0.45; // how much of its tint lies over a mask
const REACH = 14; // CSS pixels
const TAGS = 12; // more names than this hide what they name; an arrow has none

/**
 * The RGB bytes of a picture and its masks, taken in order from what is left of the bytes that were sent.
 *
 * @param {PicturePanel} panel
 * @param {(count: number) => Uint8Array} take
 * @returns {{ rgb: Uint8Array, marks: Drawn[] }}
 */
export function unpack(panel, take) {
  const pixels = panel.height * panel.width;
  const rgb = take(3 * pixels);
  const marks = panel.marks.map((mark) => ({
    ...mark,
    mask: mark.kind === "mask" ? unpackMask(take(Math.ceil(pixels / 8)), panel) : null,
  }));
  return { rgb, marks };
}

/**
 * How far a pointer is from a mark, in pixels of the picture. Inside a mask it is half a `reach`, and inside a box
 * more, so that what lies there comes first; a mask too small to be met is met near its middle.
 *
 * @param {Drawn} mark
 * @param {Position} position
 * @param {number} width of the picture
 * @param {number} reach
 */
function distanceTo({ mask, kind, at, tag: [x, y] }, { row, column }, width, reach) {
  const [left = 0, top = 0, right = left, bottom = top] = at;
  if (mask) {
    const inside = column >= 0 && column < width && mask[Math.floor(row) * width + Math.floor(column)];
    return Math.max(inside ? 0 : Math.hypot(row - y, column - x), 0.5 * reach);
  }
  if (kind !== "box") return toSegment({ row, column }, { row: top, column: left }, { row: bottom, column: right });
  const inside = row >= top && row < bottom && column >= left && column < right;
  return Math.min(toEdge({ row, column }, [left, top, right, bottom]), inside ? 0.6 * reach : Infinity);
}

/**
 * The mark that a pointer means, or null.
 *
 * @param {Drawn[]} marks
 * @param {Position} position
 * @param {number} width of the picture
 * @param {number} reach
 */
export function markAt(marks, position, width, reach) {
  return nearest(marks, (mark) => distanceTo(mark, position, width, reach), reach);
}

/**
 * The outline of a mark, as the text of a path.
 *
 * @param {Drawn} mark
 * @param {PicturePanel} panel
 */
export function outline({ mask, kind, at }, panel) {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = at;
  if (mask) return pathOf(borders(mask, panel));
  if (kind === "box") return `M${x0} ${y0}H${x1}V${y1}H${x0}Z`;
  if (kind === "point") return `M${x0} ${y0}h0`; // a dot: the line's round end
  const length = Math.hypot(x1 - x0, y1 - y0);
  const head = Math.min(panel.width / 30, 0.4 * length);
  const barbs = [0.45, -0.45].map((turn) => {
    const angle = Math.atan2(y0 - y1, x0 - x1) + turn;
    return `M${x1} ${y1}l${head * Math.cos(angle)} ${head * Math.sin(angle)}`;
  });
  return length ? `M${x0} ${y0}L${x1} ${y1}${barbs.join("")}` : `M${x0} ${y0}h0`;
}

/**
 * @param {PicturePanel} panel
 * @param {(count: number) => Uint8Array} take
 * @param {import("./data.js").Reader} reader
 * @returns {Panel}
 */
export function makePicture(panel, take, reader) {
  const { rgb, marks } = unpack(panel, take);
  const canvas = element("canvas", { width: panel.width, height: panel.height, "aria-hidden": "true" });
  const nodes = marks.map((mark) => drawMark(mark, panel, reader));
  const sides = sidesOf(marks, panel);
  const tags = marks.map((mark, at) => drawTag(mark, panel, sides[at] ?? null));
  const view = { viewBox: `0 0 ${panel.width} ${panel.height}`, preserveAspectRatio: "none" };
  const drawing = shape("svg", { ...view, role: "group", "aria-label": panel.title }, ...nodes);
  const stage = element("div", { class: "player-stage" }, canvas, drawing, ...tags);
  oneTabStop(nodes, (from, key) => lineMove(nodes.length, from, key));
  follow(drawing, marks, nodes, panel, reader);
  const paint = painter(canvas, photo(rgb, panel), marks.map((mark) => cutout(mark, rgb, panel)));
  const node = element("figure", { class: "player-picture" }, element("figcaption", {}, panel.title), stage);
  /** @param {Light} light */
  const show = (light) => {
    paint(marks.map(({ id }) => !light.lit || light.lit.has(id)), light.lit !== null);
    const seen = marks.filter(({ id, kind }) => kind !== "arrow" && (!light.lit || light.lit.has(id)));
    const named = seen.length <= TAGS;
    marks.forEach(({ id }, at) => {
      for (const each of [nodes[at], tags[at]]) mark(each, id, light);
      if (tags[at]) tags[at].hidden = !named;
    });
  };
  return { node, show };
}

/**
 * Says by its classes what the light makes of an element.
 *
 * @param {Element | undefined} node
 * @param {string} id
 * @param {Light} light
 */
export function mark(node, id, { lit, pointed, wrong }) {
  node?.classList.toggle("player-dim", lit !== null && !lit.has(id));
  node?.classList.toggle("player-pointed", id === pointed);
  node?.classList.toggle("player-wrong", id === wrong);
}

/** @type {(mark: Drawn, panel: PicturePanel, reader: import("./data.js").Reader) => SVGGElement} */
function drawMark(mark, panel, { focus, press }) {
  const line = outline(mark, panel);
  const paths = ["player-under", "player-line"].map((name) => shape("path", { d: line, class: name }));
  const names = { role: "button", "aria-label": `${mark.id}, ${mark.kind}`, "data-id": mark.id };
  const style = `--tint: ${cssColor(mark.tint)}`;
  const node = shape("g", { ...names, class: `player-mark player-${mark.kind}`, style }, ...paths);
  node.addEventListener("focus", () => focus(mark.id));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    press(mark.id);
  });
  return node;
}

/** @type {(mark: Drawn, panel: PicturePanel, beside: import("./tags.js").Side | null) => HTMLElement} */
function drawTag({ id, kind, tag: [x, y], tint }, { height, width }, beside) {
  const style = `left: ${(100 * x) / width}%; top: ${(100 * y) / height}%; --tint: ${cssColor(tint)}`;
  const side = beside ? `player-tag-${beside}` : x > 0.85 * width ? "player-tag-before" : "";
  return element("span", { class: `player-tag player-tag-${kind} ${side}`, style, "aria-hidden": "true" }, id);
}

/** @type {(mark: Drawn, rgb: Uint8Array, panel: PicturePanel) => HTMLCanvasElement | null} */
function cutout({ mask, tint }, rgb, panel) {
  if (!mask) return null;
  /** @type {(at: number, channel: 0 | 1 | 2) => number} */
  const mixed = (at, channel) => (1 - TINT) * (rgb[3 * at + channel] ?? 0) + TINT * tint[channel];
  return bitmap(panel, (at) => (mask[at] ? packed([mixed(at, 0), mixed(at, 1), mixed(at, 2)]) : 0));
}

/**
 * A function that paints the photograph, dimmed where that is wanted, and over it the masks that are lit.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} ground
 * @param {(HTMLCanvasElement | null)[]} cutouts
 */
function painter(canvas, ground, cutouts) {
  const context = contextOf(canvas);
  /** @type {(lit: boolean[], dimmed: boolean) => void} */
  return (lit, dimmed) => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = dimmed ? DIM : 1;
    context.drawImage(ground, 0, 0);
    context.globalAlpha = 1;
    cutouts.forEach((each, at) => each && lit[at] && context.drawImage(each, 0, 0));
  };
}

/**
 * Tells the reader's pointer over a drawing: which mark is nearest, and which one is pressed.
 *
 * @param {SVGSVGElement} drawing
 * @param {Drawn[]} marks
 * @param {SVGGElement[]} nodes
 * @param {PicturePanel} panel
 * @param {import("./data.js").Reader} reader
 */
function follow(drawing, marks, nodes, panel, reader) {
  /** @param {MouseEvent} event */
  const under = (event) => {
    const reach = (REACH * panel.width) / drawing.getBoundingClientRect().width;
    return markAt(marks, positionOf(drawing, panel, event), panel.width, reach);
  };
  drawing.addEventListener("pointermove", (event) => {
    if (!hovers(event)) return;
    const mark = under(event);
    drawing.style.cursor = mark ? "pointer" : "";
    reader.point(mark?.id ?? null);
  });
  drawing.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && reader.point(null));
  drawing.addEventListener("click", (event) => {
    const mark = under(event);
    if (!mark) return;
    nodes[marks.indexOf(mark)]?.focus({ preventScroll: true });
    reader.press(mark.id);
  });
}
