// The player: steps that point into one standing figure. It plays by itself while nobody does anything; pointing at a
// result stops it and lights what the result comes from, with the arithmetic. The kernel sends all once and is never
// asked.
import { bytesOf } from "../common/canvas.js";
import { makePlayer } from "./player.js";

/** @type {(context: { model: import("../common/kernel.js").Model, el: HTMLElement }) => () => void} */
function render({ model, el }) {
  const { node, leave } = makePlayer(model.get("info"), bytesOf(model.get("pixels")));
  el.replaceChildren(node);
  return leave;
}

export default { render };
