// The elements of the painter's page, without their behaviour: what each of them does is given from outside. page.js and
// painter_tools.js stand before this text, painter_picture.js, painter_score.js, painter_kernel.js, painter.js after it.

const TOOLS = {
  brush: "Paint (B)",
  eraser: "Take labels away (E)",
  fill: "Fill a connected region (F)",
  outline: "Click the corners of a region, then close it: it is filled (O)",
};
const KEYS = [
  ["← ↑ ↓ →", "move by one pixel, with Shift by ten"],
  ["Space", "paint here; hold it and move to draw a line"],
  ["0 … 9", "choose a category"],
  ["B E F O", "brush, eraser, fill, outline"],
  ["[ ]", "smaller, larger brush"],
  ["R", "fill the rest: all that has no label"],
  ["Ctrl Z, Ctrl Y", "undo, redo"],
  ["Outline:", "Space sets a corner, Backspace removes it, Enter closes and fills, Esc gives up"],
];

function button(text, title, press, className = "") {
  const node = element("button", `pp-button ${className}`, text, { type: "button", title });
  node.addEventListener("click", press);
  return node;
}

/** Whether a button can be pressed now. It keeps the focus either way, so that keys go on working. */
function switchOn(node, on) {
  node.setAttribute("aria-disabled", !on);
}

/** The title, how much is labelled, and the time. */
function headBar({ name, height, width }) {
  const bar = element("div", "pv-bar");
  const title = element("div", "pv-title", name);
  title.append(element("span", "", `${height} × ${width}`));
  const share = element("div", "pp-share");
  const shareBar = element("i");
  const shareText = element("span");
  const meter = element("div", "pp-meter", "", { "aria-hidden": "true" });
  meter.append(shareBar);
  share.append(meter, shareText);
  const time = element("div", "pp-time", "", { role: "timer", title: "Time used: runs from your first stroke, and stands still while the picture is out of sight" });
  bar.append(title, share, time);
  return { bar, shareBar, shareText, time };
}

/** Tool, brush size, opacity of the paint, undo and redo. */
function toolBar(act) {
  const tools = element("div", "pv-bar pp-tools");
  const toolChoice = choice("Tool", Object.keys(TOOLS), "brush", act.chooseTool, TOOLS);
  const sizes = slider("Size", SIZES.length - 1, 1, (at) => `${SIZES[at]} px`, (size) => act.update({ size }));
  const opacities = slider("Paint", 100, 5, (percent) => `${percent} %`, (percent) => act.update({ opacity: percent / 100 }));
  opacities.label.title = "How much the paint hides the picture";
  const undo = button("↶ Undo", "Undo (Ctrl Z)", () => act.step("undo"));
  const redo = button("↷ Redo", "Redo (Ctrl Y)", () => act.step("redo"));
  const steps = element("div", "pp-group");
  steps.append(undo, redo);
  tools.append(toolChoice.group, sizes.label, opacities.label, steps);
  return { tools, toolChoice, sizes, opacities, undo, redo };
}

/** The picture to paint on, and below it the magnifier and what there is to say. */
function stageOf({ name, height, width }, act) {
  const stage = element("div", "pp-stage");
  const main = element("canvas", "pp-main", "", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "picture to paint on",
    "aria-label": `${name}, ${height} rows by ${width} columns. Arrow keys move, Space paints, digits choose a category.`,
  });
  const closing = element("div", "pp-closing");
  closing.append(button("Close and fill", "Enter", act.closeOutline, "pp-primary"), button("Cancel", "Esc", () => act.update({ corners: [] })));
  const about = element("div", "pv-about");
  const lens = element("canvas", "pv-lens", "", { "aria-hidden": "true" });
  const words = element("div");
  const status = statusLine("pv-status");
  words.append(status, keyTable());
  about.append(lens, words);
  stage.append(main, closing, about);
  return { stage, main, closing, lens, status };
}

function keyTable() {
  const keys = element("details", "pv-hint");
  const list = element("dl");
  for (const [key, meaning] of KEYS) {
    const term = element("dt");
    for (const each of key.split(" ")) term.append(/^\w+:$|^…$/.test(each) ? element("span", "", each) : element("kbd", "", each.replace(",", "")), " ");
    list.append(term, element("dd", "", meaning));
  }
  keys.append(element("summary", "", "Everything works with keys, too"), list);
  return keys;
}

/** The categories, each with its share of the picture, and the button that fills the rest. */
function sideOf({ categories }, act) {
  const side = element("div", "pp-side");
  const chips = element("fieldset", "pv-chips");
  chips.append(element("legend", "pp-legend", "Paint with"));
  const name = `pp-category-${Math.random().toString(36).slice(2)}`;
  const chipNodes = categories.map((category, number) => {
    const chip = element("label", "pv-chip");
    const input = element("input", "", "", { type: "radio", name, "aria-label": category.name });
    const amount = element("small");
    input.checked = number === 0;
    input.addEventListener("change", () => act.chooseLabel(number));
    chip.append(input, swatch(category.color), element("span", "pv-name", category.name), amount);
    if (number < 10) chip.append(element("kbd", "", number, { title: `Key ${number}` }));
    chip.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && act.update({ chip: number }));
    chip.addEventListener("pointerleave", () => act.update({ chip: null }));
    input.addEventListener("focus", () => input.matches(":focus-visible") && act.update({ chip: number }));
    input.addEventListener("blur", () => act.update({ chip: null }));
    chips.append(chip);
    return { input, amount };
  });
  const rest = button("", "Gives every pixel without a label this category (R)", act.fillRest);
  side.append(chips, rest);
  return { side, chipNodes, rest };
}

/** What is done with the whole painting, and the place for what went wrong. */
function footOf({ scorable }, act) {
  const actions = element("div", "pp-actions");
  const score = button("Score my labels", "", act.askForScore, "pp-primary pp-large");
  const again = button("Start over", "Labels and time go back to how they began", act.startOver);
  if (scorable) actions.append(score, element("p", "pp-note", "Pixels that you leave unlabelled count as wrong."));
  actions.append(again);
  const trouble = element("p", "pv-note", "", { role: "alert" });
  trouble.hidden = true;
  return { actions, score, again, trouble };
}

/**
 * All elements of the page, by name, in their `root`; `result` comes last. `act` holds what they call: `chooseTool`,
 * `chooseLabel`, `step`, `fillRest`, `closeOutline`, `askForScore`, `startOver`, and `update` with a change of the state.
 */
function buildPage(info, act, result) {
  // JupyterLab takes many keys for itself unless an element asks it not to.
  const root = element("div", "pv pp", "", { "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": `Painter of ${info.name}` });
  const nodes = { root, ...headBar(info), ...toolBar(act), ...stageOf(info, act), ...sideOf(info, act), ...footOf(info, act) };
  const body = element("div", "pp-body");
  body.append(nodes.stage, nodes.side);
  root.append(nodes.bar, nodes.tools, body, nodes.actions, nodes.trouble, result);
  return nodes;
}
