// Elements and controls. Everything a reader can press is a native control, so that keys, focus and screen readers
// work.

/** @typedef {string | number | boolean | null | undefined} Attribute */
/** @typedef {(Node | string)[]} Children */

/**
 * An element with its attributes and children. An attribute that is false, null or undefined is left out, true is "".
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {Children} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

/**
 * The same for a part of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {Children} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}

/**
 * @param {Element} node
 * @param {Record<string, Attribute>} attributes
 */
export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * The frame of a widget: named for a screen reader, and JupyterLab leaves the keys in it alone.
 *
 * @param {string} className its own class, beside the one of all pages
 * @param {string} name
 * @param {Children} children
 */
export function frame(className, name, ...children) {
  const attributes = { role: "group", "aria-label": name, tabindex: -1 };
  const node = element("div", { class: `page ${className}`, ...attributes }, ...children);
  // It would take plain keys for its own: an arrow selects another cell or folds one. `data-lm-suppress-shortcuts` on
  // the frame does not hinder it, since it asks first whether what has the focus is meant.
  node.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.altKey || event.stopPropagation());
  return node;
}

/**
 * A button; `title` says in words what a sign alone does not.
 *
 * @param {string} text
 * @param {() => void} press
 * @param {Record<string, Attribute>} [attributes]
 */
export function button(text, press, attributes = {}) {
  const node = element("button", { type: "button", class: "page-button", ...attributes }, text);
  node.addEventListener("click", () => node.ariaDisabled !== "true" && press());
  return node;
}

/**
 * Whether a button can be pressed now. Not `disabled`, which takes the focus from who presses it by key.
 *
 * @param {HTMLButtonElement} node
 * @param {boolean} on
 */
export function enable(node, on) {
  node.ariaDisabled = String(!on);
}

/** Text that a screen reader says again whenever it changes. */
export function statusLine(className = "") {
  const attributes = { role: "status", "aria-live": "polite", "aria-atomic": "true" };
  return element("div", { class: `page-status ${className}`, ...attributes });
}

/**
 * Text for a screen reader alone.
 *
 * @param {string} text
 */
export function unseen(text) {
  return element("span", { class: "page-unseen" }, text);
}

/**
 * A small square of a colour, as a legend has them.
 *
 * @param {string} color as CSS has it
 */
export function swatch(color) {
  return element("span", { class: "page-swatch", "aria-hidden": "true", style: `background: ${color}` });
}

let groups = 0; // radio buttons belong together by a name that no other group of the page may have

/**
 * Radio buttons that look like one control. `set` chooses one from outside.
 *
 * @template {string} Value
 * @param {string} legend
 * @param {Value[]} values
 * @param {Value} value the one to begin with
 * @param {(value: Value) => void} choose
 */
export function choice(legend, values, value, choose) {
  const name = `page-${legend}-${Date.now()}-${groups++}`;
  const inputs = values.map((each) => {
    const input = element("input", { type: "radio", name, value: each, checked: each === value });
    input.addEventListener("change", () => choose(each));
    return input;
  });
  const labels = inputs.map((input) => element("label", {}, input, element("span", {}, input.value)));
  const title = element("legend", { class: "page-unseen" }, legend);
  const node = element("fieldset", { class: "page-choice" }, title, ...labels);
  /** @param {Value} wanted */
  const set = (wanted) => inputs.forEach((input) => (input.checked = input.value === wanted));
  return { node, set };
}

/**
 * A slider over whole numbers from 0 to `last`, its value in words beside it. `set` moves it from outside.
 *
 * @param {string} name
 * @param {number} last
 * @param {(value: number) => string} inWords
 * @param {(value: number) => void} change called when the reader moves it
 */
export function slider(name, last, inWords, change) {
  const input = element("input", { type: "range", min: 0, max: last, step: 1, "aria-label": name });
  const output = element("output");
  /** @param {number} value */
  const set = (value) => {
    input.value = String(value);
    input.ariaValueText = output.textContent = inWords(value);
  };
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  set(0);
  return { node: element("label", { class: "page-slider" }, input, output), set };
}
