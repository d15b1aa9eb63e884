// What joins the three views, the words and the sliders: each act of the reader makes a new state, which is shown.
import { cssColor } from "../common/canvas.js";
import { element, frame } from "../common/dom.js";
import { makeCurve } from "./curve.js";
import { makeLegend } from "./legend.js";
import { makeMatrix } from "./matrix.js";
import { makePicture } from "./picture.js";
import { change, lightOf, start } from "./state.js";
import { makeWords } from "./words.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./state.js").State} State */

/**
 * @param {Info} info
 * @param {Uint8Array} pixels the RGB bytes of the picture, then the masks of predictions and of objects
 */
export function makeMatches(info, pixels) {
  let state = start(info);
  /** @param {Partial<State>} changes */
  const update = (changes) => {
    const next = change(state, changes);
    if (next !== state) show((state = next));
  };
  /** @type {import("./data.js").Reader} */
  const reader = { hover: (hovered) => update({ hovered }), press: (pinned) => update({ hovered: null, pinned }) };
  const linked = [makePicture(info, pixels, reader), makeCurve(info, reader), makeMatrix(info, reader)];
  const views = [makeLegend(info), ...linked, makeWords(info, update)];
  const grid = element("div", { class: "matches-views" }, ...views.map((each) => each.node));
  const node = frame("matches", info.alt, grid);
  for (const [kind, color] of Object.entries(info.colors)) node.style.setProperty(`--${kind}`, cssColor(color));
  node.addEventListener("keydown", (event) => event.key === "Escape" && reader.press(null));
  /** @param {State} now */
  const show = (now) => {
    const light = lightOf(info, now);
    views.forEach((each) => each.show(now, light));
  };
  show(state);
  return { node, leave: () => node.remove() };
}
