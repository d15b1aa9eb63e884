// The linked view: a street with what was found in it, the IoU of each prediction with each true object, and the curve
// of precision and recall. They share one selection and two thresholds. The kernel sends all once and is never asked.
import { bytesOf } from "../common/canvas.js";
import { makeMatches } from "./matches.js";

/** @type {(context: { model: import("../common/kernel.js").Model, el: HTMLElement }) => () => void} */
function render({ model, el }) {
  const { node, leave } = makeMatches(model.get("info"), bytesOf(model.get("pixels")));
  el.replaceChildren(node);
  return leave;
}

export default { render };
