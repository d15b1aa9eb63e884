// The viewer in the browser. The first half is pure: it reads a scene and can be tested without a page.
// The second half draws it. The kernel sends the data once and is never asked again. page.js stands before this text.

const LENS = { across: 9, cell: 10 };
const NARROW = 480; // screen pixels

/** What the kernel sent, with the bytes as typed arrays: image RGB, and for each pixel the place of its segment. */
export function unpack(info, imageView, indexView) {
  const index = info.labelled ? new Uint16Array(bytesOf(indexView).buffer) : new Uint16Array(info.height * info.width);
  return { ...info, image: bytesOf(imageView), index, categories: info.categories ?? [], segments: info.segments ?? [] };
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

/** For each pixel the number of what a layer tells apart: categories, or segments; 0 where it says nothing. */
export function layerKeys(scene, layer) {
  const key = scene.segments.map((segment, place) => {
    if (layer === "semantic") return segment.category + 1;
    return layer === "panoptic" || segment.isthing ? place + 1 : 0;
  });
  return scene.index.map((place) => (place ? key[place - 1] : 0));
}

/** The packed colour of the pixel at a place in a layer; transparent where it says nothing or the category is hidden. */
export function layerColor(scene, layer, hidden) {
  const colors = scene.segments.map((segment) => {
    if (hidden.has(segment.category) || (layer === "instances" && !segment.isthing)) return 0;
    return packed(...(layer === "semantic" ? scene.categories[segment.category].color : segment.color));
  });
  const none = scene.labelled && layer !== "instances" ? packed(0, 0, 0) : 0; // void is black
  return (at) => (scene.index[at] ? colors[scene.index[at] - 1] : none);
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
  startNames(context, ratio);
  for (const [long, short, [row, column, room], color] of names) {
    const text = [long, short].find((each) => each && context.measureText(each).width + 4 * ratio < 2 * room * scale);
    if (text) writeName(context, text, (column + 0.5) * scale, (row + 0.5) * scale, color);
  }
}

function render({ model, el }) {
  const scene = unpack(model.get("info"), model.get("image"), model.get("index"));
  const photo = photoOf(scene, scene.image);
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
  const status = statusLine("pv-status");
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
    bar.append(choice("Labels", ["semantic", "instances", "panoptic"], state.layer, (layer) => update({ layer })).group);
    bar.append(choice("Layout", ["beside", "over"], state.layout, (layout) => update({ layout })).group);
    const opacity = slider("Opacity", 100, 5, (percent) => `${percent} %`, (percent) => update({ opacity: percent / 100 }));
    opacity.set(100 * state.opacity);
    bar.append(opacity.label);

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

  const outlineOf = (numbers) => pathOf(borders(scene, numbers));
  // What depends on the layer and the hidden categories alone is made once for each of their values.
  let keys, colors, edges, outlines, hatching;
  const voidStripes = stripes(8, true, 1.5, "rgb(130,130,130)"); // so that nobody takes void for a dark category
  function relabel() {
    keys = layerKeys(scene, state.layer);
    colors = bitmap(scene, layerColor(scene, state.layer, state.hidden));
    const shown = scene.segments.map(({ isthing, category }) => isthing && !state.hidden.has(category));
    edges = state.layer === "semantic" ? null : outlineOf(scene.index.map((place) => (shown[place - 1] ? place : 0)));
    outlines = new Map();
  }

  /** The outline of what the pointer is on: a chip's category, or what the layer tells apart at the pixel. */
  function markedPath() {
    const { row, column } = state.pixel;
    const key = state.chip === null ? keys[row * scene.width + column] : -1 - state.chip;
    if (key && !outlines.has(key)) {
      const isIn = scene.segments.map((segment) => segment.category === state.chip);
      const numbers = key > 0 ? keys.map((each) => (each === key ? 1 : 0)) : scene.index.map((place) => (isIn[place - 1] ? 1 : 0));
      outlines.set(key, outlineOf(numbers));
    }
    return outlines.get(key);
  }

  function drawPane(canvas, labelled, ratio) {
    const context = fit(canvas, scene, ratio);
    const { width, height } = canvas;
    const scale = width / scene.width;
    context.drawImage(photo, 0, 0, width, height);
    if (labelled) {
      context.globalAlpha = state.opacity;
      context.drawImage(colors, 0, 0, width, height);
      if (hatching?.width !== width) hatching = filled(canvas, scene, (at) => !scene.index[at], voidStripes);
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
    strokeTwice(context, cursorAround(state.pixel, scale, ratio), scale, 1.5 * ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    panes.classList.toggle("pv-beside", scene.labelled && state.layout === "beside");
    plain.hidden = !scene.labelled || state.layout === "over";
    for (const canvas of [plain, main].filter((each) => !each.hidden)) drawPane(canvas, canvas === main && scene.labelled, ratio);
    drawLens(lensPhoto, LENS, [[photo, 1]], state.pixel, ratio);
    if (scene.labelled) drawLens(lensLabels, LENS, [[colors, 1]], state.pixel, ratio);
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

  const redraw = oncePerFrame(draw);
  function update(change) {
    Object.assign(state, change);
    if ("layer" in change || "hidden" in change) relabel();
    if ("pixel" in change) tell();
    redraw();
  }

  for (const canvas of [plain, main]) {
    const point = (event) => {
      const { row, column } = positionOf(canvas, scene, event);
      if (row >= 0 && row < scene.height && column >= 0 && column < scene.width) update({ pixel: { row, column } });
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
  }
  plain.addEventListener("click", () => main.focus({ preventScroll: true }));
  main.addEventListener("keydown", (event) => {
    const pixel = event.ctrlKey || event.metaKey || event.altKey ? null : keyMove(scene, state.pixel, event.key, event.shiftKey);
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
