// The controls of a quiz: one function for each kind of question. quiz_widget.py joins quiz_number.js, this file and
// quiz.js, the page, into one module. All text goes in as text nodes, so no bank can inject HTML.

let count = 0; // for names of radio groups and ids, unique on the page

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== ""));
  return node;
}

/** **bold**, *emphasis* and `code` as nodes; a blank line starts a new paragraph. */
function prose(text) {
  const inline = (line) =>
    line.split(/(`[^`]+`|\*\*\S(?:[^*]*\S)?\*\*|\*\S(?:[^*]*\S)?\*)/).map((part) => {
      if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return make("code", {}, part.slice(1, -1));
      if (part.length > 4 && part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
      if (part.length > 2 && part.startsWith("*")) return make("em", {}, part.slice(1, -1));
      return part;
    });
  return text.split(/\n\s*\n/).map((paragraph) => make("span", { className: "p2p-par" }, inline(paragraph)));
}

/** The answer that a draft stands for, undefined for none yet: a number is drafted as the text that was typed. */
function toAnswer(question, draft) {
  return question.kind === "numeric" ? readNumber(draft ?? "", question.unit).value : draft;
}

/** An answer in words. */
function inWords(question, answer) {
  if (question.kind === "yes_no") return answer ? "Yes" : "No";
  if (question.kind === "numeric") return `${numberInWords(answer)} ${question.unit}`.trim();
  if (question.kind === "order") return answer.join(" → ");
  if (question.kind === "click") return answer ? `column ${answer[0]}, row ${answer[1]}` : "the marked region";
  return [answer].flat().join("; ");
}

// Each control takes (question, view, draft, changed). `view` is what the kernel said of the committed answer, if there
// is one; `draft` is what was chosen and not yet committed; `changed(draft)` tells a new choice, undefined for none.

function choices(question, view, draft, changed) {
  const type = question.kind === "multiple" ? "checkbox" : "radio";
  const name = `p2p-${(count += 1)}`;
  const toText = (answer) => (typeof answer === "boolean" ? [answer ? "Yes" : "No"] : [answer ?? []].flat());
  const chosen = toText(view ? view.answer : draft);
  const right = view && view.right !== undefined ? toText(view.right) : null;
  const read = () => {
    const texts = [...list.querySelectorAll("input:checked")].map((input) => input.value);
    if (question.kind === "multiple") return texts.length ? texts : undefined;
    return question.kind === "yes_no" ? texts[0] === "Yes" : texts[0];
  };
  const mark = (text) => {
    const mine = chosen.includes(text);
    if (!view || (!mine && !right?.includes(text))) return null;
    const verdict = right ? right.includes(text) : type === "radio" ? view.correct : undefined;
    const words = mine ? "your answer" : type === "checkbox" ? "right, not ticked" : "right answer";
    return make(
      "span",
      { className: `p2p-mark ${verdict === undefined ? "" : verdict ? "p2p-right" : "p2p-wrong"}` },
      `${verdict === undefined ? "" : verdict ? "✓ " : "✗ "}${words}`,
    );
  };
  const list = make(
    "div",
    { className: `p2p-choices p2p-${question.kind}` },
    question.choices.map((text) =>
      make(
        "label",
        { className: "p2p-choice" },
        make("input", { type, name, value: text, checked: chosen.includes(text), onchange: () => changed(read()) }),
        make("span", { className: "p2p-text" }, prose(text)),
        mark(text),
      ),
    ),
  );
  return list;
}

// A text field: a number field drops what it does not know without a word (0,5 becomes 5), and the wheel changes it.
function numeric(question, view, draft, changed) {
  const id = `p2p-${(count += 1)}`;
  const reading = make("span", { className: "p2p-reading", id, "aria-live": "polite" });
  const input = make("input", {
    type: "text",
    className: "p2p-number",
    value: view ? numberInWords(view.answer) : draft ?? "",
    autocomplete: "off",
    spellcheck: false,
    "aria-label": question.unit ? `Your answer in ${question.unit}` : "Your answer",
    "aria-describedby": id,
    oninput: () => {
      say();
      changed(input.value);
    },
  });
  const say = () => {
    const { value, trouble } = readNumber(input.value, question.unit);
    const words = value === undefined ? "" : numberInWords(value);
    const about = Number(words) === value ? "" : "about ";
    reading.textContent = trouble ?? (words && `Read as ${about}${words}`);
    reading.classList.toggle("p2p-wrong", trouble !== undefined);
    input.setAttribute("aria-invalid", String(trouble !== undefined));
  };
  if (!view) say();
  const verdict = view?.correct;
  const mark = make("span", { className: `p2p-mark ${verdict ? "p2p-right" : "p2p-wrong"}` }, verdict ? "✓" : "✗");
  return make("div", { className: "p2p-numeric" }, input, question.unit, verdict === undefined ? null : mark, reading);
}

function order(question, view, draft, changed) {
  let steps = [...(view ? view.answer : draft ?? question.choices)];
  const live = make("div", { className: "p2p-hidden", "aria-live": "polite" });
  const list = make("ol", { className: "p2p-order" });
  const move = (text, by) => {
    const from = steps.indexOf(text);
    const to = from + by;
    if (view || to < 0 || to >= steps.length) return;
    steps.splice(to, 0, ...steps.splice(from, 1));
    fill();
    live.textContent = `${text}: now place ${to + 1} of ${steps.length}.`;
    list.children[to].querySelector(by < 0 ? ".p2p-up" : ".p2p-down").focus();
    changed([...steps]);
  };
  const button = (text, by) => {
    const [sign, word, end] = by < 0 ? ["▲", "up", 0] : ["▼", "down", steps.length - 1];
    return make(
      "button",
      {
        type: "button",
        className: `p2p-${word}`,
        "aria-label": `Move ${word}: ${text}`,
        "aria-disabled": String(steps.indexOf(text) === end),
        onclick: () => move(text, by),
      },
      sign,
    );
  };
  const keys = (event, text) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by) event.preventDefault();
    if (by) move(text, by);
  };
  const fill = () =>
    list.replaceChildren(
      ...steps.map((text, place) => {
        const good = view?.right ? view.right[place] === text : undefined;
        const mark = make("span", { className: `p2p-mark ${good ? "p2p-right" : "p2p-wrong"}` }, good ? "✓" : "✗");
        return make(
          "li",
          { onkeydown: (event) => keys(event, text) },
          make("span", { className: "p2p-place", "aria-hidden": "true" }, String(place + 1)),
          make("span", { className: "p2p-text" }, prose(text)),
          view ? null : make("span", { className: "p2p-moves" }, button(text, -1), button(text, 1)),
          good === undefined ? null : mark,
        );
      }),
    );
  fill();
  const words = "Move a step with its buttons, or with the ↑ and ↓ keys when one has the focus.";
  const help = make("p", { className: "p2p-help" }, words);
  return make("div", {}, list, view ? null : help, live);
}

function click(question, view, draft, changed) {
  const { src, width, height, alt } = question.picture;
  let [x, y] = (view ? view.answer : draft) ?? [Math.floor(width / 2), Math.floor(height / 2)];
  let marked = Boolean(view || draft);
  const arm = Math.max(width, height) / 16;
  const svg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const cross = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const paths = [svg("path", { class: "p2p-under" }), svg("path", { class: "p2p-over" })];
  cross.append(...paths);
  const where = make("p", { className: "p2p-help", "aria-live": "polite" });
  const draw = () => {
    const [h, v] = [x + 0.5, y + 0.5];
    const r = arm / 2;
    const ring = marked ? `M${h - r} ${v}a${r} ${r} 0 1 0 ${arm} 0a${r} ${r} 0 1 0 ${-arm} 0` : "";
    const path = `M${h - arm} ${v}H${h + arm}M${h} ${v - arm}V${v + arm}${ring}`;
    for (const node of paths) node.setAttribute("d", path);
    where.textContent = marked
      ? `Your mark: column ${x}, row ${y}.`
      : `Click on the picture. By keyboard: arrows move the crosshair (Shift: ten pixels), Enter sets your mark. ` +
        `Crosshair: column ${x}, row ${y}.`;
  };
  const set = () => {
    marked = true;
    draw();
    changed([x, y]);
  };
  const keys = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (view || (!step && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    if (!step) return set();
    const size = event.shiftKey ? 10 : 1;
    x = Math.min(width - 1, Math.max(0, x + size * step[0]));
    y = Math.min(height - 1, Math.max(0, y + size * step[1]));
    if (marked) changed(undefined); // the mark is lifted until Enter sets it again
    marked = false;
    draw();
  };
  const point = (event) => {
    if (view) return;
    const box = stage.getBoundingClientRect();
    x = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    y = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    set();
  };
  const stage = make(
    "div",
    {
      className: "p2p-stage",
      style: `aspect-ratio: ${width} / ${height}; max-width: ${Math.max(width, 512)}px`,
      tabIndex: view ? -1 : 0,
      role: view ? "img" : "application",
      "aria-label": view ? alt : `${alt} Arrow keys move a crosshair, Enter sets your mark.`,
      onclick: point,
      onkeydown: keys,
    },
    make("img", { src, alt: "", draggable: false }),
    view?.overlay ? make("img", { src: view.overlay, alt: "", draggable: false }) : null,
    cross,
  );
  draw();
  const legend = "Right: the light region with the yellow edge.";
  const key = view?.overlay ? make("p", { className: "p2p-help" }, legend) : null;
  return make("div", {}, stage, where, key);
}

const CONTROLS = { yes_no: choices, single: choices, multiple: choices, numeric, order, click };
