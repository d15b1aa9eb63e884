// The score, below the painting: what the kernel said, IoU by category, and a picture of where the labels differ from
// the truth. page.js, painter_tools.js and painter_page.js stand before this text.

/** What fills the pixels of a verdict: colour and pattern both tell it. Stripes for errors, dots for void. */
function fillingOf(verdict, colors, ratio) {
  if (verdict === "right") return cssColor(colors.right);
  if (verdict !== "uncounted") return errorStripes(verdict === "missed", ratio, cssColor(colors[verdict]));
  const side = 7 * ratio;
  return tiles(side, (pen) => {
    pen.fillStyle = "rgb(96,96,96)";
    pen.fillRect(0, 0, side, side);
    pen.fillStyle = "rgba(255,255,255,0.85)";
    pen.fillRect(side / 2, side / 2, 1.5 * ratio, 1.5 * ratio);
  });
}

const spaced = (count) => count.toLocaleString("en").replaceAll(",", "\u202f");

/**
 * The part of the page that shows a score; `point` is called with the position that the pointer has in its picture.
 * Returns its `root`, `show` for a message of the kernel (with the label maps `painted` and `truth`), `draw`, and `tell`
 * for the position that the cursor has.
 */
function scorePanel(info, image, point) {
  const { width, categories, colors } = info;
  const root = element("section", "pp-result", "", { "aria-label": "Your score" });
  root.hidden = true;
  const faint = new Uint8ClampedArray(image.length).map((_, at) => {
    const first = at - (at % 3);
    return 70 + 0.6 * (0.299 * image[first] + 0.587 * image[first + 1] + 0.114 * image[first + 2]);
  });
  const grey = photoOf(info, faint);
  const canvas = element("canvas", "", "", { role: "img" });
  const legend = element("figcaption");
  const where = element("div", "pp-where", "", { "aria-hidden": "true" });
  const figure = element("figure");
  figure.append(canvas, legend, where);
  canvas.addEventListener("pointermove", (event) => point(positionOf(canvas, info, event)));
  let result = null;
  let category = null; // the one that the picture is about; null for all
  let codes = null; // what the picture shows: a verdict for each pixel
  let drawn = ""; // what it was drawn for

  function show(message) {
    result = message;
    const columns = element("div", "pp-columns");
    columns.append(figure, table());
    root.replaceChildren(verdict(), columns);
    root.hidden = false;
    choose(null);
  }

  function verdict() {
    const { mean_iou, pixel_accuracy, counted, unlabelled, void: uncounted, words, trouble } = result;
    const head = element("div", "pp-verdict");
    const title = element("h3", "", "Mean IoU ", { tabindex: "-1" });
    title.append(element("b", "", mean_iou.toFixed(2)));
    const pixels = `${(100 * pixel_accuracy).toFixed(1)} % of the ${spaced(counted)} pixels that count are right.`;
    const missing = unlabelled ? ` ${spaced(unlabelled)} without a label ${unlabelled === 1 ? "counts" : "count"} as wrong.` : "";
    const ignored = uncounted ? ` ${spaced(uncounted)} void in the truth ${uncounted === 1 ? "does" : "do"} not count.` : "";
    head.append(title, element("p", "", words), element("p", "", pixels + missing + ignored));
    if (trouble) head.append(element("p", "pv-note", trouble));
    return head;
  }

  function table() {
    const { rows, mean_iou } = result;
    const node = element("table");
    const head = element("tr");
    head.append(element("th", "", "Show where it differs", { scope: "col" }), element("th", "", "IoU", { scope: "col", colspan: 2 }));
    node.append(element("caption", "pv-unseen", "IoU of each category; choose one to see where it differs"), head);
    const group = `pp-show-${Math.random().toString(36).slice(2)}`;
    const addRow = (id, parts, iou, remark = "") => {
      const input = element("input", "", "", { type: "radio", name: group });
      input.checked = id === null;
      input.addEventListener("change", () => choose(id));
      const label = element("label");
      label.append(input, ...parts);
      if (remark) label.append(element("small", "", remark));
      const cell = element("th", "", "", { scope: "row" });
      cell.append(label);
      const bar = element("td", "pp-bar", "", { "aria-hidden": "true" });
      bar.append(element("i"));
      bar.firstChild.style.width = `${100 * iou}%`;
      const row = element("tr");
      row.append(cell, element("td", "pp-number", iou.toFixed(2)), bar);
      node.append(row);
    };
    addRow(null, [element("span", "", `All: mean of ${rows.length}`)], mean_iou);
    for (const { id, iou, truth } of rows) {
      const { name, color } = categories[id];
      addRow(id, [swatch(color), element("span", "", name)], iou, truth ? "" : "not in the picture");
    }
    return node;
  }

  function choose(id) {
    category = id;
    codes = verdicts(result.painted, result.truth, category);
    drawn = "";
    const name = id === null ? "all categories" : categories[id].name;
    const texts =
      id === null
        ? { right: "right", wrong: "another label", missed: "no label", uncounted: "void" }
        : { right: `${name} in both`, wrong: "only in yours", missed: "only in the truth", uncounted: "void" };
    const ratio = window.devicePixelRatio || 1;
    const counts = new Array(5).fill(0);
    codes.forEach((code) => counts[code]++);
    const items = Object.keys(texts).filter((key) => counts[VERDICTS[key]]).map((key) => {
      const sample = canvasOf(22 * ratio, 14 * ratio);
      const context = sample.getContext("2d");
      context.fillStyle = key === "right" && id === null ? "rgb(150,150,150)" : fillingOf(key, colors, ratio);
      context.fillRect(0, 0, sample.width, sample.height);
      const item = element("span", "pp-key");
      item.append(sample, `${texts[key]} ${((100 * counts[VERDICTS[key]]) / codes.length).toFixed(1)} %`);
      return item;
    });
    legend.replaceChildren(...items);
    canvas.setAttribute("aria-label", `Where it differs, ${name}: ${items.map((item) => item.textContent).join(", ")}`);
    draw(ratio);
  }

  function draw(ratio) {
    const wanted = `${canvas.getBoundingClientRect().width} ${ratio}`;
    if (!result || drawn === wanted) return;
    drawn = wanted;
    const context = fit(canvas, info, ratio);
    context.drawImage(grey, 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 0.85;
    for (const key of category === null ? ["uncounted", "wrong", "missed"] : ["right", "uncounted", "wrong", "missed"]) {
      context.drawImage(filled(canvas, info, (at) => codes[at] === VERDICTS[key], fillingOf(key, colors, ratio)), 0, 0);
    }
    context.globalAlpha = 1;
  }

  function tell({ row, column }) {
    if (!result) return;
    const name = (label, none) => (label === VOID ? none : categories[label].name);
    const at = row * width + column;
    const truth = name(result.truth[at], "void, does not count");
    where.textContent = `row ${row}, column ${column} · scored: ${name(result.painted[at], "unlabelled")} · truth: ${truth}`;
  }

  return { root, show, draw, tell };
}
