// What the test of the workbench's pages asks of a page in the browser; each answers with what is wrong.
({
  // Of boxes of which one is chosen the keys reach one.
  reachable: () => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter(e => e.type !== 'hidden' && !e.disabled && e.tabIndex >= 0 && (e.checkVisibility() || e.matches('.skip')));
  const groups = new Set();
  window.reached = all.filter(e => {
    if (e.type !== 'radio') return true;
    const on = [...e.form.elements].find(x => x.name === e.name && x.checked);
    if (on ? on !== e : groups.has(e.name)) return false;
    groups.add(e.name);
    return true;
  });
  return window.reached.length },

  // Where the focus is, and what is wrong there. The button inside a field of a day has the browser's own ring.
  focused: () => {
  const e = document.activeElement, s = getComputedStyle(e), b = e.getClientRects()[0], what = e.outerHTML.slice(0, 100);
  const top = b && document.elementFromPoint(b.x + Math.min(b.width / 2, 60), b.y + Math.min(b.height / 2, 12));
  const seen = (s.outlineStyle !== 'none' || e.type === 'date') && b && b.width > 0 && b.top >= 0 && b.top < innerHeight;
  const clear = top && (e.contains(top) || top.contains(e) && !top.matches('body, html'));
  const said = !seen ? 'not seen: ' + what : !clear ? 'under ' + (top ? top.className : 'nothing') + ': ' + what : '';
  return [window.reached.indexOf(e), e.matches('body') ? '' : said] },

  // What is shown by its ground alone: a bar, a cell.
  paint: () => { for (const e of document.querySelectorAll('body *')) {
  const s = getComputedStyle(e);
  if (!e.innerText && e.offsetWidth && e.offsetHeight && !e.matches('input, select, textarea, button, th, td, meter, progress')
    && s.backgroundColor !== 'rgba(0, 0, 0, 0)') e.dataset.painted = '' } },

  forced: () => [
  ...[...document.querySelectorAll('button:not(.bare), .button, input:not([type=hidden]), select, textarea')]
    .filter(e => e.offsetParent && !['radio', 'checkbox', 'file'].includes(e.type)
      && (getComputedStyle(e).borderTopStyle === 'none' || getComputedStyle(e).borderTopWidth === '0px'))
    .map(e => 'no edge: ' + e.outerHTML.slice(0, 120)),
  ...[...document.querySelectorAll('[data-painted]')].filter(e => { const s = getComputedStyle(e);
      return s.forcedColorAdjust !== 'none' && s.borderTopStyle === 'none' })
    .map(e => 'a ground that is gone: ' + e.outerHTML.slice(0, 120)),
  ...[...document.querySelectorAll('[aria-current]')].filter(e => { const s = getComputedStyle(e);
      return e.offsetParent && s.fontWeight < 600 })
    .map(e => 'where one is, is not seen: ' + e.outerHTML.slice(0, 120))],

  // Print in dark: on paper it is black on white all the same.
  printed: () => {
  const wrong = ['.bar', '.rail', '.skip', 'aside', '.tabs', 'main button', 'main .button', 'main input:not([type=hidden])', 'main select', 'main textarea']
    .filter(name => [...document.querySelectorAll(name)].some(e => e.checkVisibility() && e.offsetHeight));
  for (const e of document.querySelectorAll('main *')) {
    const s = getComputedStyle(e);
    if (!e.checkVisibility() || !e.clientWidth || s.display.startsWith('inline') || e.closest('svg')) continue;
    if (s.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1) wrong.push('cut off: ' + e.outerHTML.slice(0, 100));
    if (s.overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1) wrong.push('cut below: ' + e.outerHTML.slice(0, 100));
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the paper');
  const ground = getComputedStyle(document.body).backgroundColor, ink = getComputedStyle(document.body).color;
  if (ground !== 'rgb(255, 255, 255)') wrong.push('on ' + ground);
  const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(Number); return (r + g + b) / 3 };
  if (light(ink) > 60) wrong.push('written in ' + ink);
  for (const e of document.querySelectorAll('main, main *'))
    if (e.offsetParent && light(getComputedStyle(e).color) > 140) { wrong.push('pale: ' + e.outerHTML.slice(0, 80)); break }
  return wrong },

  english: () => [
  document.documentElement.lang === 'en' ? '' : 'it says another language',
  /[\u4e00-\u9fff]/.test(document.title) || !document.title.includes(' · ') ? 'title ' + document.title : '',
  ...[...document.querySelectorAll('main p:not(.on-paper)')].filter(e => {
      const r = document.createRange(); r.selectNodeContents(e);
      const lines = new Set([...r.getClientRects()].map(b => Math.round(b.bottom / 8))).size;
      return lines && e.innerText.length > 90 * lines })
    .map(e => 'lines of more than 90 letters: ' + e.innerText.slice(0, 60)),
  ...[...document.querySelectorAll('main *')].filter(e => e.childElementCount === 0 && e.checkVisibility()
      && /[\u4e00-\u9fff]{2}/.test(e.textContent) && !e.closest('[lang^=zh], textarea, pre'))
    .map(e => 'in Chinese: ' + e.textContent.slice(0, 60))
].filter(x => x),

  chinese: () => { const s = getComputedStyle(document.body); return [
  document.documentElement.lang === 'zh-CN' ? '' : 'it does not say its language',
  /[\u4e00-\u9fff]/.test(document.title) ? '' : 'title ' + document.title,
  s.textAutospace === 'no-autospace' ? 'no space beside figures' : '',
  s.lineBreak === 'strict' ? '' : 'a line may begin with a mark',
  /PingFang SC.*Microsoft YaHei.*Noto Sans CJK SC/.test(s.fontFamily) ? '' : 'faces ' + s.fontFamily,
  ...[...document.querySelectorAll('body *')].filter(e => getComputedStyle(e).fontStyle === 'italic')
    .map(e => 'italics: ' + e.outerHTML.slice(0, 80)),
  ...[...document.querySelectorAll('main *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3
      && /([A-Za-z]{2,}[ ,:]+){4,}[A-Za-z]{2,}/.test(n.textContent)) && e.checkVisibility()
      && !e.closest('[lang=en], textarea, pre, script'))
    .map(e => 'in English: ' + e.outerHTML.slice(0, 140)),
  ...(document.querySelector('main').innerText.match(/.{0,6}[\u4e00-\u9fff] [，。；：！？、]|.{0,6}[\u4e00-\u9fff][,;:!?](?! ?[a-z_])/g) || [])
].filter(x => x) },

  // All text twice as large, boxes as they are.
  twice: () => { const all = [...document.querySelectorAll('body, body *')].map(e => {
    const s = getComputedStyle(e); return [e, parseFloat(s.fontSize), parseFloat(s.lineHeight)] });
  for (const [e, size, line] of all) { e.style.fontSize = 2 * size + 'px'; if (line) e.style.lineHeight = 2 * line + 'px'; } },

  widest: () => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .filter(e => { for (let p = e; p; p = p.parentElement) if (getComputedStyle(p).overflowX === 'auto') return false; return true })
  .map(e => e.tagName + '.' + e.className + ' ' + (e.innerText || '').slice(0, 40)).slice(-3).join(' | '),

  outside: () => [...document.querySelectorAll('.drop, dialog[open], .why-in')].filter(e => e.checkVisibility())
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, b]) => b.left < 0 || b.right > innerWidth + 1).map(([e, b]) => e.className + ' from ' + b.left + ' to ' + b.right),
})
