// The viewer in the browser. The first half is pure: it reads a scene and can be tested without a page.
// The second half draws it. The kernel sends the data once and is never asked again.

const LENS = 9; // pixels across the magnifier
const NARROW = 480; // screen pixels

/** What the kernel sent, with the bytes as typed arrays: image RGB, and for each pixel the place of its segment. */
export function unpack(info, imageView, indexView) {
  const copy = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const image = new Uint8Array(copy(imageView));
  const index = new Uint16Array(info.labelled ? copy(indexView) : info.height * info.width * 2);
  return { ...info, image, index, categories: info.categories ?? [], segments: info.segments ?? [] };
}

/** Everything that is known about one pixel; category and segment are null for void. */
export function lookUp(scene, row, column) {
  const at = row * scene.width + column;
  const segment = scene.segments[scene.index[at] - 1] ?? null;
  const category = segment && scene.categories[segment.category];
  return { row, column, rgb: [...scene.image.slice(3 * at, 3 * at + 3)], category, segment, labelled: scene.labelled };
}

/** The parts of the status line for one pixel, in words. */
export function statusParts(scene, pixel) {
  const parts = [`row ${pixel.row}, column ${pixel.column}`, `RGB ${pixel.rgb.join(" ")}`];
  if (!pixel.labelled) return parts;
  if (!pixel.segment) return [...parts, "void: no label"];
  const { id, isthing, area } = pixel.segment;
  const share = ((100 * area) / (scene.height * scene.width)).toFixed(1);
  return [...parts, `${pixel.category.name} (${isthing ? "thing" : "stuff"})`, `segment ${id}`, `${area} pixels, ${share} %`];
}

/** Where a key leads from a position, or null if the key is none of ours. With Shift, ten pixels at a time. */
export function move(scene, { row, column }, key, shift) {
  const step = shift ? 10 : 1;
  const moves = {
    ArrowUp: [row - step, column],
    ArrowDown: [row + step, column],
    ArrowLeft: [row, column - step],
    ArrowRight: [row, column + step],
    Home: [row, 0],
    End: [row, scene.width - 1],
  };
  if (!moves[key]) return null;
  const clamp = (value, count) => Math.min(Math.max(value, 0), count - 1);
  return { row: clamp(moves[key][0], scene.height), column: clamp(moves[key][1], scene.width) };
}

/** For each pixel the number of what a layer tells apart: categories, or segments; 0 where it says nothing. */
export function layerKeys(scene, layer) {
  const key = scene.segments.map((segment, place) => {
    if (layer === "semantic") return segment.category + 1;
    return layer === "panoptic" || segment.isthing ? place + 1 : 0;
  });
  return scene.index.map((place) => (place ? key[place - 1] : 0));
}

/** The colours of a layer as RGBA bytes; transparent where it says nothing or the category is hidden. */
export function layerColors(scene, layer, hidden) {
  const rgba = new Uint8ClampedArray(4 * scene.index.length);
  scene.index.forEach((place, at) => {
    const segment = scene.segments[place - 1];
    if (!segment) {
      rgba[4 * at + 3] = scene.labelled && layer !== "instances" ? 255 : 0; // void is black
    } else if (!hidden.has(segment.category) && (layer !== "instances" || segment.isthing)) {
      const color = layer === "semantic" ? scene.categories[segment.category].color : segment.color;
      rgba.set([...color, 255], 4 * at);
    }
  });
  return rgba;
}

/** Lines [x0, y0, x1, y1] wherever two neighbours in an `[H, W]` array of numbers differ; beyond the edge all is 0. */
export function borders(numbers, height, width) {
  const lines = [];
  const get = (row, column) => (row < 0 || column < 0 || row === height || column === width ? 0 : numbers[row * width + column]);
  for (let row = 0; row <= height; row++) {
    for (let column = 0; column <= width; column++) {
      const here = get(row, column);
      if (column < width && here !== get(row - 1, column)) lines.push([column, row, column + 1, row]);
      if (row < height && here !== get(row, column - 1)) lines.push([column, row, column, row + 1]);
    }
  }
  return lines;
}

function pathOf(scene, numbers) {
  const path = new Path2D();
  for (const [x0, y0, x1, y1] of borders(numbers, scene.height, scene.width)) {
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
  }
  return path;
}

function element(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function swatch(color) {
  const node = element("span", "pv-swatch", "", { "aria-hidden": "true" });
  node.style.background = `rgb(${color.join(",")})`;
  return node;
}

/** A group of radio buttons that looks like one control; calls `choose` with the value. */
function choice(legend, values, value, choose) {
  const group = element("fieldset", "pv-choice");
  group.append(element("legend", "pv-unseen", legend));
  const name = `pv-${legend}-${Math.random().toString(36).slice(2)}`;
  for (const each of values) {
    const label = element("label");
    const input = element("input", "", "", { type: "radio", name, value: each });
    input.checked = each === value;
    input.addEventListener("change", () => choose(each));
    label.append(input, element("span", "", each[0].toUpperCase() + each.slice(1)));
    group.append(label);
  }
  return group;
}

function bitmap(scene, rgba) {
  const canvas = element("canvas");
  canvas.width = scene.width;
  canvas.height = scene.height;
  canvas.getContext("2d").putImageData(new ImageData(rgba, scene.width), 0, 0);
  return canvas;
}

function photoOf(scene) {
  const rgba = new Uint8ClampedArray(4 * scene.index.length);
  for (let at = 0; at < scene.index.length; at++) {
    rgba.set([scene.image[3 * at], scene.image[3 * at + 1], scene.image[3 * at + 2], 255], 4 * at);
  }
  return bitmap(scene, rgba);
}

/** A layer of grey diagonal lines on void, so that nobody takes it for a dark category. */
function voidHatching(scene, width, height) {
  const tile = element("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = "rgb(130,130,130)";
  pen.lineWidth = 1.5;
  for (const x of [-8, 0, 8]) {
    pen.moveTo(x, 8);
    pen.lineTo(x + 8, 0);
  }
  pen.stroke();
  const rgba = new Uint8ClampedArray(4 * scene.index.length);
  scene.index.forEach((place, at) => (rgba[4 * at + 3] = place ? 0 : 255));
  const layer = element("canvas");
  layer.width = width;
  layer.height = height;
  const context = layer.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap(scene, rgba), 0, 0, width, height);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = context.createPattern(tile, "repeat");
  context.fillRect(0, 0, width, height);
  return layer;
}

/** Strokes a path white on black, which shows on any colour; `scale` is screen pixels for one pixel of the picture. */
function strokeTwice(context, path, scale, width) {
  for (const [color, each] of [["#000", width + 2], ["#fff", width]]) {
    context.strokeStyle = color;
    context.lineWidth = each / scale;
    context.stroke(path);
  }
}

/** What can be written on a layer: `[text, shorter text, point, colour]`. */
function namesOf(scene, layer, hidden) {
  if (layer === "semantic") {
    const shown = scene.categories.filter((category) => category.point && !hidden.has(category.id));
    return shown.map((category) => [category.name, "", category.point, category.color]);
  }
  return scene.segments
    .filter((segment) => segment.point && !hidden.has(segment.category) && (segment.isthing || layer === "panoptic"))
    .map((segment) => {
      const { name } = scene.categories[segment.category];
      return segment.isthing ? [`${name} ${segment.id}`, `${segment.id}`, segment.point, segment.color] : [name, "", segment.point, segment.color];
    });
}

function writeNames(context, names, scale, ratio) {
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3 * ratio;
  for (const [long, short, [row, column, room], color] of names) {
    const text = [long, short].find((each) => each && context.measureText(each).width + 4 * ratio < 2 * room * scale);
    if (!text) continue;
    const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140;
    context.strokeStyle = light ? "rgba(255,255,255,0.75)" : "rgba(0,0,0,0.65)";
    context.fillStyle = light ? "#000" : "#fff";
    context.strokeText(text, (column + 0.5) * scale, (row + 0.5) * scale);
    context.fillText(text, (column + 0.5) * scale, (row + 0.5) * scale);
  }
}

/** The neighbourhood of a pixel as large squares with a grid; what lies beyond the picture stays empty. */
function drawLens(canvas, source, { row, column }, ratio) {
  const cell = 10 * ratio;
  canvas.width = canvas.height = LENS * cell + ratio;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const half = LENS >> 1;
  context.drawImage(source, column - half, row - half, LENS, LENS, 0, 0, LENS * cell, LENS * cell);
  context.fillStyle = "rgba(128,128,128,0.55)";
  for (let line = 0; line <= LENS; line++) {
    context.fillRect(line * cell, 0, ratio, canvas.height);
    context.fillRect(0, line * cell, canvas.width, ratio);
  }
  const path = new Path2D();
  path.rect(half * cell + ratio / 2, half * cell + ratio / 2, cell, cell);
  strokeTwice(context, path, 1, 2 * ratio);
}

function render({ model, el }) {
  const scene = unpack(model.get("info"), model.get("image"), model.get("index"));
  const photo = photoOf(scene);
  const state = {
    layer: scene.layer,
    layout: "beside",
    opacity: scene.opacity,
    hidden: new Set(), // ids of categories
    pixel: { row: scene.height >> 1, column: scene.width >> 1 },
    chip: null, // the category whose chip has the pointer or the focus
  };

  const root = element("div", "pv", "", { role: "group", "aria-label": `Viewer of ${scene.name}` });
  // JupyterLab would take plain keys for its own: an arrow selects another cell, "x" cuts one.
  root.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.altKey || event.stopPropagation());
  const bar = element("div", "pv-bar");
  const title = element("div", "pv-title", scene.name);
  title.append(element("span", "", `${scene.height} × ${scene.width}`));
  bar.append(title);
  const panes = element("div", "pv-panes");
  const plain = element("canvas", "pv-plain", "", { "aria-hidden": "true" });
  const main = element("canvas", "pv-main", "", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "picture",
    "aria-label": `${scene.name}, ${scene.height} rows by ${scene.width} columns. Arrow keys move by one pixel, with Shift by ten.`,
  });
  panes.append(plain, main);
  const about = element("div", "pv-about");
  const lenses = element("div", "pv-lenses", "", { "aria-hidden": "true" });
  const lensPhoto = element("canvas", "pv-lens");
  const lensLabels = element("canvas", "pv-lens");
  lenses.append(lensPhoto, lensLabels);
  const words = element("div");
  const status = element("div", "pv-status", "", { role: "status", "aria-live": "polite", "aria-atomic": "true" });
  const hint = element("div", "pv-hint");
  hint.innerHTML = "Point at the picture, or click it and use <kbd>←</kbd> <kbd>↑</kbd> <kbd>↓</kbd> <kbd>→</kbd>, with <kbd>Shift</kbd> ten pixels at a time.";
  words.append(status, hint);
  about.append(lenses, words);
  root.append(bar, panes, about);
  if (scene.labelled) addControls();
  else {
    plain.hidden = lensLabels.hidden = true;
    const note = "This picture has no labels: the viewer can tell where a pixel is and its colour, not what it shows.";
    root.append(element("p", "pv-note", note));
  }

  function addControls() {
    bar.append(choice("Labels", ["semantic", "instances", "panoptic"], state.layer, (layer) => update({ layer })));
    bar.append(choice("Layout", ["beside", "over"], state.layout, (layout) => update({ layout })));
    const opacity = element("label", "pv-opacity", "Opacity");
    const slider = element("input", "", "", { type: "range", min: 0, max: 100, step: 5 });
    slider.value = 100 * state.opacity;
    const percent = element("output", "", `${slider.value} %`);
    slider.addEventListener("input", () => {
      percent.textContent = `${slider.value} %`;
      update({ opacity: slider.value / 100 });
    });
    opacity.append(slider, percent);
    bar.append(opacity);

    const chips = element("fieldset", "pv-chips");
    chips.append(element("legend", "pv-unseen", "Categories shown"));
    for (const category of scene.categories.filter((each) => each.area)) {
      const chip = element("label", "pv-chip");
      const box = element("input", "", "", { type: "checkbox", "aria-label": category.name });
      box.checked = true;
      box.addEventListener("change", () => {
        const hidden = new Set(state.hidden);
        hidden[box.checked ? "delete" : "add"](category.id);
        update({ hidden });
      });
      const share = ((100 * category.area) / scene.index.length).toFixed(1);
      chip.append(box, swatch(category.color), element("span", "pv-name", category.name), element("small", "", `${share} %`));
      chip.addEventListener("pointerenter", () => update({ chip: category.id }));
      chip.addEventListener("pointerleave", () => update({ chip: null }));
      box.addEventListener("focus", () => box.matches(":focus-visible") && update({ chip: category.id }));
      box.addEventListener("blur", () => update({ chip: null }));
      chips.append(chip);
    }
    root.append(chips);
  }

  // What depends on the layer and the hidden categories alone is made once for each of their values.
  let keys, colors, edges, outlines, hatching;
  function relabel() {
    keys = layerKeys(scene, state.layer);
    colors = bitmap(scene, layerColors(scene, state.layer, state.hidden));
    const shown = scene.segments.map(({ isthing, category }) => isthing && !state.hidden.has(category));
    edges = state.layer === "semantic" ? null : pathOf(scene, scene.index.map((place) => (shown[place - 1] ? place : 0)));
    outlines = new Map();
  }

  /** The outline of what the pointer is on: a chip's category, or what the layer tells apart at the pixel. */
  function markedPath() {
    const { row, column } = state.pixel;
    const key = state.chip === null ? keys[row * scene.width + column] : -1 - state.chip;
    if (key && !outlines.has(key)) {
      const isIn = scene.segments.map((segment) => segment.category === state.chip);
      const numbers = key > 0 ? keys.map((each) => (each === key ? 1 : 0)) : scene.index.map((place) => (isIn[place - 1] ? 1 : 0));
      outlines.set(key, pathOf(scene, numbers));
    }
    return outlines.get(key);
  }

  function drawPane(canvas, labelled, ratio) {
    const { width, height } = canvas;
    const scale = width / scene.width;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = scale < 1; // nearest neighbour, unless the picture must shrink
    context.drawImage(photo, 0, 0, width, height);
    if (labelled) {
      context.globalAlpha = state.opacity;
      context.drawImage(colors, 0, 0, width, height);
      if (hatching?.width !== width) hatching = voidHatching(scene, width, height);
      if (state.layer !== "instances") context.drawImage(hatching, 0, 0);
      context.globalAlpha = 1;
      if (state.opacity >= 0.25) writeNames(context, namesOf(scene, state.layer, state.hidden), scale, ratio);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (labelled && edges && state.opacity > 0) {
      context.lineWidth = (1.25 * ratio) / scale;
      context.strokeStyle = "rgba(255,255,255,0.9)";
      context.stroke(edges);
    }
    const marked = scene.labelled && markedPath();
    if (marked) strokeTwice(context, marked, scale, 1.5 * ratio);
    const { row, column } = state.pixel;
    const side = Math.max(1, (7 * ratio) / scale);
    const cursor = new Path2D();
    cursor.rect(column + 0.5 - side / 2, row + 0.5 - side / 2, side, side);
    strokeTwice(context, cursor, scale, 1.5 * ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    panes.classList.toggle("pv-beside", scene.labelled && state.layout === "beside");
    plain.hidden = !scene.labelled || state.layout === "over";
    for (const canvas of [plain, main].filter((each) => !each.hidden)) {
      const width = Math.round((canvas.clientWidth || 320) * ratio);
      const height = Math.round((width * scene.height) / scene.width);
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      drawPane(canvas, canvas === main && scene.labelled, ratio);
    }
    drawLens(lensPhoto, photo, state.pixel, ratio);
    if (scene.labelled) drawLens(lensLabels, colors, state.pixel, ratio);
  }

  function tell() {
    const pixel = lookUp(scene, state.pixel.row, state.pixel.column);
    const marks = { 1: pixel.rgb, 2: pixel.category?.color }; // by the place of the part
    const nodes = statusParts(scene, pixel).flatMap((text, number) => {
      const part = element("span");
      if (marks[number]) part.append(swatch(marks[number]));
      part.append(text);
      return number ? [" · ", part] : [part];
    });
    status.replaceChildren(...nodes);
  }

  let waiting = false;
  function update(change) {
    Object.assign(state, change);
    if ("layer" in change || "hidden" in change) relabel();
    if ("pixel" in change) tell();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }

  for (const canvas of [plain, main]) {
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const row = Math.floor(((event.clientY - box.top) / box.height) * scene.height);
      const column = Math.floor(((event.clientX - box.left) / box.width) * scene.width);
      if (row >= 0 && row < scene.height && column >= 0 && column < scene.width) update({ pixel: { row, column } });
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
  }
  plain.addEventListener("click", () => main.focus({ preventScroll: true }));
  main.addEventListener("keydown", (event) => {
    const pixel = event.ctrlKey || event.metaKey || event.altKey ? null : move(scene, state.pixel, event.key, event.shiftKey);
    if (!pixel) return;
    event.preventDefault();
    update({ pixel });
  });

  el.replaceChildren(root);
  relabel();
  update({ pixel: state.pixel });
  let first = true;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    // Two pictures in a narrow place would stand one below the other, too high to see both at once.
    if (first && contentRect.width > 0 && contentRect.width < NARROW) root.querySelector('input[value="over"]')?.click();
    first &&= contentRect.width === 0;
    update({});
  });
  observer.observe(root);
  return () => observer.disconnect();
}

export default { render };
