"use strict";
(() => {
  const svg = document.querySelector("main svg");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const states = document.getElementById("states");
  const spaces = [...svg.querySelectorAll(".ns")];
  const cables = [...svg.querySelectorAll(".cable")];
  const whole = { x: 0, y: 0, w: svg.viewBox.baseVal.width, h: svg.viewBox.baseVal.height };
  let view = { ...whole };
  let hits = [];
  let current = -1;

  function show() {
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  }
  /* Pixels of the picture for one of the screen. */
  function scale() {
    const box = svg.getBoundingClientRect();
    return Math.max(view.w / box.width, view.h / box.height);
  }
  function at(event) {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return { x: p.x, y: p.y };
  }
  function zoom(factor, point) {
    const w = Math.min(Math.max(view.w * factor, 120), Math.max(whole.w, whole.h) * 4);
    const f = w / view.w;
    const p = point || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
    view = { x: p.x - (p.x - view.x) * f, y: p.y - (p.y - view.y) * f, w, h: view.h * f };
    show();
  }
  function fit() {
    view = { ...whole };
    const box = svg.getBoundingClientRect();
    /* A small drawing is not blown up. */
    if (view.w < box.width && view.h < box.height)
      view = { x: (view.w - box.width) / 2, y: (view.h - box.height) / 2, w: box.width, h: box.height };
    show();
  }
  function pan(x, y) {
    view.x += x;
    view.y += y;
    show();
  }
  function centre(space) {
    const box = space.querySelector("rect").getBBox();
    view.x = box.x + box.width / 2 - view.w / 2;
    view.y = box.y + box.height / 2 - view.h / 2;
    show();
  }

  function mark(chosen, inside) {
    hits = spaces.filter(chosen);
    const numbers = new Set(hits.map((s) => s.dataset.ns));
    svg.classList.toggle("some", inside);
    for (const s of spaces)
      s.classList.toggle("hit", numbers.has(s.dataset.ns));
    for (const c of cables)
      c.classList.toggle("hit", numbers.has(c.dataset.a) || numbers.has(c.dataset.b));
    found.textContent = inside ? `${hits.length} of ${spaces.length}` : "";
    step(0);
  }
  function step(by) {
    for (const s of spaces)
      s.classList.remove("current");
    const from = current < 0 && by < 0 ? 0 : current;
    current = by && hits.length ? (from + by + hits.length) % hits.length : -1;
    if (by && hits.length) {
      hits[current].classList.add("current");
      centre(hits[current]);
      found.textContent = `${current + 1} of ${hits.length}`;
    }
  }
  function clear() {
    search.value = "";
    for (const b of states.children)
      b.setAttribute("aria-pressed", "false");
    for (const m of svg.querySelectorAll(".match"))
      m.classList.remove("match");
    mark(() => true, false);
  }
  function look() {
    const words = search.value.toLowerCase();
    for (const m of svg.querySelectorAll(".match"))
      m.classList.remove("match");
    if (!words.trim())
      return clear();
    const has = (e) => e.textContent.toLowerCase().includes(words);
    for (const s of spaces) {
      for (const e of s.querySelectorAll(".if, .route"))
        e.classList.toggle("match", has(e));
      s.classList.toggle("match", has(s.querySelector(".title")));
    }
    mark((s) => s.classList.contains("match") || s.querySelector(".match"), true);
  }
  function only(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    clear();
    if (!on)
      return;
    button.setAttribute("aria-pressed", "true");
    const name = button.dataset.state;
    mark((s) => s.classList.contains(name) || s.querySelector(`.if.${name}`), true);
  }
  function theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  }

  for (const [name, text] of [["up", "up"], ["no_carrier", "no carrier"], ["down", "down"], ["missing", "missing"],
    ["drifted", "drifted"], ["foreign", "another program's"]]) {
    const n = svg.querySelectorAll(`.if.${name}`).length;
    if (!n)
      continue;
    const b = document.createElement("button");
    b.type = "button";
    b.dataset.state = name;
    b.setAttribute("aria-pressed", "false");
    b.textContent = `${text} ${n}`;
    b.addEventListener("click", () => only(b));
    states.append(b);
  }
  for (const s of spaces) {
    s.setAttribute("tabindex", "0");
    s.setAttribute("role", "group");
    s.setAttribute("aria-label", s.querySelector(".title").textContent);
    s.addEventListener("dblclick", () => {
      const beside = new Set([s.dataset.ns]);
      for (const c of cables)
        if (c.dataset.a === s.dataset.ns || c.dataset.b === s.dataset.ns)
          beside.add(c.dataset.a).add(c.dataset.b);
      mark((other) => beside.has(other.dataset.ns), true);
    });
  }

  const fingers = new Map();
  svg.addEventListener("pointerdown", (e) => {
    fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
  });
  svg.addEventListener("pointermove", (e) => {
    const before = fingers.get(e.pointerId);
    if (!before)
      return;
    const all = [...fingers.values()];
    const apart = () => Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y);
    if (all.length === 1) {
      /* A click is none, and text can be selected with Shift. */
      if (e.shiftKey)
        return;
      if (!svg.classList.contains("moving")) {
        svg.classList.add("moving");
        svg.setPointerCapture(e.pointerId);
      }
      pan((before.x - e.clientX) * scale(), (before.y - e.clientY) * scale());
    }
    const was = all.length > 1 ? apart() : 0;
    before.x = e.clientX;
    before.y = e.clientY;
    if (was)
      zoom(was / Math.max(apart(), 1), at({ clientX: (all[0].x + all[1].x) / 2, clientY: (all[0].y + all[1].y) / 2 }));
  });
  for (const name of ["pointerup", "pointercancel"])
    svg.addEventListener(name, (e) => {
      fingers.delete(e.pointerId);
      svg.classList.remove("moving");
    });
  svg.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoom(Math.exp(Math.max(-300, Math.min(300, e.deltaY)) / 400), at(e));
  }, { passive: false });

  const keys = {
    "+": () => zoom(1 / 1.25), "=": () => zoom(1 / 1.25), "-": () => zoom(1.25), "0": fit, "t": theme,
    "ArrowLeft": () => pan(-view.w / 10, 0), "ArrowRight": () => pan(view.w / 10, 0),
    "ArrowUp": () => pan(0, -view.h / 10), "ArrowDown": () => pan(0, view.h / 10),
    "/": () => search.focus(), "n": () => step(1), "N": () => step(-1),
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey)
      return;
    if (e.key === "Escape") {
      clear();
      search.blur();
    } else if (e.target === search) {
      if (e.key === "Enter")
        step(e.shiftKey ? -1 : 1);
    } else if (Object.hasOwn(keys, e.key)) {
      e.preventDefault();
      keys[e.key]();
    }
  });
  svg.addEventListener("focusin", (e) => {
    const s = e.target.closest(".ns");
    const box = s && s.querySelector("rect").getBBox();
    if (s && s.matches(":focus-visible") && (box.x < view.x || box.y < view.y || box.x + box.width > view.x + view.w ||
        box.y + box.height > view.y + view.h))
      centre(s);
  });
  search.addEventListener("input", look);
  document.getElementById("in").addEventListener("click", keys["+"]);
  document.getElementById("out").addEventListener("click", keys["-"]);
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("theme").addEventListener("click", theme);
  fit();

  /* A page that is written again and again loads itself again, and looks as it did. */
  const REFRESH = 2000;
  function remember() {
    const pressed = states.querySelector("[aria-pressed=true]");
    return encodeURIComponent(JSON.stringify({ view: moved() ? view : null, search: search.value,
      state: pressed && pressed.dataset.state, theme: document.documentElement.dataset.theme }));
  }
  function moved() {
    return svg.getAttribute("viewBox") !== fitted;
  }
  function recall(text) {
    const was = JSON.parse(decodeURIComponent(text));
    if (was.theme)
      document.documentElement.dataset.theme = was.theme;
    if (was.search) {
      search.value = was.search;
      look();
    }
    const button = was.state && [...states.children].find((b) => b.dataset.state === was.state);
    if (button)
      only(button);
    if (was.view) {
      view = was.view;
      show();
    }
  }
  const fitted = svg.getAttribute("viewBox");
  if (Object.hasOwn(document.body.dataset, "refreshes")) {
    if (location.hash.startsWith("#as="))
      recall(location.hash.slice(4));
    setInterval(() => {
      /* Nobody is in the middle of something. */
      if (document.activeElement === search || fingers.size)
        return;
      history.replaceState(null, "", `#as=${remember()}`);
      location.reload();
    }, REFRESH);
  }
})();
