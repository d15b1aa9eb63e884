// Motion is the idle state: it runs while it is in view and nobody else moves, and never for a reader who asks for
// less.

/**
 * Who moves now, and who would like to, in the whole page. Every widget brings a copy of this module: what they share
 * is this one entry of the window.
 *
 * @typedef {object} Stage
 * @property {{ pause: () => void } | null} mover
 * @property {Set<() => void>} waiting
 */

const KEY = Symbol.for("pixels-to-panoptic.stage");

/** @returns {Stage} */
function stage() {
  const shared = /** @type {any} */ (window);
  return (shared[KEY] ??= { mover: null, waiting: new Set() });
}

/** Whether the reader's system asks for less motion. */
export function lessMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)");
}

/**
 * @typedef {object} Mover
 * @property {() => number | null} wait how many milliseconds until the next move; null to end here
 * @property {() => void} move
 * @property {(now: { running: boolean, wanted: boolean, allowed: boolean }) => void} changed told of every change
 */

/**
 * Moves again and again while that is wanted and may be: `node` is in view, the page is seen, nothing else on the page
 * moves, the system does not ask for less. `idle` begins as soon as that is so; `play`, for a reader who presses a
 * button, ends the motion of all others; `pause` ends; `leave` is for good.
 *
 * @param {Element} node
 * @param {Mover} mover
 */
export function motion(node, { wait, move, changed }) {
  const less = lessMotion();
  const ended = new AbortController();
  let now = { running: false, wanted: false, allowed: !less.matches };
  let inView = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const self = { pause: () => update(false) };

  const schedule = () => {
    const milliseconds = wait();
    if (milliseconds === null) self.pause();
    else timer = setTimeout(() => (move(), now.running && schedule()), milliseconds);
  };

  /** @param {boolean} [wanted] */
  const update = (wanted = now.wanted) => {
    const before = now;
    const may = wanted && inView && !document.hidden && !less.matches;
    now = { running: may && [null, self].includes(stage().mover), wanted, allowed: !less.matches };
    stage().waiting[may ? "add" : "delete"](update);
    if (now.running !== before.running) turn(now.running);
    if (JSON.stringify(now) !== JSON.stringify(before)) changed(now);
  };

  /** @param {boolean} on */
  const turn = (on) => {
    stage().mover = on ? self : null;
    clearTimeout(timer);
    if (on) schedule();
    else for (const each of [...stage().waiting]) each();
  };

  /** @type {IntersectionObserverCallback} */
  const see = (entries) => {
    inView = entries.at(-1)?.isIntersecting ?? false;
    update();
  };
  const observer = new IntersectionObserver(see, { threshold: 0.5 });
  observer.observe(node);
  document.addEventListener("visibilitychange", () => update(), { signal: ended.signal });
  less.addEventListener("change", () => update(), { signal: ended.signal });
  return {
    idle: () => update(true),
    play: () => (stage().mover !== self && stage().mover?.pause(), update(true)),
    pause: self.pause,
    leave: () => (self.pause(), ended.abort(), observer.disconnect()),
  };
}

/**
 * A function that calls `draw` before the next frame: once, however often it is called until then.
 *
 * @param {() => void} draw
 */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}
