// The painter: what the learner does with pointer, keys and buttons, answered at once. What it is put together from comes
// first in this module: page.js, painter_tools.js, painter_page.js, painter_picture.js, painter_score.js, painter_kernel.js.

const TOOL_KEYS = { b: "brush", e: "eraser", f: "fill", o: "outline" };

function render({ model, el }) {
  const info = model.get("info");
  const { height, width, categories, opacity } = info;
  const image = bytesOf(model.get("image"));
  const start = bytesOf(model.get("start"));
  const map = { height, width, labels: bytesOf(model.get("painting")) };
  const watch = new Stopwatch(model.get("seconds"));
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
  let inSight = true;
  let said = ""; // what happened last, for a while
  let saidAt = 0;

  const act = { chooseTool, chooseLabel, step, fillRest, closeOutline, askForScore, startOver, update };
  const panel = scorePanel(info, image, (position) => update({ pixel: inside(map, position) }));
  const page = buildPage(info, act, panel.root);
  const { root, main } = page;
  const picture = paintedPicture(info, image, map);
  const kernel = joinKernel(model, map, watch, { painted: adopt, scored: showScore, waiting: showWaiting, trouble: complain });

  // --- painting --------------------------------------------------------------------------------------------------------

  function chooseTool(tool) {
    page.toolChoice.set(tool);
    update({ tool, corners: [] });
    say(`${TOOLS[tool]}.`);
  }

  function chooseLabel(label) {
    page.chipNodes[label].input.checked = true;
    update(state.tool === "eraser" ? { label, tool: "brush" } : { label });
    page.toolChoice.set(state.tool);
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
    if (history.note(first, map.labels)) kernel.save();
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
    kernel.save();
    say(which === "undo" ? "Undone." : "Done again.");
  }

  let surely = null;
  function startOver() {
    const sure = surely !== null;
    clearTimeout(surely);
    surely = sure ? null : setTimeout(() => ((surely = null), (page.again.textContent = "Start over")), 4000);
    page.again.textContent = sure ? "Start over" : "Really start over?";
    if (!sure) return say("Press again: the labels go back to how they began, the time to 0. This cannot be undone.");
    map.labels.set(start);
    history = new History();
    watch.seconds = 0;
    watch.running = false;
    state.corners = [];
    changed();
    kernel.save();
    say("Labels and time are as they began.");
  }

  // --- the kernel and the clock ----------------------------------------------------------------------------------------

  function adopt(labels) {
    endStroke();
    const old = map.labels.slice();
    map.labels.set(labels);
    history.note(old, map.labels);
    changed();
  }

  function askForScore() {
    if (kernel.isWaiting()) return;
    endStroke();
    if (map.labels.every((label) => label === VOID)) return say("Paint something first.");
    watch.running = false;
    kernel.ask();
  }

  function showScore(report, asked) {
    panel.show(report);
    update({});
    if (!asked) return;
    panel.root.querySelector("h3").focus({ preventScroll: true });
    panel.root.scrollIntoView({ block: "nearest" });
  }

  function showWaiting(yes) {
    switchOn(page.score, !yes);
    page.score.textContent = yes ? "Scoring …" : panel.root.hidden ? "Score my labels" : "Score again";
  }

  function complain(text) {
    page.trouble.textContent = text;
    page.trouble.hidden = !text;
  }

  function tellTime() {
    if (page.time.textContent !== clock(watch.seconds)) page.time.textContent = clock(watch.seconds);
  }

  const clockwork = setInterval(() => {
    watch.tick(performance.now(), inSight && !document.hidden);
    tellTime();
  }, 250);

  // --- what is seen ----------------------------------------------------------------------------------------------------

  // What depends on the labels alone is made again when they change; the slower part waits for the end of a stroke.
  let stale = true;
  function relabel() {
    picture.recolor();
    const total = map.labels.length;
    const counts = new Array(256).fill(0);
    map.labels.forEach((label) => counts[label]++);
    const done = percent(total - counts[VOID], total);
    page.shareText.textContent = `${done} % labelled`;
    page.shareBar.style.width = `${done}%`;
    stale = false;
    if (before) return;
    picture.rename();
    page.chipNodes.forEach(({ amount }, id) => (amount.textContent = counts[id] ? `${percent(counts[id], total)} %` : ""));
    switchOn(page.undo, history.done > 0);
    switchOn(page.redo, history.done < history.steps.length);
    switchOn(page.rest, counts[VOID] > 0);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    if (stale) relabel();
    page.closing.hidden = state.corners.length < 3;
    page.rest.textContent = `Fill the rest with ${categories[state.label].name}`;
    page.sizes.label.classList.toggle("pp-idle", state.tool === "fill" || state.tool === "outline");
    picture.draw(main, state, ratio);
    picture.magnify(page.lens, state, ratio);
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
    if (page.status.dataset.text === text) return; // a screen reader would say it again
    page.status.dataset.text = text;
    page.status.replaceChildren(...parts);
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

  const redraw = oncePerFrame(draw);
  function update(change) {
    Object.assign(state, change);
    redraw();
  }

  // --- pointer and keys ------------------------------------------------------------------------------------------------

  let last = null; // where the pointer's stroke has come to; may lie outside the picture
  main.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault(); // nobody wants to select text while painting
    main.focus({ preventScroll: true });
    main.setPointerCapture(event.pointerId);
    last = inside(map, positionOf(main, map, event));
    update({ pixel: last });
    const scale = main.getBoundingClientRect().width / width;
    const [first] = state.corners;
    const closes = first && state.corners.length > 2 && Math.hypot(first.row - last.row, first.column - last.column) * scale < 9;
    if (closes) closeOutline();
    else press(last, "pointer");
  });
  main.addEventListener("pointermove", (event) => {
    const here = positionOf(main, map, event);
    if (performance.now() - saidAt > 2000) said = "";
    update({ pixel: inside(map, here) });
    if (held !== "pointer") return;
    draw1(last, here);
    last = here;
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    main.addEventListener(type, () => held === "pointer" && endStroke());
  }

  function moveTo(pixel) {
    const from = state.pixel;
    said = "";
    update({ pixel });
    if (held === "key") draw1(from, pixel);
  }

  /** The keys of the picture itself; elsewhere they belong to buttons and sliders. */
  function pictureKey(event) {
    const { key } = event;
    const to = keyMove(map, state.pixel, key, event.shiftKey);
    if (to) return moveTo(to), true;
    if (state.corners.length && key === "Escape") return update({ corners: [] }), true;
    if (state.corners.length && key === "Backspace") return update({ corners: state.corners.slice(0, -1) }), true;
    if (state.tool === "outline" && key === "Enter" && state.corners.length > 2) return closeOutline(), true;
    if (key !== " " && key !== "Enter") return false;
    if (!event.repeat) press(state.pixel, "key");
    return true;
  }

  function toolKey(key) {
    const size = state.size + { "[": -1, "]": 1 }[key];
    if (key in TOOL_KEYS) chooseTool(TOOL_KEYS[key]);
    else if (key === "r") fillRest();
    else if (size in SIZES) {
      page.sizes.set(size);
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

  page.sizes.set(state.size);
  page.opacities.set(100 * opacity);
  tellTime();
  el.replaceChildren(root);
  update({});
  const resized = new ResizeObserver(redraw);
  resized.observe(root);
  // In JupyterLab another tab hides this one without hiding the page.
  const seen = new IntersectionObserver((entries) => (inSight = entries.at(-1).isIntersecting));
  seen.observe(main);
  kernel.hello();
  return () => {
    kernel.leave();
    clearInterval(clockwork);
    clearTimeout(surely);
    resized.disconnect();
    seen.disconnect();
  };
}

export default { render };
