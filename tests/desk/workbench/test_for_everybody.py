"""Every page of the workbench in one browser: axe in light and dark, keys, twice the text on 360 pixels, forced
colours, print, both languages, weight.

One book, one browser, two loads a page; a page that is not looked at here fails the first test.
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from afterloan.desk.web.house import House
from afterloan.desk.workbench.app import workbench_router
from afterloan.store.server import Store
from tests.desk.workbench.browsed import Browsing, Open, browser_before, needs_chromium, served_at
from tests.desk.workbench.full_book import full_book
from tests.desk.workbench.late_book import copied

PAGES = (
    "/audit", "/audit?tab=readings&chain=yes", "/audit/known?borrower=B1&on=2025-05-13&then=2025-05-13", "/",
    "/worklist", "/worklist?queue=early&where=arrears_fen+%3E+99999999",
    "/worklist?where=arrears_fn+%3E+1",
    "/cases/B1", "/cases/B2", "/cases/B1?on=2025-05-13&known_on=2025-05-13", "/cases/B1/why?about=due",
    "/cases/B1/relief", "/cases/B2/relief", "/tasks", "/approvals", "/money", "/money/debits", "/money/mandates",
    "/money/refunds", "/strategy", "/strategy/trials", "/strategy/trials/{trial}", "/bureau", "/bureau/rejections",
    "/bureau/loans/L1", "/bureau/previews/{preview}", "/legal", "/legal/L", "/agencies", "/risk",
    "/risk/models/{model}", "/risk/models/{choices}", "/finance", "/finance/cash", "/finance/days/2025-05-13",
    "/admin", "/imports", "/exports",
    "/search", "/why/day?about=proof", "/why/worth?arrears=55213&days=4&broken=0", "/why/worth?arrears=much",
    "/passkeys", "/cases/nobody",
)  # fmt: skip
"""Pages with much, with little and with nothing to show, one under the lens, one with a mistake, one that is not."""
NEEDS_MORE = {
    "/imports/{name}": "seen by the journey of a book brought in", "/imports/{name}/refused.csv": "a file",
    "/imports/{name}/differs.csv": "a file",
    "/cases/{borrower}/case.json": "no page", "/today.json": "no page", "/worklist.json": "no page",
    "/worklist/next": "goes on to a case", "/theme/{theme}": "goes back where one came from",
    "/cases/{borrower}/papers/{digest}": "a file", "/cases/{borrower}/documents/{loan}/settled.pdf": "a file",
    "/money/debits/files/{rail}/{message}": "a file", "/strategy/trials/{job}/people.csv": "a file",
    "/finance/cash.csv": "a file", "/legal/{loan}/bundle.zip": "a file", "/agencies/files/{number}": "a file",
}  # fmt: skip
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
ROLES = ("lead", "agent", "specialist", "analyst", "finance", "counsel", "bureau", "auditor", "administrator")
LOOKS = Path(__file__).with_name("everybody.js").read_text(encoding="utf-8").partition("\n")[2].strip()
FIRST, FRAGMENT = 120_000, 30_000
"""What a page may weigh with all it loads, and a part of one, in bytes as compressed."""


@pytest.fixture(scope="module")
def book(server: Store, late_book: str) -> Iterator[Store]:
    with copied(server, late_book) as store:
        yield store


@pytest.fixture(scope="module")
def paths(book: Store) -> dict[str, str]:
    made = full_book(book)
    return {path: path.format(**made) for path in PAGES}


@pytest.fixture(scope="module")
def opens(book: Store, paths: dict[str, str]) -> Iterator[Open]:
    """Served once everything is there: a server that worked beside would take the jobs away from `full_book`."""
    needs_chromium()
    with served_at(book) as base, browser_before(base) as open_page:
        yield open_page


def everybody(at: Browsing, book: Store, language: str) -> Browsing:
    """Somebody with every role, so that every form is on its page; the preview is of this person."""
    at.as_agent(book, "bureau-wu", ROLES).go(f"/language/{language}?to=/")
    return at


@pytest.fixture(scope="module")
def wide(opens: Open, book: Store, paths: dict[str, str]) -> Browsing:
    at = everybody(opens(1440), book, "en")
    at.page.set_viewport_size({"width": 1440, "height": 600})
    return at


@pytest.fixture(scope="module")
def narrow(opens: Open, book: Store, paths: dict[str, str]) -> Browsing:
    return everybody(opens(360, True), book, "zh")


def test_every_page_is_looked_at(book: Store) -> None:
    routes = {route.path.replace(":path", "") for route in workbench_router(House(book, demo=True)).routes  # type: ignore
              if "GET" in route.methods}  # type: ignore # fmt: skip
    patterns = {path: re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$") for path in routes}
    shown = {path for path, like in patterns.items() if any(like.match(one.partition("?")[0]) for one in PAGES)}
    assert routes - shown - set(NEEDS_MORE) == set()
    assert set(NEEDS_MORE) <= routes, "a page that is no more"


def look(at: Browsing, at_what: str) -> Any:
    """What the page says of itself, by one of the questions of `everybody.js`."""
    return at.page.evaluate(f"{LOOKS}.{at_what}()")


def axe(at: Browsing) -> list[str]:
    """What axe finds wrong with the page that is open, WCAG A and AA."""
    from axe_playwright_python.sync_playwright import Axe

    found: dict[str, Any] = Axe().run(at.page, options=AXE).response
    return [f"axe {v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"]]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_for_everybody(wide: Browsing, narrow: Browsing, paths: dict[str, str], path: str) -> None:
    wrong = in_english_on_a_wide_screen(wide, paths[path]) + in_chinese_on_a_phone(narrow, paths[path])
    told = [line for line in wide.complaints + narrow.complaints if not re.search("404|422", line)]
    wide.complaints.clear()
    narrow.complaints.clear()
    assert wrong + told == []


def opened(at: Browsing, path: str) -> bytes:
    """The page as it came; a page that is not, or has a mistake, is a page too."""
    answer = at.page.goto(at.base + path)
    assert answer.status in (200, 404, 422), f"{path} answers {answer.status}: {answer.text()[:300]}"
    return bytes(answer.body())


def in_english_on_a_wide_screen(at: Browsing, path: str) -> list[str]:
    page, body = at.page, opened(at, path)
    wrong = axe(at) + [f"English: {said}" for said in look(at, "english")]
    wrong += [] if at.overflow() <= 0 else [f"{at.overflow()} px wider than 1440: {look(at, 'widest')}"]
    wrong += walked(at)
    look(at, "paint")
    page.emulate_media(forced_colors="active")
    wrong += [f"forced colours: {said}" for said in look(at, "forced")]
    page.emulate_media(forced_colors="none")
    weight = len(gzip.compress(body)) + sum(weight_of(at, one) for one in LOADED.findall(body.decode()))
    return wrong + ([f"weighs {weight}"] if weight > FIRST else [])


def in_chinese_on_a_phone(at: Browsing, path: str) -> list[str]:
    page, _ = at.page, opened(at, path)
    wrong = [f"dark {said}" for said in axe(at)] + [f"Chinese: {said}" for said in look(at, "chinese")]
    wrong += [] if at.overflow() <= 0 else [f"{at.overflow()} px wider than 360: {look(at, 'widest')}"]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})  # A4 without its margins
    wrong += [f"printed: {said}" for said in look(at, "printed")]
    page.set_viewport_size({"width": 360, "height": 900})
    page.emulate_media(media="screen")
    look(at, "twice")
    return wrong + ([] if at.overflow() <= 0 else [f"twice the text at 360: {look(at, 'widest')}"])


LOADED = re.compile(r'(?:href|src)="(/static/[^"]+)"')
WEIGHTS: dict[str, int] = {}


def weight_of(at: Browsing, path: str, headers: dict[str, str] | None = None) -> int:
    """How much an answer weighs, compressed; one that could not be had weighs too much."""
    if path not in WEIGHTS:
        text = at.page.evaluate(FETCHED, [path, headers or {}])
        WEIGHTS[path] = len(gzip.compress(text.encode())) if text else FIRST
    return WEIGHTS[path]


FETCHED = "async ([path, headers]) => { const a = await fetch(path, { headers }); return a.ok ? await a.text() : '' }"


def walked(at: Browsing) -> list[str]:
    """Tab goes through all there is in the order of the page and out; Shift Tab comes back, and nothing lies over it.

    A field of a day has several stops of its own.
    """
    count, wrong = look(at, "reachable"), []
    for key, last, order in (("Tab", count - 1, range(count)), ("Shift+Tab", 0, range(count - 1, -1, -1))):
        went = [] if key == "Tab" else [at.page.evaluate("reached.at(-1).focus() || reached.length - 1")]
        for _ in range(2 * count + 20):
            if went[-1:] in ([last], [-1]):
                break
            at.page.keyboard.press(key)
            place, said = look(at, "focused")
            if went[-1:] != [place]:
                went.append(place)
                wrong += [f"{key}: {said}"] if said else []
        wrong += [] if went == list(order) else [f"{key} over {count}: {went}"]
    return wrong


def test_a_part_of_a_page_is_light(wide: Browsing, paths: dict[str, str]) -> None:
    for path in ("/cases/B1/why?about=due", "/cases/B1/why?about=contact:call:collection", "/why/day?about=proof",
                 "/why/worth?arrears=55213&days=4&broken=0", "/cases/B1"):  # fmt: skip
        assert weight_of(wide, path, {"hx-request": "true"}) < FRAGMENT, path


@pytest.mark.parametrize("opened", ["why", "palette", "keys", "lens", "person"])
def test_what_opens_over_a_page_is_whole_too(
    wide: Browsing, narrow: Browsing, paths: dict[str, str], opened: str
) -> None:
    wrong = []
    for at in (wide, narrow):
        at.go(paths["/cases/B1"])
        if opened in ("lens", "person"):
            at.page.locator(".bar details").nth(0 if opened == "lens" else 1).locator("summary").click()
        else:
            at.keys({"why": "w", "palette": "Control+k", "keys": "?"}[opened])
            at.page.locator({"why": "#why .why-in"}.get(opened, f"dialog#{opened}[open]")).wait_for()
        wrong += axe(at) + ([] if at.overflow() <= 0 else [f"wider by {at.overflow()}: {look(at, 'widest')}"])
        wrong += look(at, "outside")
    assert wrong + wide.complaints + narrow.complaints == []
