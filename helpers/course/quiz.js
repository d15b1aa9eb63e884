// The page of a quiz, of a prediction and of its reveal. It knows what a learner may see and draws that; the kernel
// grades (quiz_widget.py holds the protocol). The controls are in quiz_controls.js, which comes first in this module.

const WAIT_MS = 4000;
const GONE = "The kernel has stopped or restarted. Run this cell again, then answer: what you answered before is kept.";
const SLOW =
  "The kernel has not replied yet. If it is busy, the reply comes when it is done. " +
  "If it has stopped, run this cell again: what you answered before is kept.";

function render({ model, el }) {
  const mode = model.get("mode");
  const questions = model.get("questions");
  const root = make("section", { className: `p2p-quiz p2p-mode-${mode}` });
  const title = { quiz: "Quiz", predict: "Predict", reveal: "Your prediction" }[mode];
  root.setAttribute("aria-label", `${title}, lesson ${Number(model.get("lesson"))}`);
  let answers = {}; // by question id, what the kernel lets us see
  let trouble = "";
  let current = 0; // the question shown; questions.length is the summary
  let notice = ""; // a line about the kernel
  let waiting = null; // the id of the question that the kernel is working on
  let timer = null;
  const drafts = {};
  const retrying = new Set();

  function send(message) {
    clearTimeout(timer);
    waiting = message.id ?? null;
    notice = "";
    try {
      model.send(message);
    } catch {
      waiting = null; // the line to the kernel is closed: nothing will come back
      notice = GONE;
    }
    if (waiting) {
      timer = setTimeout(() => {
        notice = waiting ? SLOW : "";
        if (waiting) draw();
      }, WAIT_MS);
    }
    draw();
  }

  function receive(message) {
    waiting = null;
    if (message.type === "refused") {
      notice = `This was not accepted. ${message.reason}`;
      return draw();
    }
    const changed = JSON.stringify(message.answers) !== JSON.stringify(answers) || message.trouble !== trouble;
    if (!changed && !message.done && !notice) return;
    const opened = Object.keys(answers).length === 0 && !message.done;
    ({ answers, trouble } = message);
    notice = "";
    if (message.done) retrying.delete(message.done);
    if (opened && mode === "quiz") {
      const open = questions.findIndex((question) => !answers[question.id]);
      current = open < 0 ? questions.length : open; // where the learner left off; the summary when all is answered
    }
    draw();
    if (message.done && questions[current]?.id === message.done) root.querySelector(".p2p-verdict, .p2p-done")?.focus();
  }

  /** Scrolls to a cell of this notebook. Without JupyterLab's list of cells, the link itself (#cell-id=...) serves. */
  function goTo(event, id) {
    const cells = model.widget_manager?.context?.model?.cells;
    const index = cells ? [...cells].findIndex((cell) => cell.id === id) : -1;
    const cell = root.closest(".jp-Notebook")?.querySelector(`.jp-Cell[data-windowed-list-index="${index}"]`);
    if (!cell) return;
    event.preventDefault();
    cell.scrollIntoView({ block: "start" });
    cell.focus({ preventScroll: true });
    cell.animate([{ outline: "3px solid var(--jp-brand-color1)" }, { outline: "3px solid transparent" }], 2500);
  }

  const hint = (text) => make("span", { className: "p2p-hint" }, text);

  const evidence = (view) =>
    make(
      "a",
      { className: "p2p-link", href: `#cell-id=${view.evidence}`, onclick: (event) => goTo(event, view.evidence) },
      "Go to the evidence",
    );

  const button = (text, onclick, kind = "") =>
    make("button", { type: "button", className: `p2p-button ${kind}`, onclick }, text);

  function show(index) {
    current = index;
    draw();
    root.querySelector(".p2p-prompt, .p2p-summary")?.focus();
  }

  function retry(question) {
    retrying.add(question.id);
    if (question.kind === "order") drafts[question.id] = answers[question.id].answer;
    else delete drafts[question.id];
    draw();
    root.querySelector("fieldset input, fieldset button, .p2p-stage")?.focus();
  }

  const state = (question) => {
    const view = answers[question.id];
    if (!view) return { sign: "", words: "not answered", kind: "" };
    if (view.first_correct) return { sign: "✓", words: "right at first try", kind: "p2p-right" };
    if (view.correct) return { sign: "↻", words: "right after another try", kind: "p2p-right" };
    return { sign: "✗", words: "not right yet", kind: "p2p-wrong" };
  };

  function strip() {
    const chips = questions.map((question, index) => {
      const { sign, words, kind } = state(question);
      return make(
        "li",
        {},
        make(
          "button",
          {
            type: "button",
            className: `p2p-chip ${kind}`,
            "aria-label": `Question ${index + 1}: ${words}`,
            "aria-current": index === current ? "step" : "false",
            title: words,
            onclick: () => show(index),
          },
          `${index + 1}`,
          sign ? make("span", { className: "p2p-sign" }, sign) : null,
        ),
      );
    });
    const done = Object.values(answers);
    const right = done.filter((view) => view.first_correct).length;
    if (done.length === questions.length) {
      const here = current === questions.length ? "step" : "false";
      const onclick = () => show(questions.length);
      const chip = make("button", { type: "button", className: "p2p-chip", "aria-current": here, onclick }, "Summary");
      chips.push(make("li", {}, chip));
    }
    const score = done.length ? `First try: ${right} of ${done.length} right` : `${questions.length} questions`;
    const list = make("ol", { className: "p2p-strip", "aria-label": "Questions" }, chips);
    return [list, make("span", { className: "p2p-score" }, score)];
  }

  function feedback(question, view) {
    const partly = view.score > 0 && view.score < 1 ? `, but ${Math.round(view.score * 100)} % of it is right` : "";
    const verdict = view.correct ? (view.first_correct ? "✓ Right" : "✓ Right now") : `✗ Not yet${partly}`;
    const revealed = "explanation" in view;
    const open = questions.findIndex((one) => !answers[one.id]);
    const last = current === questions.length - 1;
    const after = open < 0 ? [current + 1, "Finish"] : [open, "Next open question"];
    const [next, where] = last ? after : [current + 1, "Next question"];
    const truth = revealed && !view.correct ? prose(inWords(question, view.right)) : null;
    return make(
      "div",
      { className: `p2p-feedback ${view.correct ? "p2p-good" : "p2p-bad"}` },
      make("p", { className: "p2p-verdict", tabIndex: -1 }, verdict),
      view.feedback.map((text) => make("p", {}, prose(text))),
      truth ? make("p", {}, make("strong", {}, "What is so: "), truth) : null,
      revealed ? make("p", {}, prose(view.explanation)) : null,
      revealed ? make("p", {}, evidence(view)) : null,
      make(
        "div",
        { className: "p2p-actions" },
        revealed ? null : button("Try again", () => retry(question), "p2p-primary"),
        revealed ? null : button("Show the answer", () => send({ type: "show", id: question.id })),
        button(where, () => show(next), revealed ? "p2p-primary" : "p2p-next"),
      ),
    );
  }

  function card(question) {
    const view = retrying.has(question.id) ? undefined : answers[question.id];
    const locked = view !== undefined || waiting === question.id;
    const word = mode === "predict" ? "Commit" : "Answer";
    const commit = make("button", { type: "submit", className: "p2p-button p2p-primary" }, word);
    const changed = (draft) => {
      drafts[question.id] = draft;
      commit.disabled = locked || toAnswer(question, draft) === undefined;
    };
    changed(drafts[question.id]);
    const control = CONTROLS[question.kind](question, view, drafts[question.id], changed);
    const all = question.kind === "multiple" ? hint("Tick all that hold.") : null;
    return make(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          if (commit.disabled) return;
          send({ type: "commit", id: question.id, answer: toAnswer(question, drafts[question.id]) });
        },
      },
      make(
        "fieldset",
        { disabled: locked },
        make("legend", { className: "p2p-prompt", tabIndex: -1 }, prose(question.prompt), all),
        control,
      ),
      view ? null : make("div", { className: "p2p-actions" }, commit, hint(before(question))),
      view && mode === "quiz" ? feedback(question, view) : null,
      view && mode === "predict"
        ? make(
            "p",
            { className: "p2p-done", tabIndex: -1 },
            make("strong", {}, "Committed"),
            question.kind === "click" ? ": your mark stands." : ": you said “",
            question.kind === "click" ? "" : make("span", {}, prose(inWords(question, view.answer))),
            question.kind === "click" ? "" : "”.",
            " Read on: the evidence is below.",
          )
        : null,
    );
  }

  function before(question) {
    if (waiting === question.id) return "Sent to the kernel …";
    if (mode === "predict") return "Once committed, it stands.";
    if (retrying.has(question.id)) return "Your first answer stays the one that counts.";
    return "The first answer counts. You can try again after it.";
  }

  function summary() {
    const right = questions.filter((question) => answers[question.id]?.first_correct).length;
    const rows = questions.map((question, index) => {
      const { sign, words, kind } = state(question);
      const view = answers[question.id];
      return make(
        "li",
        {},
        make("span", { className: `p2p-mark ${kind}` }, `${sign} ${words}`),
        make("button", { type: "button", className: "p2p-plain", onclick: () => show(index) }, prose(question.prompt)),
        view && "evidence" in view && !view.first_correct ? evidence(view) : null,
      );
    });
    const words = `${right} of ${rows.length} right at first try.`;
    return make(
      "div",
      {},
      make("p", { className: "p2p-prompt p2p-summary", tabIndex: -1 }, words),
      make("ol", { className: "p2p-rows" }, rows),
    );
  }

  function revealed() {
    const question = questions[0];
    const view = answers[question.id];
    const head = make("p", { className: "p2p-prompt" }, prose(question.prompt));
    const wait = "Commit to your prediction further up first. Then it shows here, against what is so.";
    if (!view) return make("div", {}, head, hint(wait));
    const tile = (title, text, kind) =>
      make("div", { className: `p2p-tile ${kind}` }, hint(title), make("strong", {}, prose(text)));
    const side = view.correct ? "inside the marked region" : "outside the marked region";
    const said = question.kind === "click" ? side : inWords(question, view.answer);
    return make(
      "div",
      {},
      head,
      question.kind === "click" ? click(question, view) : null,
      make(
        "div",
        { className: "p2p-tiles" },
        tile("You said", `${view.correct ? "✓" : "✗"} ${said}`, view.correct ? "p2p-good" : "p2p-bad"),
        tile("What is so", inWords(question, view.right), ""),
      ),
      view.feedback.map((text) => make("p", {}, prose(text))),
      make("p", {}, prose(view.explanation)),
    );
  }

  function draw() {
    const body = mode === "reveal" ? revealed() : current < questions.length ? card(questions[current]) : summary();
    const name = make("span", { className: "p2p-title" }, title);
    const head = make("header", { className: "p2p-head" }, name, mode === "quiz" ? strip() : null);
    status.replaceChildren(...[notice, trouble].filter(Boolean).map((text) => make("p", {}, text)));
    content.replaceChildren(head, body);
  }

  // JupyterLab would take plain keys (arrows, Enter, "d d") for commands on cells: those meant for us end here.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !(event.key === "Enter" && event.shiftKey)) event.stopPropagation();
  });
  const content = make("div");
  const status = make("div", { className: "p2p-status", role: "status" });
  root.append(content, status);
  el.append(root);
  model.on("msg:custom", receive);
  send({ type: "hello" });
  return () => {
    clearTimeout(timer);
    model.off("msg:custom", receive);
  };
}

export default { render };
