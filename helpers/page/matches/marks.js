// What the three views have in common: how an item looks, and how pointer and keys get to it.
import { setAttributes } from "../common/dom.js";
import { lineMove, oneTabStop } from "../common/keys.js";
import { levelOf, finderOf } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Item} Item */
/** @typedef {import("./data.js").Reader} Reader */
/** @typedef {import("./state.js").Light} Light */
/** @typedef {import("./state.js").State} State */

/**
 * The attributes by which a node is known as an item's.
 *
 * @param {Item} item
 */
export function itemOf({ kind, at }) {
  return { [`data-${kind}`]: at };
}

/**
 * The item of the node that an event happened in.
 *
 * @param {Event} event
 * @returns {Item | null}
 */
export function under(event) {
  const node = /** @type {Element} */ (event.target).closest("[data-prediction], [data-object]");
  const { prediction, object } = /** @type {HTMLElement | null} */ (node)?.dataset ?? {};
  if (prediction !== undefined) return { kind: "prediction", at: Number(prediction) };
  return object === undefined ? null : { kind: "object", at: Number(object) };
}

/** @type {(view: Element, item: Item) => HTMLElement | SVGElement | null} */
function nodeOf(view, { kind, at }) {
  return view.querySelector(`[data-${kind}="${at}"][tabindex]`);
}

/**
 * Sets those attributes that change: a view shows a new state by hundreds of nodes, of which few look different.
 *
 * @param {Element | undefined} node
 * @param {Record<string, string | number | boolean>} attributes
 */
export function show(node, attributes) {
  const changed = Object.entries(attributes).filter(([name, value]) => {
    return node?.getAttribute(name) !== (value === false ? null : value === true ? "" : String(value));
  });
  if (node && changed.length) setAttributes(node, Object.fromEntries(changed));
}

/**
 * What an item is now: of which kind, or gone because its score is below the threshold. A true object is a hit or
 * missed.
 *
 * @param {Info} info
 * @param {State} state
 * @param {Item} item
 * @returns {import("./data.js").Kind | "missed" | "gone"}
 */
export function standing(info, state, { kind, at }) {
  if (kind === "object") return finderOf(info, state, at) < 0 ? "missed" : "hit";
  return at < state.kept ? (levelOf(info, state).kinds[at] ?? "gone") : "gone";
}

/**
 * Whether an item is what the reader points at, stays lit beside it, or dims.
 *
 * @param {Light} light
 * @param {Item} item
 */
export function lightsUp(light, { kind, at }) {
  const pointed = light?.item.kind === kind && light.item.at === at;
  const lit = !light || light[kind === "prediction" ? "predictions" : "objects"].has(at);
  return { "data-pointed": pointed, "data-dim": !lit };
}

/**
 * Tells the reader's pointer, taps and focus over nodes that carry their items.
 *
 * @param {HTMLElement} view
 * @param {Reader} reader
 * @param {(event: MouseEvent) => Item | null} [find]
 */
export function follow(view, { hover, press }, find = under) {
  view.addEventListener("pointermove", (event) => event.pointerType !== "touch" && hover(find(event)));
  view.addEventListener("pointerleave", () => hover(null));
  view.addEventListener("click", (event) => {
    const item = find(event);
    press(item);
    if (item) nodeOf(view, item)?.focus({ preventScroll: true }); // the arrows go on from here
  });
  view.addEventListener("focusin", (event) => {
    const item = under(event);
    if (item) press(item);
  });
}

/**
 * Makes nodes one stop of the Tab key; arrows go through those that can be seen. Call what it returns when that
 * changes.
 *
 * @param {(HTMLElement | SVGElement)[]} nodes
 * @param {(node: HTMLElement | SVGElement) => boolean} seen
 */
export function walk(nodes, seen) {
  oneTabStop(nodes, (from, key) => {
    const places = nodes.flatMap((node, at) => (seen(node) ? [at] : []));
    const to = lineMove(places.length, places.indexOf(from), key);
    return to === null ? null : (places[to] ?? null);
  });
  return () => {
    const stop = nodes.find((node) => node.getAttribute("tabindex") === "0");
    if (stop && seen(stop)) return;
    const first = nodes.find(seen);
    nodes.forEach((node) => show(node, { tabindex: node === first ? 0 : -1 }));
  };
}
