// The page of the painter. Painting is answered here at once; the kernel is told what there is at the end of a stroke,
// and asked for the score alone (painter.py holds the messages). painter_tools.js, painter_parts.js and
// painter_score.js come first in this module.

const WAIT_MS = 4000;
const GONE = "The kernel has stopped or restarted: it cannot score these labels. Run this cell again; what was scored before is shown again where the lesson keeps it.";
const SLOW = "The kernel has not replied yet. If it is busy, the score comes when it is done. If it has stopped, run this cell again.";
const TOOLS = { brush: "b", eraser: "e", fill: "f", outline: "o" };
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

function render({ model, el }) {
  const info = model.get("info");
  const { name, height, width, categories, opacity, scorable } = info;
  const image = bytesOf(model.get("image"));
  const start = bytesOf(model.get("start"));
  const map = { height, width, labels: bytesOf(model.get("painting")) };
  const photo = bitmap(start, width, (_, at) => [image[3 * at], image[3 * at + 1], image[3 * at + 2], 255]);
  const paintLayer = canvasOf(width, height);
  const paintImage = new ImageData(width, height);
  const colorWords = new Uint32Array(256); // RGBA as one number for each label: fast, in the byte order of the machine
  categories.forEach(({ id, color }) => new Uint8Array(colorWords.buffer).set([...color, 255], 4 * id));

  let history = new History();
  const state = {
    tool: "brush",
    size: SIZES.indexOf(width > 256 ? 9 : 5),
    label: 0,
    opacity,
    pixel: { row: height >> 1, column: width >> 1 },
    chip: null, // the category whose chip has the pointer or the focus
    corners: [], // of an outline that is not closed yet
  };
  let before = null; // the labels when the stroke in hand began
  let held = null; // what holds the stroke: "pointer" or "key"
  const watch = new Stopwatch(model.get("seconds"));
  let inSight = true;
  let said = ""; // what happened last, for a while
  let saidAt = 0;

  // --- the page ------------------------------------------------------------------------------------------------------

  // JupyterLab takes many keys for itself unless an element asks it not to.
  const root = element("div", "pv pp", "", { "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": `Painter of ${name}` });
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

  const tools = element("div", "pv-bar pp-tools");
  const titles = {
    brush: "Paint (B)",
    eraser: "Take labels away (E)",
    fill: "Fill a connected region (F)",
    outline: "Click the corners of a region, then close it: it is filled (O)",
  };
  const toolChoice = choice("Tool", titles, state.tool, (tool) => chooseTool(tool));
  const sizes = slider("Size", SIZES.length - 1, 1, (at) => `${SIZES[at]} px`, (size) => update({ size }));
  const opacities = slider("Paint", 100, 5, (percent) => `${percent} %`, (percent) => update({ opacity: percent / 100 }));
  opacities.label.title = "How much the paint hides the picture";
  const undoButton = button("↶ Undo", "Undo (Ctrl Z)", () => step("undo"));
  const redoButton = button("↷ Redo", "Redo (Ctrl Y)", () => step("redo"));
  const steps = element("div", "pp-group");
  steps.append(undoButton, redoButton);
  tools.append(toolChoice.group, sizes.label, opacities.label, steps);

  const body = element("div", "pp-body");
  const stage = element("div", "pp-stage");
  const main = element("canvas", "pp-main", "", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "picture to paint on",
    "aria-label": `${name}, ${height} rows by ${width} columns. Arrow keys move, Space paints, digits choose a category.`,
  });
  const closing = element("div", "pp-closing");
  closing.append(button("Close and fill", "Enter", () => closeOutline(), "pp-primary"), button("Cancel", "Esc", () => update({ corners: [] })));
  const about = element("div", "pv-about");
  const lens = element("canvas", "pv-lens", "", { "aria-hidden": "true" });
  const words = element("div");
  const status = element("div", "pv-status", "", { role: "status", "aria-live": "polite", "aria-atomic": "true" });
  const keys = element("details", "pv-hint");
  const list = element("dl");
  for (const [key, meaning] of KEYS) {
    const term = element("dt");
    for (const each of key.split(" ")) term.append(/^\w+:$|^…$/.test(each) ? element("span", "", each) : element("kbd", "", each.replace(",", "")), " ");
    list.append(term, element("dd", "", meaning));
  }
  keys.append(element("summary", "", "Everything works with keys, too"), list);
  words.append(status, keys);
  about.append(lens, words);
  stage.append(main, closing, about);

  const side = element("div", "pp-side");
  const chips = element("fieldset", "pv-chips");
  chips.append(element("legend", "pp-legend", "Paint with"));
  const chipName = `pp-category-${Math.random().toString(36).slice(2)}`;
  const chipNodes = categories.map((category, number) => {
    const chip = element("label", "pv-chip");
    const input = element("input", "", "", { type: "radio", name: chipName, "aria-label": category.name });
    const amount = element("small");
    input.checked = number === 0;
    input.addEventListener("change", () => chooseLabel(number));
    chip.append(input, swatch(category.color), element("span", "pv-name", category.name), amount);
    if (number < 10) chip.append(element("kbd", "", number, { title: `Key ${number}` }));
    chip.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && update({ chip: number }));
    chip.addEventListener("pointerleave", () => update({ chip: null }));
    input.addEventListener("focus", () => input.matches(":focus-visible") && update({ chip: number }));
    input.addEventListener("blur", () => update({ chip: null }));
    chips.append(chip);
    return { input, amount };
  });
  const rest = button("", "Gives every pixel without a label this category (R)", () => fillRest());
  side.append(chips, rest);
  body.append(stage, side);

  const actions = element("div", "pp-actions");
  const scoreButton = button("Score my labels", "", () => askForScore(), "pp-primary pp-large");
  const again = button("Start over", "Labels and time go back to how they began", () => startOver());
  const note = element("p", "pp-note", "Pixels that you leave unlabelled count as wrong.");
  if (scorable) actions.append(scoreButton, note);
  actions.append(again);
  const trouble = element("p", "pv-note", "", { role: "alert" });
  trouble.hidden = true;
  const panel = scorePanel(info, image, (position) => update({ pixel: inside(position) }));
  root.append(bar, tools, body, actions, trouble, panel.root);

  // --- painting ------------------------------------------------------------------------------------------------------

  function chooseTool(tool) {
    toolChoice.set(tool);
    update({ tool, corners: [] });
    say(`${titles[tool]}.`);
  }

  function chooseLabel(label) {
    chipNodes[label].input.checked = true;
    update(state.tool === "eraser" ? { label, tool: "brush" } : { label });
    toolChoice.set(state.tool);
    say(`Painting with ${categories[label].name}.`);
  }

  /** Begins a stroke: what follows until `endStroke` is one step to undo. */
  function begin(holder) {
    if (before) endStroke();
    held = holder;
    before = map.labels.slice();
  }

  function draw1(from, to) {
    paint(map, stroke(map, from, to, SIZES[state.size]), state.tool === "eraser" ? VOID : state.label);
    changed();
  }

  function endStroke() {
    if (!before) return;
    const first = before;
    before = held = null;
    if (history.note(first, map.labels)) save();
    changed();
  }

  /** One whole step: these pixels get the chosen category. */
  function fillAll(pixels, what) {
    begin("step");
    paint(map, pixels, state.label);
    endStroke();
    watch.start(performance.now());
    say(`${what}: ${pixels.length} pixels are ${categories[state.label].name} now.`);
  }

  function fillRest() {
    const pixels = withLabel(map, VOID);
    if (pixels.length) fillAll(pixels, "The rest");
    else say("Every pixel has a label already.");
  }

  function closeOutline() {
    const { corners } = state;
    state.corners = [];
    if (corners.length > 2) fillAll(polygon(map, corners), "Outline");
    update({});
    main.focus({ preventScroll: true });
  }

  function addCorner(position) {
    const corners = [...state.corners, position];
    update({ corners });
    say(`Corner ${corners.length}. ${corners.length > 2 ? "Enter closes the outline and fills it." : "Set at least three."}`);
  }

  /** What a press at a position does, by pointer or key. */
  function press(position, holder) {
    if (state.tool === "outline") return addCorner(position);
    if (state.tool === "fill") return fillAll(region(map, position), "Filled");
    begin(holder);
    watch.start(performance.now());
    draw1(position, position);
  }

  function step(which) {
    endStroke();
    if (!history[which](map.labels)) return say(`Nothing to ${which}.`);
    changed();
    save();
    say(which === "undo" ? "Undone." : "Done again.");
  }

  let surely = null;
  function startOver() {
    const sure = surely !== null;
    clearTimeout(surely);
    surely = sure ? null : setTimeout(() => ((surely = null), (again.textContent = "Start over")), 4000);
    again.textContent = sure ? "Start over" : "Really start over?";
    if (!sure) return say("Press again: the labels go back to how they began, the time to 0. This cannot be undone.");
    map.labels.set(start);
    history = new History();
    watch.seconds = 0;
    watch.running = false;
    state.corners = [];
    changed();
    save();
    say("Labels and time are as they began.");
  }

  // --- the clock and the kernel ----------------------------------------------------------------------------------------

  const clockwork = setInterval(() => {
    watch.tick(performance.now(), inSight && !document.hidden);
    tellTime();
  }, 250);

  function tellTime() {
    if (time.textContent !== clock(watch.seconds)) time.textContent = clock(watch.seconds);
  }

  let saving = null;
  let sent = model.get("painting");
  function save() {
    clearTimeout(saving);
    saving = setTimeout(flush, 250);
  }

  function flush() {
    clearTimeout(saving);
    saving = null;
    sent = new DataView(map.labels.slice().buffer);
    try {
      model.set("painting", sent);
      model.set("seconds", watch.seconds);
      model.save_changes();
    } catch {
      complain(GONE);
    }
  }

  /** Another view of the same painter was painted on. */
  function adopt() {
    if (model.get("painting") === sent) return;
    sent = model.get("painting");
    endStroke();
    const old = map.labels.slice();
    map.labels.set(bytesOf(sent));
    history.note(old, map.labels);
    watch.seconds = Math.max(watch.seconds, model.get("seconds"));
    changed();
  }

  function complain(text) {
    trouble.textContent = text;
    trouble.hidden = !text;
  }

  let waiting = null;
  function wait(on) {
    clearTimeout(waiting);
    waiting = on ? setTimeout(() => (wait(false), complain(SLOW)), WAIT_MS) : null;
    switchOn(scoreButton, !on);
    scoreButton.textContent = on ? "Scoring …" : panel.root.hidden ? "Score my labels" : "Score again";
  }

  function askForScore() {
    if (waiting) return;
    endStroke();
    if (map.labels.every((label) => label === VOID)) return say("Paint something first.");
    watch.running = false;
    complain("");
    wait(true);
    flush();
    try {
      model.send({ type: "score", seconds: watch.seconds }, undefined, [map.labels.slice().buffer]);
    } catch {
      wait(false);
      complain(GONE);
    }
  }

  function receive(message, buffers) {
    const asked = waiting !== null;
    if (message.type === "refused") {
      wait(false);
      return complain(message.reason);
    }
    const [painted, truth] = buffers.map(bytesOf);
    panel.show({ ...message, painted, truth });
    wait(false);
    complain("");
    update({});
    if (!asked) return;
    panel.root.querySelector("h3").focus({ preventScroll: true });
    panel.root.scrollIntoView({ block: "nearest" });
  }

  // --- drawing ---------------------------------------------------------------------------------------------------------

  // What depends on the labels alone is made again when they change; the slower part waits for the end of a stroke.
  let stale = true;
  let points = [];
  let chipPaths = new Map();
  function relabel() {
    const colors = new Uint32Array(paintImage.data.buffer);
    map.labels.forEach((label, at) => (colors[at] = colorWords[label]));
    paintLayer.getContext("2d").putImageData(paintImage, 0, 0);
    const total = map.labels.length;
    const counts = new Array(256).fill(0);
    map.labels.forEach((label) => counts[label]++);
    const done = percent(total - counts[VOID], total);
    shareText.textContent = `${done} % labelled`;
    shareBar.style.width = `${done}%`;
    chipPaths = new Map();
    stale = false;
    if (before) return;
    points = namePoints(map);
    chipNodes.forEach(({ amount }, id) => (amount.textContent = counts[id] ? `${percent(counts[id], total)} %` : ""));
    switchOn(undoButton, history.done > 0);
    switchOn(redoButton, history.done < history.steps.length);
    switchOn(rest, counts[VOID] > 0);
  }

  function chipPath() {
    if (!chipPaths.has(state.chip)) chipPaths.set(state.chip, outlineOf(withLabel(map, state.chip), width));
    return chipPaths.get(state.chip);
  }

  function drawMain(ratio) {
    const context = fit(main, map, ratio);
    const scale = main.width / width;
    context.drawImage(photo, 0, 0, main.width, main.height);
    context.globalAlpha = state.opacity;
    context.drawImage(paintLayer, 0, 0, main.width, main.height);
    context.globalAlpha = 1;
    const still = points.filter(({ label, row, column }) => map.labels[row * width + column] === label);
    if (state.opacity >= 0.25) writeNames(context, still, categories, scale, ratio);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (state.chip !== null) strokeTwice(context, chipPath(), scale, 1.5 * ratio);
    if (state.corners.length) drawCorners(context, state.corners, state.pixel, scale, ratio);
    const brush = state.tool === "brush" || state.tool === "eraser";
    drawCursor(context, state.pixel, brush ? SIZES[state.size] : 1, scale, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    if (stale) relabel();
    closing.hidden = state.corners.length < 3;
    rest.textContent = `Fill the rest with ${categories[state.label].name}`;
    sizes.label.classList.toggle("pp-idle", state.tool === "fill" || state.tool === "outline");
    drawMain(ratio);
    drawLens(lens, [[photo, 1], [paintLayer, state.opacity]], state.pixel, ratio);
    tell();
    panel.draw(ratio);
    panel.tell(state.pixel);
  }

  function tell() {
    const { row, column } = state.pixel;
    const label = map.labels[row * width + column];
    const parts = [`row ${row}, column ${column} · `];
    if (label === VOID) parts.push("unlabelled");
    else parts.push(swatch(categories[label].color), categories[label].name);
    if (said) parts.push(element("div", "pp-said", said));
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (status.dataset.text === text) return; // a screen reader would say it again
    status.dataset.text = text;
    status.replaceChildren(...parts);
  }

  function say(text) {
    said = text;
    saidAt = performance.now();
    update({});
  }

  function changed() {
    stale = true;
    update({});
  }

  let drawing = false;
  function update(change) {
    Object.assign(state, change);
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      draw();
    });
  }

  // --- pointer and keys ------------------------------------------------------------------------------------------------

  const inside = ({ row, column }) => ({
    row: Math.min(Math.max(row, 0), height - 1),
    column: Math.min(Math.max(column, 0), width - 1),
  });

  let last = null; // where the pointer's stroke has come to; may lie outside the picture
  main.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault(); // nobody wants to select text while painting
    main.focus({ preventScroll: true });
    main.setPointerCapture(event.pointerId);
    last = inside(positionOf(main, map, event));
    update({ pixel: last });
    const scale = main.clientWidth / width;
    const [first] = state.corners;
    const closes = first && state.corners.length > 2 && Math.hypot(first.row - last.row, first.column - last.column) * scale < 9;
    if (closes) closeOutline();
    else press(last, "pointer");
  });
  main.addEventListener("pointermove", (event) => {
    const here = positionOf(main, map, event);
    if (performance.now() - saidAt > 2000) said = "";
    update({ pixel: inside(here) });
    if (held !== "pointer") return;
    draw1(last, here);
    last = here;
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    main.addEventListener(type, () => held === "pointer" && endStroke());
  }

  function move(key, far) {
    const by = far ? 10 : 1;
    const { row, column } = state.pixel;
    const to = {
      ArrowUp: { row: row - by, column },
      ArrowDown: { row: row + by, column },
      ArrowLeft: { row, column: column - by },
      ArrowRight: { row, column: column + by },
      Home: { row, column: 0 },
      End: { row, column: width - 1 },
    }[key];
    if (!to) return false;
    const from = state.pixel;
    said = "";
    update({ pixel: inside(to) });
    if (held === "key") draw1(from, state.pixel);
    return true;
  }

  /** The keys of the picture itself; elsewhere they belong to buttons and sliders. */
  function pictureKey(event) {
    const { key } = event;
    if (move(key, event.shiftKey)) return true;
    if (state.corners.length && key === "Escape") return update({ corners: [] }), true;
    if (state.corners.length && key === "Backspace") return update({ corners: state.corners.slice(0, -1) }), true;
    if (state.tool === "outline" && key === "Enter" && state.corners.length > 2) return closeOutline(), true;
    if (key !== " " && key !== "Enter") return false;
    if (!event.repeat) press(state.pixel, "key");
    return true;
  }

  function toolKey(key) {
    const tool = Object.keys(TOOLS).find((each) => TOOLS[each] === key);
    const size = state.size + { "[": -1, "]": 1 }[key];
    if (tool) chooseTool(tool);
    else if (key === "r") fillRest();
    else if (size in SIZES) {
      sizes.set(size);
      update({ size });
      say(`Brush: ${SIZES[size]} pixels wide.`);
    } else if (/^\d$/.test(key) && key < categories.length) chooseLabel(Number(key));
    else return "[]".includes(key);
    return true;
  }

  root.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    let done = false;
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const which = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
      if (which) step(which);
      done = which !== null;
    } else done = (event.target === main && pictureKey(event)) || toolKey(key);
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  });
  main.addEventListener("keyup", (event) => held === "key" && (event.key === " " || event.key === "Enter") && endStroke());
  main.addEventListener("blur", endStroke);

  sizes.set(state.size);
  opacities.set(100 * opacity);
  tellTime();
  el.replaceChildren(root);
  update({});
  const resized = new ResizeObserver(() => update({}));
  resized.observe(root);
  // In JupyterLab another tab hides this one without hiding the page.
  const seen = new IntersectionObserver((entries) => (inSight = entries.at(-1).isIntersecting));
  seen.observe(main);
  model.on("msg:custom", receive);
  model.on("change:painting", adopt);
  try {
    model.send({ type: "hello" });
  } catch {
    // A page without its kernel: it can still be painted on.
  }
  return () => {
    if (saving) flush();
    clearInterval(clockwork);
    clearTimeout(waiting);
    clearTimeout(surely);
    resized.disconnect();
    seen.disconnect();
    model.off("msg:custom", receive);
    model.off("change:painting", adopt);
  };
}

export default { render };
