// What joins figure, words, controls and clock: each act of the reader makes a new state, and each new state is shown.
import { element, frame } from "../common/dom.js";
import { motion } from "../common/motion.js";
import { makeControls, makeWords } from "./controls.js";
import { makeGrid } from "./grid.js";
import { makePicture } from "./picture.js";
import { START, free, goTo, lightOf, point, press, readingTime, waits } from "./state.js";

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./state.js").State} State */
/** @typedef {ReturnType<typeof motion>} Clock */
/** @typedef {ReturnType<typeof makeActs>} Acts */

/**
 * What changes while a reader is here.
 *
 * @typedef {object} Now
 * @property {State} state
 * @property {{ wanted: boolean, allowed: boolean }} playing
 * @property {boolean} goesOn whether it was playing when it came to an act, and goes on after it
 */

/**
 * @param {Info} info
 * @param {Uint8Array} pixels
 */
export function makePlayer(info, pixels) {
  /** @type {Now} */
  const now = { state: START, playing: { wanted: false, allowed: true }, goesOn: false };
  const acts = makeActs(info, now, () => show(), () => clock);
  const figure = makeFigure(info, pixels, acts);
  const words = makeWords(info);
  const controls = makeControls(info, acts);
  const node = frame("player", info.alt, figure.node, ...words.nodes, controls.node);
  const show = () => {
    figure.show(lightOf(info, now.state));
    words.show(now.state);
    controls.show(now.state, now.playing);
  };
  const clock = motion(node, {
    wait: () => waitOf(info, now),
    move: () => acts.become(goTo(info.steps, now.state, now.state.at + 1)),
    changed: (playing) => controls.show(now.state, (now.playing = playing)),
  });
  node.addEventListener("keydown", (event) => onKey(event, acts));
  show();
  clock.idle();
  return { node, leave: clock.leave };
}

/** @type {(info: Info, pixels: Uint8Array, reader: import("./data.js").Reader) => import("./data.js").Panel} */
function makeFigure({ panels, alt }, pixels, reader) {
  let taken = 0;
  /** @param {number} count */
  const take = (count) => pixels.subarray(taken, (taken += count));
  /** @param {Info["panels"][number]} each */
  const make = (each) => (each.kind === "picture" ? makePicture(each, take, reader) : makeGrid(each, reader));
  const made = panels.map(make);
  const attributes = { class: "player-figure", role: "group", "aria-label": alt };
  const node = element("div", attributes, ...made.map((each) => each.node));
  return { node, show: (light) => made.forEach((each) => each.show(light)) };
}

/**
 * How long the step stays; null at the last one, and at one that waits for the reader.
 *
 * @param {Info} info
 * @param {Now} now
 */
function waitOf({ steps }, now) {
  now.goesOn = waits(steps, now.state);
  if (now.goesOn || now.state.at === steps.length - 1) return null;
  return readingTime(`${steps[now.state.at]?.text}${now.state.said}`);
}

/**
 * All that a reader can do.
 *
 * @param {Info} info
 * @param {Now} now
 * @param {() => void} show
 * @param {() => Clock} clock
 */
function makeActs(info, now, show, clock) {
  /** @param {State} state */
  const become = (state) => {
    now.state = state;
    show();
  };
  /** @param {State} state */
  const look = (state) => {
    if (state === now.state) return;
    if (state.pointed !== null) clock().pause();
    become(state);
  };
  /** @param {number} at */
  const go = (at) => {
    now.goesOn = false;
    clock().pause();
    become(goTo(info.steps, now.state, at));
  };
  /** @param {string} id */
  const answer = (id) => {
    const waited = waits(info.steps, now.state);
    look(press(info, now.state, id));
    if (waited && now.goesOn && !waits(info.steps, now.state)) clock().idle();
  };
  const toggle = () => {
    if (!now.playing.allowed) return;
    if (now.playing.wanted) return go(now.state.at);
    if (now.state.at === info.steps.length - 1) become(goTo(info.steps, now.state, 0));
    clock().play();
  };
  return {
    become,
    go,
    toggle,
    press: answer,
    step: (/** @type {number} */ by) => go(now.state.at + by),
    reveal: () => answer(info.steps[now.state.at]?.act ?? ""),
    point: (/** @type {string | null} */ id) => look(point(info, now.state, id)),
    focus: (/** @type {string} */ id) => look(point(info, now.state, id)),
    free: () => look(free(now.state)),
  };
}

/**
 * Keys that no element and no control of the player has taken.
 *
 * @param {KeyboardEvent} event
 * @param {Acts} acts
 */
function onKey(event, { step, toggle, free }) {
  const { target, key } = event;
  const native = target instanceof HTMLInputElement || (target instanceof HTMLButtonElement && key === " ");
  if (native || event.ctrlKey || event.metaKey || event.altKey) return;
  /** @type {Record<string, () => void>} */
  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": toggle, Escape: free };
  const act = keys[key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}
