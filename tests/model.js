// The model that a widget's page is given, in place of JupyterLab's; browser.py stands at its other end.
// `window.asked` keeps what the page sent, `window.gone` makes the kernel one that has ended, `window.leave` takes the widget
// off the page. Bytes travel as base64.
async ({ source, style, state, buffers, width }) => {
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const text = ({ buffer }) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
  const viewed = (texts) => Object.fromEntries(Object.entries(texts).map(([name, each]) => [name, bytes(each)]));
  const values = { ...state, ...viewed(buffers) };
  const listeners = {}; // by event, a set of functions
  const changed = new Set();
  let posts = [];

  function tell(event, ...what) {
    for (const each of [...(listeners[event] ?? [])]) each(...what);
  }
  function receive({ method, state, content, buffers }) {
    if (method === "custom") return tell("msg:custom", content, buffers.map(bytes));
    Object.assign(values, state, viewed(buffers));
    for (const name of [...Object.keys(state), ...Object.keys(buffers)]) tell(`change:${name}`);
  }
  function post(message) {
    if (window.gone) throw new Error("closed");
    posts.push(window.toKernel(message).then((replies) => replies.forEach(receive)));
  }
  const model = {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      changed.add(name);
      tell(`change:${name}`);
    },
    save_changes() {
      const state = {};
      const buffers = {};
      for (const name of changed) {
        if (values[name] instanceof DataView) buffers[name] = text(values[name]);
        else state[name] = values[name];
      }
      changed.clear();
      post({ method: "update", state, buffers });
    },
    send(content, _, maps = []) {
      post({ method: "custom", content, buffers: maps.map((buffer) => text({ buffer })) });
      window.asked.push(content);
    },
    on: (event, call) => (listeners[event] ??= new Set()).add(call),
    off: (event, call) => (call ? listeners[event]?.delete(call) : delete listeners[event]),
  };

  window.leave?.();
  document.querySelectorAll("style").forEach((each) => each.remove());
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const place = document.createElement("div");
  place.style.width = `${width}px`;
  document.body.style.margin = 0;
  document.body.replaceChildren(place);
  const settled = async () => {
    while (posts.length) await Promise.all(posts.splice(0));
  };
  Object.assign(window, { module, model, receive, settled, asked: [], gone: false });
  window.leave = module.default.render({ model, el: place });
};
