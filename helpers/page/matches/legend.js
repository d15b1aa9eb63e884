// What colours, lines and signs mean, with how many there are of each.
import { element, shape } from "../common/dom.js";
import { SIGNS } from "./data.js";
import { countsOf } from "./state.js";

const NAMES = {
  hit: ["hit", "hits"],
  double: ["double", "doubles"],
  wrong: ["other false positive", "other false positives"],
  missed: ["missed", "missed"],
};

/**
 * @param {import("./data.js").Info} info
 * @returns {import("./data.js").View}
 */
export function makeLegend(info) {
  const kinds = /** @type {(keyof typeof SIGNS)[]} */ (Object.keys(SIGNS));
  const words = kinds.map(() => element("span"));
  const entries = kinds.map((kind, at) => element("li", { "data-standing": kind }, sample(), words[at] ?? ""));
  const node = element("ul", { class: "matches-legend" }, ...entries);
  return {
    node,
    show: (now) => {
      const counts = countsOf(info, now);
      kinds.forEach((kind, at) => {
        const name = NAMES[kind][counts[kind] === 1 ? 0 : 1];
        words[at]?.replaceChildren(`${SIGNS[kind]} ${counts[kind]} ${name}`);
      });
    },
  };
}

/** A piece of the outline. */
function sample() {
  const line = { d: "M2 2h22v10h-22z" };
  const names = ["matches-area", "matches-under", "matches-line"];
  const parts = names.map((name) => shape("path", { class: name, ...line }));
  return shape("svg", { viewBox: "0 0 26 14", width: 26, height: 14, "aria-hidden": "true" }, ...parts);
}
