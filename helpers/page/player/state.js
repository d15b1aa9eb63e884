// Where a reader is among the steps, and what that shows. All is pure: a state is never changed, but replaced.

/** @typedef {import("./data.js").Info} Info */
/** @typedef {import("./data.js").Step} Step */
/** @typedef {import("./data.js").Light} Light */

/**
 * @typedef {object} State
 * @property {number} at the step
 * @property {number[]} done the steps whose act the reader has done
 * @property {string | null} pointed the result whose causes are lit
 * @property {boolean} pinned whether it stays so when the pointer leaves
 * @property {string | null} wrong the element of the last wrong answer to this step
 * @property {string} said what was said to the last answer
 */

/** @type {State} */
export const START = { at: 0, done: [], pointed: null, pinned: false, wrong: null, said: "" };

/**
 * Whether this step waits for an act of the reader.
 *
 * @param {Step[]} steps
 * @param {State} state
 */
export function waits(steps, { at, done }) {
  return Boolean(steps[at]?.act) && !done.includes(at);
}

/**
 * The last step that can be reached: the first one whose act is not done, else the last of all.
 *
 * @param {Step[]} steps
 * @param {State} state
 */
export function furthest(steps, state) {
  const stop = steps.findIndex((_, at) => waits(steps, { ...state, at }));
  return stop < 0 ? steps.length - 1 : stop;
}

/**
 * @param {Step[]} steps
 * @param {State} state
 * @param {number} wanted
 * @returns {State}
 */
export function goTo(steps, state, wanted) {
  const at = Math.min(Math.max(wanted, 0), furthest(steps, state));
  return at === state.at ? state : { ...START, at, done: state.done };
}

/**
 * The pointer is at an element, or at none. What has no causes changes nothing but that nothing is pointed at.
 *
 * @param {Info} info
 * @param {State} state
 * @param {string | null} id
 * @returns {State}
 */
export function point(info, state, id) {
  const result = id !== null && Object.hasOwn(info.causes, id) ? id : null;
  if (result === state.pointed || (result === null && state.pinned)) return state;
  return { ...state, pointed: result, pinned: false };
}

/**
 * Nothing is pointed at any more, and nothing stays lit.
 *
 * @param {State} state
 * @returns {State}
 */
export function free(state) {
  return state.pointed === null ? state : { ...state, pointed: null, pinned: false };
}

/**
 * An element is pressed: an answer where the step waits for one, else its causes stay lit.
 *
 * @param {Info} info
 * @param {State} state
 * @param {string} id
 * @returns {State}
 */
export function press(info, state, id) {
  const { act, wrong } = /** @type {Step} */ (info.steps[state.at]);
  const pointed = point(info, { ...state, pinned: false }, id).pointed;
  if (!waits(info.steps, state)) return { ...state, pointed, pinned: pointed !== null };
  if (id !== act) return { ...state, pointed: null, pinned: false, wrong: id, said: `✗ ${wrong[id] ?? `Not ${id}.`}` };
  const done = [...state.done, state.at];
  return { ...state, done, pointed, pinned: pointed !== null, wrong: null, said: `✓ Right: ${id}.` };
}

/**
 * What is lit: the causes of what is pointed at, else what the step lights, with the answer once it is given.
 *
 * @param {Info} info
 * @param {State} state
 * @returns {Light}
 */
export function lightOf({ steps, causes }, { at, done, pointed, wrong }) {
  const step = /** @type {Step} */ (steps[at]);
  const answer = step.act && done.includes(at) ? [step.act] : [];
  const [ids, besides] = pointed === null ? [step.lights, answer] : [causes[pointed]?.lights ?? [], [pointed]];
  const lit = ids.length ? new Set([...ids, ...besides, ...(wrong === null ? [] : [wrong])]) : null;
  return { lit, pointed, wrong };
}

/**
 * How many milliseconds a sentence takes to be read.
 *
 * @param {string} text
 */
export function readingTime(text) {
  return Math.min(1500 + 55 * text.length, 10000);
}
