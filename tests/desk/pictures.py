"""Takes the pictures of the README from a demonstration that is being served.

`afterloan serve --demo`, and beside it `python -m tests.desk.pictures http://localhost:8000 docs/images`.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.desk.workbench.browsed import Browsing, Open, browser_before

LIFE = "demo-not"
THEN = "2025-10-31"


def host(base: str, name: str) -> str:
    """The address of one of the three hosts: `http://desk.localhost:8000`."""
    told = urlsplit(base)
    return f"{told.scheme}://{name}.{told.netloc}"


def taken(at: Browsing, path: str, file: Path) -> None:
    """What is seen of a page without scrolling."""
    at.go(path)
    at.page.mouse.move(0, 0)
    at.page.screenshot(path=str(file))


def of_the_desk(opens: Open, folder: Path) -> None:
    """The worklist, a case, the strategy lab with a trial of another grace, and what was believed then beside now."""
    at = opens(1200).sit("lead")
    taken(at, "/worklist", folder / "worklist.png")
    taken(at, f"/cases/{LIFE}", folder / "case.png")
    at.go("/strategy/trials")
    for field, value in (("#first", "2025-10-01"), ("#last", "2025-12-31"), ("#grace", "7")):
        at.page.locator(field).fill(value)
    at.page.get_by_role("button", name="Try it").click()
    at.sees("people would be treated otherwise")
    taken(at, urlsplit(at.page.url).path, folder / "strategy.png")
    at = opens(1200).sit("auditor")
    taken(at, f"/audit/known?borrower={LIFE}&then={THEN}", folder / "then-and-now.png")


def of_the_portal(opens: Open, base: str, folder: Path) -> None:
    """The way back on a phone."""
    at = opens(360)
    at.base = host(base, "my")
    at.go("/sign-in")
    at.page.click(f'button[value="{LIFE}"]')
    at.go("/language/en?to=/")
    taken(at, f"/way-back/{LIFE}-1", folder / "way-back.png")


def main(base: str, folder: str) -> None:
    """Take all five. `base`: the address that is served, without a host's name before it."""
    with browser_before(host(base, "desk")) as opens:
        of_the_desk(opens, Path(folder))
        of_the_portal(opens, base, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:3])
