// The IoU explorer in the browser. The kernel sends the data once and is never asked again. `page.js` and `iou_masks.js`,
// where stands what is done to masks, come first in this module.

const AREAS = [
  // what it is called in the result, its colour, its name, what it means
  ["both", "both", "Both", "intersection"],
  ["onlyTruth", "truth", "Only truth", "missed"],
  ["onlyPrediction", "prediction", "Only prediction", "too much"],
];
const GREY = 112; // where no picture is given
const CHART = { left: 36, right: 8, top: 24, bottom: 34, width: 330, height: 190 };

function shape(tag, className, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  node.setAttribute("class", className);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** The mini chart: a dot at (distance moved, IoU) for each pose that the learner has been in. */
function makeChart(margin, foundAbove) {
  const { left, right, top, bottom, width, height } = CHART;
  const furthest = Math.max(1, Math.hypot(margin, margin));
  const x = (distance) => left + (distance / furthest) * (width - left - right);
  const y = (iou) => height - bottom - iou * (height - top - bottom);
  const svg = shape("svg", "ix-chart", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  for (const iou of [0, 0.5, 1]) {
    svg.append(shape("line", "ix-grid", { x1: left, x2: width - right, y1: y(iou), y2: y(iou) }));
    svg.append(shape("text", "", { x: left - 10, y: y(iou) + 4, "text-anchor": "end" }, String(iou)));
  }
  svg.append(shape("line", "ix-threshold", { x1: left, x2: width - right, y1: y(foundAbove), y2: y(foundAbove) }));
  const every = [1, 2, 5, 10, 20, 50, 100, 200].find((step) => furthest / step < 8) ?? 500;
  for (let distance = 0; distance <= furthest; distance += every) {
    svg.append(shape("text", "", { x: x(distance), y: height - bottom + 17, "text-anchor": "middle" }, String(distance)));
  }
  svg.append(shape("text", "", { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" }, "distance moved, in pixels"));
  svg.append(shape("text", "ix-axis", { x: left - 10, y: 10, "text-anchor": "end" }, "IoU"));
  const invitation = shape("text", "", { x: (left + width) / 2, y: y(0.72), "text-anchor": "middle" }, "Move the prediction: each place leaves a dot.");
  svg.append(invitation);
  svg.append(shape("text", "", { x: width - right, y: 10, "text-anchor": "end" }, "● moved   □ grown or shrunk too"));
  const dots = shape("g", "", {});
  const here = shape("circle", "ix-here", { r: 6 });
  svg.append(dots, here);
  const seen = new Set();
  return {
    svg,
    clear() {
      seen.clear();
      dots.replaceChildren();
    },
    add({ down, right: across, size }, iou) {
      const distance = Math.hypot(down, across);
      here.style.display = Number.isNaN(iou) ? "none" : "";
      if (!Number.isNaN(iou)) {
        here.setAttribute("cx", x(distance));
        here.setAttribute("cy", y(iou));
        const key = `${down} ${across} ${size}`;
        // A round dot for the size it began with, a hollow square for any other.
        const square = { x: x(distance) - 2.5, y: y(iou) - 2.5, width: 5, height: 5 };
        if (!seen.has(key)) dots.append(size ? shape("rect", "ix-dot", square) : shape("circle", "ix-dot", { cx: x(distance), cy: y(iou), r: 3 }));
        seen.add(key);
      }
      invitation.style.display = seen.size > 1 ? "none" : "";
      const label = `Chart of IoU against the distance moved: ${seen.size} places so far, now ${digits(iou)} at ${distance.toFixed(1)} pixels.`;
      svg.setAttribute("aria-label", label);
    },
  };
}

function render({ model, el }) {
  const info = model.get("info");
  const { height, width, margin, colors, foundAbove } = info;
  const [truth, prediction] = ["truth", "prediction"].map((name) => unpack(info, model.get(name)));
  const image = bytesOf(model.get("image"));
  const deepest = depth(prediction);
  const photo = photoOf(info, image.length ? image : new Uint8Array(3 * height * width).fill(GREY));
  const truthLines = borders(truth, truth.pixels);
  const truthPath = pathOf(truthLines);
  const paints = [0, ...["truth", "prediction", "both"].map((name) => packed(...colors[name]))]; // by area
  const area = (at) => truth.pixels[at] + 2 * now.pixels[at];
  let pose = START;

  // JupyterLab takes the arrow keys for itself unless an element asks it not to.
  const root = element("div", "ix", "", { "data-lm-suppress-shortcuts": "true", role: "group", "aria-label": "IoU explorer" });
  for (const [name, color] of Object.entries(colors)) root.style.setProperty(`--ix-${name}`, cssColor(color));
  const bar = element("div", "ix-bar");
  const title = element("div", "ix-title", "IoU explorer");
  title.append(element("span", "", `${info.picture.join(" × ")}, enlarged`));
  const buttons = element("div", "ix-buttons");
  const button = (text, label, act) => {
    const node = element("button", "", text, { type: "button", title: label });
    node.addEventListener("click", act);
    buttons.append(node);
    return node;
  };
  const shrink = button("− Shrink", "Shrink the prediction by one pixel (key -)", () => update(move(pose, "-")));
  const enlarge = button("+ Grow", "Grow the prediction by one pixel (key +)", () => update(move(pose, "+")));
  button("Reset", "Put the prediction back and forget the dots (key Home)", reset);
  bar.append(title, buttons);

  const main = element("div", "ix-main");
  const stage = element("div");
  const canvas = element("canvas", "ix-canvas", "", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "picture",
    "aria-label": "The true mask and the prediction. Arrow keys move the prediction by one pixel, with Shift by ten; plus and minus grow and shrink it; Home puts it back.",
  });
  const hint = element("div", "ix-hint");
  hint.innerHTML =
    "Drag the prediction, or click it and use <kbd>←</kbd> <kbd>↑</kbd> <kbd>↓</kbd> <kbd>→</kbd> (with <kbd>Shift</kbd> ten pixels); <kbd>+</kbd> <kbd>−</kbd> grow and shrink it, <kbd>Home</kbd> puts it back.";
  const status = statusLine("ix-status");
  stage.append(canvas, status, hint);

  const panel = element("div", "ix-panel");
  // For the eye; the status line says the same in words.
  const formula = element("div", "ix-formula", "", { "aria-hidden": "true" });
  const fraction = (above, below) => {
    const node = element("span", "ix-fraction");
    node.append(element("span", "", above), element("span", "", below));
    return node;
  };
  const numbers = fraction("", "");
  const value = element("b");
  formula.append("IoU =", fraction("intersection", "union"), "=", numbers, "=", value);
  const meter = element("div", "ix-meter", "", { "aria-hidden": "true" });
  const strip = element("div", "ix-strip");
  const parts = AREAS.map(([, color]) => element("span", `ix-${color}`));
  strip.append(...parts);
  const tick = element("div", "ix-tick", "", { style: `left: ${100 * foundAbove}%` });
  const ticks = element("div", "ix-scale", "", { "aria-hidden": "true" });
  ticks.append(...["0", String(foundAbove), "1"].map((text) => element("span", "", text)));
  meter.append(strip, tick);
  const judged = element("div", "", "", { "aria-hidden": "true" });
  const table = element("table", "ix-areas");
  table.append(element("caption", "ix-unseen", "The areas in pixels"));
  const cells = [...AREAS, ["union", "", "Union", "all three"]].map(([, color, name, meaning]) => {
    const row = element("tr");
    const head = element("th", "", "", { scope: "row" });
    if (color) head.append(element("span", `ix-swatch ix-${color}`, "", { "aria-hidden": "true" }));
    head.append(name, element("small", "", meaning));
    const cell = element("td");
    row.append(head, cell);
    table.append(row);
    return cell;
  });
  const chart = makeChart(margin, foundAbove);
  panel.append(formula, meter, ticks, judged, table, chart.svg);
  main.append(stage, panel);
  root.append(bar, main);

  let grown = { by: 0, mask: grow(prediction, 0) };
  let now, result;
  function count() {
    if (grown.by !== pose.size) grown = { by: pose.size, mask: grow(prediction, pose.size) };
    now = posed(grown.mask, pose, info);
    result = compare(truth, now);
    const set = (mask) => mask.pixels.reduce((sum, pixel) => sum + pixel, 0);
    const lost = set(grown.mask) - set(now);
    [numbers.children[0].textContent, numbers.children[1].textContent] = [result.both, result.union];
    value.textContent = digits(result.iou);
    AREAS.forEach(([name], number) => {
      parts[number].style.width = `${(100 * result[name]) / (result.union || 1)}%`;
      cells[number].textContent = result[name];
    });
    cells[3].textContent = result.union;
    const sign = result.union ? (result.iou > foundAbove ? "✓" : "✗") : "–";
    judged.textContent = `${sign} ${verdict(result.iou, foundAbove)}`;
    status.textContent = tell(pose, result, lost, foundAbove);
    // Not `disabled`, which would take the focus from who presses it by keyboard.
    shrink.setAttribute("aria-disabled", pose.size <= -deepest);
    enlarge.setAttribute("aria-disabled", pose.size >= margin);
    chart.add(pose, result.iou);
  }

  /** A word at a corner of the box around a mask, where it stays in the picture. */
  function writeTag(context, text, lines, color, atTop, scale, ratio) {
    if (!lines.length) return;
    context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    const [boxWidth, boxHeight, gap] = [context.measureText(text).width + 10 * ratio, 18 * ratio, 5 * ratio];
    // Of the outline [x0, y0, x1, y1] the first ends lie left and above, the second ones right and below.
    const corner = [0, 1].map((axis) => lines.reduce((edge, line) => (atTop ? Math.min(edge, line[axis]) : Math.max(edge, line[axis + 2])), atTop ? width + height : 0));
    const left = corner[0] * scale - (atTop ? 0 : boxWidth);
    const top = corner[1] * scale + (atTop ? -boxHeight - gap : gap);
    const x = Math.min(Math.max(left, gap), canvas.width - boxWidth - gap);
    const y = Math.min(Math.max(top, gap), canvas.height - boxHeight - gap);
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x, y, boxWidth, boxHeight, 4 * ratio);
    context.fill();
    context.fillStyle = "#000";
    context.textBaseline = "middle";
    context.fillText(text, x + 5 * ratio, y + boxHeight / 2 + ratio / 2);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const context = fit(canvas, info, ratio);
    const scale = canvas.width / width;
    context.imageSmoothingEnabled = false; // nearest neighbour: an area's colours do not mix
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    context.fillStyle = "rgba(0,0,0,0.4)";
    context.fillRect(0, 0, canvas.width, canvas.height);

    context.globalAlpha = 0.78;
    context.drawImage(bitmap(info, (at) => paints[area(at)]), 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
    for (const kind of [1, 2]) {
      context.drawImage(filled(canvas, info, (at) => area(at) === kind, errorStripes(kind === 1, ratio)), 0, 0);
    }

    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.lineCap = "round";
    const nowLines = borders(now, now.pixels);
    const nowPath = pathOf(nowLines);
    for (const [path, color, line, dash] of [
      [truthPath, "#000", 4.5, []],
      [truthPath, "#fff", 2.5, []],
      [nowPath, "#000", 3.5, []],
      [nowPath, cssColor(colors.prediction), 2, [5, 4]],
    ]) {
      context.strokeStyle = color;
      context.lineWidth = (line * ratio) / scale;
      context.setLineDash(dash.map((length) => (length * ratio) / scale));
      context.stroke(path);
    }
    context.setLineDash([]);
    context.setTransform(1, 0, 0, 1, 0, 0);
    writeTag(context, "truth", truthLines, "#fff", true, scale, ratio);
    writeTag(context, "prediction", nowLines, cssColor(colors.prediction), false, scale, ratio);
  }

  const redraw = oncePerFrame(draw);
  function update(wanted) {
    const next = limited(wanted, margin, deepest);
    const same = next.down === pose.down && next.right === pose.right && next.size === pose.size;
    pose = next;
    if (!same || !now) count();
    redraw();
  }

  function reset() {
    chart.clear();
    now = null;
    update(START);
  }

  let grip = null; // where a drag began: the pointer's position in the picture, and the pose
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    grip = { ...positionOf(canvas, info, event), pose };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const { row, column } = positionOf(canvas, info, event); // the pixel that was taken stays under the pointer
    update({ down: grip.pose.down + row - grip.row, right: grip.pose.right + column - grip.column, size: pose.size });
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (grip = null));
  canvas.addEventListener("keydown", (event) => {
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : move(pose, event.key, event.shiftKey);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Home") reset();
    else update(next);
  });

  el.replaceChildren(root);
  update(START);
  const observer = new ResizeObserver(redraw);
  observer.observe(root);
  return () => observer.disconnect();
}

export default { render };
