"""Every page of the portal in one browser: axe, keys, twice the text on 320 pixels, forced colours, print, no script.

One book, one browser; a page of the portal that is not looked at here fails the first test.
"""

import gzip
import re

import pytest

from afterloan.desk.portal.app import portal_router
from afterloan.store.server import Store
from tests.desk.portal.house import book, opens, portal, seen, sent
from tests.desk.web.served import Served
from tests.desk.workbench.browsed import Browsing, Open

__all__ = ["book", "opens", "portal", "seen"]
PAGES = (
    "/", "/why", "/loans/L1", "/payments", "/messages", "/pay", "/pay/check?what=all", "/loans/L1/end", "/cannot",
    "/promise", "/plan", "/hardship", "/way-back", "/way-back/L1", "/contact", "/documents", "/help", "/verify",
    "/looked", "/bureau", "/wrong", "/complaints", "/complaints/{complaint}", "/lessons", "/lessons/L1",
    "/lessons/L1/late-week?answer=0", "/quotes/{quote}", "/plan/found/{found}", "/plans/{plan}", "/hardship/{hardship}",
    "/bereavement", "/support", "/died", "/sign-in", "/sign-in/code", "/phone", "/step-up", "/step-up/code",
)  # fmt: skip
NEEDS_MORE = {"/line/{reference}": "seen by the test of a wider line",
    "/ticket/{ticket}": "lets in and goes on", "/text/{size}": "goes back where one came from",
              "/payments/{reference}": "seen in its three states by the journey of a debit",
              "/documents/{loan}/settled.pdf": "a file", "/documents/{loan}/statement.pdf": "a file",
    "/documents/{loan}/statement.csv": "a file", "/bureau/dispute/{loan}": "seen by the journey of a dispute",
              "/bureau/disputes/{reference}": "seen by the journey of a dispute"}  # fmt: skip
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
MEANS = {"loan": "L1", "household": "2", "pay": "6000", "home": "1200", "food": "1500"}


@pytest.fixture(scope="module")
def paths(portal: Served) -> dict[str, str]:
    """The pages, where they need something of the borrower's made: a quote, a plan, a complaint, a hardship."""
    browser = portal.sat("my", "B1")
    quote = sent(browser, "/loans/L1/end").rsplit("/", 1)[1]
    found = sent(browser, "/plan", do="find", **MEANS).rsplit("/", 1)[1]
    plan = browser.get(f"/my/plan/found/{found}").json()["found"]["offers"][0]["reference"]
    complaint = sent(browser, "/complaints", about="staff", text="I was called at work").rsplit("/", 1)[1]
    told = {"cause": "family", "told": "a child", "income": "100"}
    hardship = sent(browser, "/hardship", "/hardship/evidence", **told).rsplit("/", 1)[1]
    made = {"quote": quote, "found": found, "plan": plan, "complaint": complaint, "hardship": hardship}
    return {path: path.format(**made) for path in PAGES}


@pytest.fixture(scope="module")
def narrow(opens: Open) -> Browsing:
    return opens(320, True).sit("B1", "zh")


def test_every_page_is_looked_at() -> None:
    routes = {route.path.replace(":path", "") for route in portal_router(None).routes  # type: ignore
              if "GET" in route.methods and not route.path.startswith("/my/")}  # type: ignore # fmt: skip
    patterns = {path: re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$") for path in routes}
    shown = {path for path, like in patterns.items() if any(like.match(one.partition("?")[0]) for one in PAGES)}
    assert routes - shown - set(NEEDS_MORE) == set()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_for_everybody(seen: Browsing, narrow: Browsing, paths: dict[str, str], path: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    seen.go(paths[path])
    found = Axe().run(seen.page, options=AXE).response["violations"]
    wrong = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]
    wrong += [] if seen.overflow() <= 0 else ["scrolls sideways at 360"]
    wrong += walked(seen)
    seen.page.emulate_media(forced_colors="active")
    wrong += [f"without an edge in forced colours: {html}" for html in seen.page.evaluate(EDGELESS)]
    seen.page.emulate_media(forced_colors="none", media="print")
    wrong += [f"printed: {name}" for name in seen.page.evaluate(PRINTED)]
    seen.page.emulate_media(media="screen")
    narrow.go(paths[path])
    wrong += [f"in Chinese: {name}" for name in narrow.page.evaluate(CHINESE)]
    narrow.page.evaluate("document.body.style.fontSize = '34px'; document.body.style.lineHeight = '1.5'")
    wrong += [] if narrow.overflow() <= 0 else [f"twice the text at 320: {narrow.page.evaluate(WIDEST)}"]
    assert wrong + seen.complaints + narrow.complaints == []


def walked(at: Browsing) -> list[str]:
    """Tab goes through all there is in the order of the page, each seen when reached, and out again.

    A field of a day or a time has several stops of its own.
    """
    count = at.page.evaluate(REACHABLE)
    order: list[tuple[int, bool]] = []
    for _ in range(count + 20):
        at.page.keyboard.press("Tab")
        place, visible = at.page.evaluate(FOCUSED)
        if not order or order[-1][0] != place:
            order.append((place, visible))
        if place in (count - 1, -1):
            break
    wrong = [] if [place for place, _ in order] == list(range(count)) else [f"order of {count}: {order}"]
    return wrong + [f"focus not seen: {place}" for place, visible in order if not visible]


REACHABLE = """() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(e =>
    e.type !== 'hidden' && !e.disabled && e.tabIndex >= 0 && (e.checkVisibility() || e.matches('.skip')));
  const groups = new Set();
  window.reached = all.filter(e => {
    if (e.type !== 'radio') return true;
    const on = [...e.form.elements].find(x => x.name === e.name && x.checked);
    if (on ? on !== e : groups.has(e.name)) return false;
    groups.add(e.name);
    return true;
  });
  return window.reached.length }"""
"""Of boxes of which one is chosen the keys reach one."""
FOCUSED = """() => {
  const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
  const shown = s.outlineStyle !== 'none' && b.width > 0 && b.bottom > 0 && b.top < innerHeight;
  return [window.reached.indexOf(e), shown] }"""
EDGELESS = """() =>
  [...document.querySelectorAll('button:not(.bare), .button, input:not([type=hidden]), select, textarea')]
  .filter(e => e.offsetParent && !['radio', 'checkbox', 'file'].includes(e.type)
    && (getComputedStyle(e).borderTopStyle === 'none' || getComputedStyle(e).borderTopWidth === '0px'))
  .map(e => e.outerHTML.slice(0, 120))"""
PRINTED = """() => ['header.top', 'footer', 'main button', '.skip'].filter(name =>
  [...document.querySelectorAll(name)].some(e => getComputedStyle(e).display !== 'none'))"""
CHINESE = """() => [
  document.documentElement.lang === 'zh-CN' ? '' : 'it does not say its language',
  getComputedStyle(document.documentElement).textAutospace === 'no-autospace' ? 'no space beside figures' : '',
  [...document.querySelectorAll('main *')].some(e => getComputedStyle(e).fontStyle === 'italic') ? 'italics' : '',
  [...document.querySelectorAll('main p')].some(e => e.clientWidth > 40 * parseFloat(getComputedStyle(e).fontSize))
    ? 'lines of more than forty signs' : '',
  ...(document.querySelector('main').innerText.match(/.{6} [，。；：！？、]|.{6}[\\u4e00-\\u9fff][,;:!?]/g) || [])
  ].filter(x => x)"""
"""A mark of another script beside a Chinese sign is told with what stands before it."""
WIDEST = """() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + '.' + e.className + ' ' + e.innerText.slice(0, 40)).slice(-2).join(' | ')"""


def test_no_page_is_heavy(portal: Served, paths: dict[str, str]) -> None:
    browser = portal.sat("my", "B1")
    for path in paths.values():
        page = browser.get(path).text
        if "<link" in page:
            sheets = [browser.get(one).content for one in re.findall(r'(?:href|src)="(/static/[^"]+)"', page)]
            first, next_ = len(gzip.compress(page.encode())), sum(len(gzip.compress(one)) for one in sheets)
            assert first <= 15_000 and first + next_ <= 60_000, path


def test_paying_asking_and_complaining_go_without_script(opens: Open, book: Store) -> None:
    made = opens(360)
    context = made.page.context.browser.new_context(viewport={"width": 360, "height": 780}, java_script_enabled=False)
    at = Browsing(context.new_page(), made.base).sit("B12", "en")
    at.go("/pay")
    at.page.check("input[value='loan:L12']")
    at.page.click("main form button")
    at.page.click("text=Debit my card")
    at.sees("On its way")
    at.go("/complaints")
    at.page.check("input[value=contact]")
    at.page.fill("#text", "Too early")
    at.page.click("main form button.main")
    at.sees("We answer in writing by")
    at.go("/hardship")
    at.page.check("input[value=family]")
    at.page.fill("#told", "A child was born")
    at.page.fill("#income", "0")
    at.page.click("main form button.main")
    at.sees("We decide by")
    assert at.complaints == []
