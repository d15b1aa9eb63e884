// The words below the figure and the controls of a player.
import { button, element, enable, slider, statusLine } from "../common/dom.js";
import { cssColor } from "../common/canvas.js";
import { furthest, waits } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./state.js").State} State */

const HINT = "Point at a result, or go to it with Tab and the arrow keys: what it comes from lights up.";

/**
 * The sentence of the step, and below it the arithmetic of what is pointed at, or what is said to an answer.
 *
 * @param {Info} info
 */
export function makeWords({ steps, causes }) {
  const sentence = statusLine("player-sentence");
  const sum = statusLine("player-sum");
  sum.dataset.hint = Object.keys(causes).length ? HINT : ""; // drawn by the sheet, so that it is not said again and again
  let told = "";
  /** @param {State} state */
  const show = ({ at, pointed, said }) => {
    const text = steps[at]?.text ?? "";
    if (sentence.textContent !== text) sentence.textContent = text;
    if (told === `${pointed} ${said}`) return; // a screen reader says again whatever is set again
    told = `${pointed} ${said}`;
    const terms = pointed === null ? [] : [`${pointed} = `, ...(causes[pointed]?.parts ?? []).map(termOf)];
    const answer = said ? [element("b", { class: "player-said" }, said, " ")] : [];
    sum.replaceChildren(...answer, ...terms);
  };
  return { nodes: [sum, sentence], show };
}

/** @type {(part: import("./data.js").Part) => Node | string} */
function termOf({ text, tint }) {
  return tint ? element("b", { class: "player-term", style: `--tint: ${cssColor(tint)}` }, text) : text;
}

/** @typedef {{ toggle: () => void, step: (by: number) => void, go: (at: number) => void, reveal: () => void }} Act */

/**
 * @param {Info} info
 * @param {Act} act
 */
export function makeControls({ steps }, act) {
  const play = button("", act.toggle, { class: "page-button player-play" });
  const back = button("◀", () => act.step(-1), { "aria-label": "Back", title: "Back (←)" });
  const next = button("▶", () => act.step(1), { "aria-label": "Step", title: "Step (→)" });
  const reveal = button("Show me", act.reveal, { title: "Shows what to press here, and goes on" });
  const place = slider("Step", steps.length - 1, (at) => `${at + 1} / ${steps.length}`, act.go);
  const node = element("div", { class: "page-bar player-bar" }, play, back, next, place.node, reveal);
  /** @type {(state: State, now: { wanted: boolean, allowed: boolean }) => void} */
  const show = (state, { wanted, allowed }) => {
    play.textContent = wanted ? "❚❚ Pause" : "► Play";
    play.hidden = !allowed || steps.length < 2;
    enable(back, state.at > 0);
    enable(next, state.at < furthest(steps, state));
    reveal.hidden = !waits(steps, state);
    place.set(state.at);
  };
  return { node, show };
}
