// Keys, drawer and palette of the workbench. Every page works without it; it never writes a figure of its own.
"use strict";
(() => {
  const one = (q, from = document) => from.querySelector(q);
  const all = (q, from = document) => [...from.querySelectorAll(q)];
  const typing = (at) => at.closest("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
  const shown = (it) => it && it.offsetParent !== null;
  let lead = "", cameFrom = null;
  // htmx would begin a moment after this script: a key pressed in between followed the link away from the page
  if (window.htmx) htmx.process(document.body);

  const rows = () => all("[data-row]").filter(shown);
  const here = () => rows().findIndex((row) => row.hasAttribute("data-here"));
  function move(by) {
    const its = rows();
    if (!its.length) return;
    const at = here(), to = at < 0 ? 0 : Math.max(0, Math.min(its.length - 1, at + by));
    its.forEach((row) => row.removeAttribute("data-here"));
    its[to].setAttribute("data-here", "");
    (one("a[data-open]", its[to]) || its[to]).focus({ preventScroll: true });
    its[to].scrollIntoView({ block: "nearest" });
  }
  function why(from) {
    const row = rows()[here()];
    const link = (from && from.closest("a.fig, a.w")) || (row && one("a.fig, a.w", row)) || one("a.fig, a.w");
    if (link) link.click();
  }
  function closeWhy() {
    const drawer = one("#why");
    if (!drawer || !drawer.firstElementChild) return false;
    drawer.replaceChildren();
    if (cameFrom && cameFrom.isConnected) cameFrom.focus();
    return true;
  }
  function open(name) {
    const dialog = document.getElementById(name);
    if (dialog && !dialog.open) { dialog.showModal(); const field = one("input", dialog); if (field) field.value = ""; sift(""); }
  }
  function sift(words) {
    const asked = words.trim().toLowerCase();
    let first = true;
    for (const link of all("#palette ul.go a")) {
      const fits = link.textContent.toLowerCase().includes(asked);
      link.parentElement.hidden = !fits;
      link.toggleAttribute("data-here", fits && first);
      if (fits) first = false;
    }
  }
  function show(name) {
    for (const panel of all("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
    for (const tab of all("[data-shows]")) tab.toggleAttribute("aria-current", tab.dataset.shows === name);
    const panel = one(`[data-panel="${name}"]`);
    const field = panel && (one("input[type=radio]:checked", panel) || one("input:not([type=hidden]), textarea, select", panel));
    if (field) { field.focus(); if (field.select) field.select(); }
  }
  function ending() {
    const chosen = one("input[name=ending]:checked");
    if (!chosen) return;
    for (const part of all("[data-with]")) part.hidden = !part.dataset.with.split(" ").includes(chosen.value);
  }
  function save(form, next) {
    if (!form) return;
    const field = one("input[name=then]", form);
    if (field) field.value = next ? "next" : "";
    form.requestSubmit(one("button[data-save]", form) || undefined);
  }
  const doing = () => one("[data-panel]:not([hidden]) form");

  document.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if ((e.ctrlKey || e.metaKey) && e.key === "Enter") { e.preventDefault(); save(e.target.closest("form[data-saves]") || doing(), e.shiftKey); return; }
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); open("palette"); return; }
    if (e.key === "Escape") { if (typing(e.target)) e.target.blur(); else if (!one("dialog[open]")) closeWhy(); return; }
    if (e.target.closest("#palette") && e.key === "Enter") { const link = one("#palette a[data-here]"); if (link) { e.preventDefault(); link.click(); } return; }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || one("dialog[open]")) return;
    const key = e.key;
    if (lead === "g") {
      lead = "";
      const link = one(`[data-go="${CSS.escape(key)}"]`);
      if (link) { e.preventDefault(); link.click(); }
      return;
    }
    const ends = /^[1-9]$/.test(key) && one(`[data-panel=wrap]:not([hidden]) input[data-ending="${key}"]`);
    if (ends) { e.preventDefault(); ends.checked = true; ends.focus(); ending(); return; }
    const does = { g: () => { lead = "g"; setTimeout(() => { lead = ""; }, 1500); }, j: () => move(1), k: () => move(-1),
      w: () => why(e.target), "?": () => open("keys"), "/": () => one("#search") && one("#search").focus() }[key];
    if (does) { e.preventDefault(); does(); return; }
    const keyed = `[data-key="${CSS.escape(key === " " ? "Space" : key)}"]`, row = rows()[here()];
    const named = (row && all(keyed, row).find(shown)) || all(keyed).find(shown);
    if (named && !(key === " " && e.target.closest("button, a, summary, input"))) {
      e.preventDefault();
      if (named.dataset.shows) show(named.dataset.shows); else if (named.matches("input, textarea")) named.focus(); else named.click();
      if (named.matches("summary")) { const field = one("input:not([type=hidden])", named.parentElement); if (field) field.focus(); }
    }
  });
  document.addEventListener("click", (e) => {
    const figure = e.target.closest("a.fig, a.w");
    if (figure) cameFrom = figure;
    const tab = e.target.closest("[data-shows]");
    if (tab) { e.preventDefault(); show(tab.dataset.shows); }
    if (e.target.closest("[data-close]")) { e.preventDefault(); closeWhy(); }
    const opens = e.target.closest("[data-opens]");
    if (opens) { e.preventDefault(); open(opens.dataset.opens); }
    const fill = e.target.closest("[data-fill]");
    if (fill) { const field = document.getElementById(fill.dataset.fill); if (field) { field.value = fill.dataset.value; field.focus(); } }
    if (e.target.closest("[data-next]")) { const field = one("input[name=then]", e.target.closest("form")); if (field) field.value = "next"; }
  });
  document.addEventListener("input", (e) => { if (e.target.matches("#palette input")) sift(e.target.value); });
  document.addEventListener("change", (e) => { if (e.target.name === "ending") ending(); });
  document.addEventListener("focusin", (e) => {
    const row = e.target.closest("[data-row]");
    if (row) { rows().forEach((it) => it.removeAttribute("data-here")); row.setAttribute("data-here", ""); }
  });
  document.addEventListener("htmx:after:swap", () => {
    ending();
    const drawer = one("#why .why-in h2");
    if (drawer && document.activeElement === cameFrom) drawer.focus();
    const said = one("#said [data-focus]");
    if (said) said.focus();
  });
  ending();
  // back at a row after something was done there
  const row = location.hash.startsWith("#row-") && document.getElementById(location.hash.slice(1));
  if (row) row.focus();
  // a draft that is not sound: the mistake is selected where it stands
  const wrong = one("textarea[data-line]");
  if (wrong) {
    const lines = wrong.value.split("\n"), at = Number(wrong.dataset.line) - 1;
    const start = lines.slice(0, at).join("\n").length + (at ? 1 : 0) + Number(wrong.dataset.column) - 1;
    wrong.setSelectionRange(start, start + (/^[\w-]+/.exec(wrong.value.slice(start)) || [" "])[0].length);
    wrong.scrollTop = Math.max(0, at - 6) * (wrong.scrollHeight / lines.length);
  }
  // a sitting that was ended elsewhere: the page in sight is left at once; one out of sight when it is looked at
  let sitting = null;
  const stay = () => {
    if (document.hidden) { if (sitting) sitting.close(); sitting = null; return; }
    if (sitting || !window.EventSource) return;
    sitting = new EventSource("/sitting/end");
    sitting.addEventListener("over", () => { sitting.close(); location.replace("/sign-in"); });
  };
  document.addEventListener("visibilitychange", stay);
  stay();
  // the stream of a job: one line of progress; the page is asked for anew when it ends
  const job = one("[data-stream]");
  if (job && window.EventSource) {
    const stream = new EventSource(job.dataset.stream);
    const tell = (e) => {
      const told = JSON.parse(e.data);
      const line = one("[data-line]", job), bar = one("progress", job), far = told.progress;
      if (line && told.words) line.textContent = [told.day, told.words].filter(Boolean).join(" ");
      if (bar && far && far.total) { bar.max = far.total; bar.value = far.done; }
      if (!told.state) return;
      stream.close();
      if (told.state === "done") location.assign(job.dataset.then);
      else if (line) line.textContent = (told.refused && told.refused.detail) || told.state;
    };
    stream.addEventListener("step", tell);
    stream.addEventListener("end", tell);
  }
})();
