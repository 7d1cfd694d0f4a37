"""The borrower's portal: what is owed, paid once, helped, disputed; and nothing of anybody else."""

import gzip
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import segno

from afterloan.desk.portal.app import portal_router
from afterloan.desk.portal.screens import fen_told
from afterloan.desk.words import words_of
from afterloan.enquiry.holds import holds_of
from afterloan.facts.act import Refused, Who
from afterloan.facts.limit import LimitOffered, LimitSet
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.debits import standing_of
from afterloan.store.events import tell
from afterloan.store.files import file_kept
from afterloan.store.limits import line_now
from tests.desk.portal.house import book, portal, prove, sent, token
from tests.desk.web.served import ON, Served

__all__ = ["book", "portal"]
TEMPLATES = Path(__file__).parents[3] / "src/afterloan/desk/portal/templates"
MEANS = {"loan": "L1", "household": "2", "pay": "6000", "home": "1,200.00", "food": "1500", "debts": "400"}
PAGES = ["/", "/why", "/pay", "/pay/check?what=all", "/loans/L1", "/loans/L1/end", "/payments", "/messages", "/cannot",
         "/promise", "/plan", "/hardship", "/way-back", "/way-back/L1", "/bureau", "/wrong", "/contact", "/documents",
         "/looked", "/complaints", "/bereavement", "/support", "/died",
         "/lessons", "/lessons/L1", "/lessons/L1/bureau-mark",
         "/help", "/verify"]  # fmt: skip


def means(n: int) -> dict[str, str]:
    return {**MEANS, "loan": f"L{n}"}


def test_what_is_owed_is_told_first_and_alike_to_people_and_programs(portal: Served) -> None:
    browser = portal.sat("my", "B1")
    told = browser.get("/my/summary").json()["mine"]
    # the interest of 31 nights at 0.05 %: 12,000.00 × 31 × 0.0005 = 186.00 and 6,000.00 × 31 × 0.0005 = 93.00
    assert told["parts"]["interest"] == 18_600 + 9_300
    assert sum(told["parts"].values()) == told["due_fen"] and told["days"] == 24  # since 17 January
    shown = f"CNY {told['due_fen'] // 100:,}.{told['due_fen'] % 100:02d}"
    page = browser.get("/", headers={"accept-language": "en"}).text
    assert page.index(shown) < page.index('href="/pay"') < page.index('href="/cannot"')


def test_a_day_of_grace_is_words_and_a_date(portal: Served) -> None:
    page = portal.sat("my", "B3").get("/", headers={"accept-language": "en"}).text
    assert "Due today. Paid today, it is on time." in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_shown_in_both_languages(portal: Served, path: str, language: str) -> None:
    answer = portal.sat("my", "B1").get(path, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    assert not re.search(r">[^<]*\bportal\.[a-z_.]+", answer.text), "a word without its words"
    assert " style=" not in answer.text and "<script" not in answer.text


def test_the_first_page_is_light(portal: Served) -> None:
    browser = portal.sat("my", "B1")
    page = browser.get("/").text
    sheets = [browser.get(path).content for path in re.findall(r'href="(/static/[^"]+)"', page)]
    assert sum(len(gzip.compress(part)) for part in (page.encode(), *sheets)) <= 60_000


def test_the_words_of_all_templates_are_there() -> None:
    used = {
        key for file in TEMPLATES.glob("*.html") for key in re.findall(r"t\('(portal[\w.]*\w)'[,)]", file.read_text())
    }
    assert len(used) > 100 and used <= set(words_of("en").words)


def test_where_the_money_goes_is_shown_before_it_is_paid(portal: Served) -> None:
    page = portal.sat("my", "B1").get("/pay/check?what=other&amount=500", headers={"accept-language": "en"}).text
    # the loan that is late longest is paid first, and of it interest before principal: 186.00 and 314.00 less penalty
    assert "L1: CNY 500.00" in page and "186.00" in page


def test_a_double_click_is_one_payment(portal: Served) -> None:
    browser = portal.sat("my", "B4")
    fields = {"token": token_of_debit(browser.get("/pay/check?what=loan:K4").text), "part:K4": "50000"}
    first, second = (browser.post("/pay", data=fields) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    with portal.store.connect() as connection:
        assert [t.amount_fen for t in standing_of(connection, "B4").tried] == [50_000]
    assert "On its way" in browser.get(first.headers["location"], headers={"accept-language": "en"}).text


def token_of_debit(page: str) -> str:
    return page.split('action="/pay"')[1].split('name="token" value="')[1].split('"')[0]


@pytest.mark.parametrize(("amount", "words"), [("", "an amount"), ("1,5x", "an amount"), ("99999", "more than is due")])
def test_an_amount_that_is_none_is_said_beside_the_form(portal: Served, amount: str, words: str) -> None:
    answer = portal.sat("my", "B1").get(f"/pay/check?what=other&amount={amount}", headers={"accept-language": "en"})
    assert answer.status_code == 422 and words in answer.text and f'value="{amount}"' in answer.text


@pytest.mark.parametrize(("text", "fen"), [("1,284.50", 128_450), ("500", 50_000), ("0.5", 50), ("1.234", None),
                                           ("-5", None), ("", None), ("1e3", None), ("9" * 12, None),
                                           ("1,5", 150), ("1,000", None), ("６００", 60_000), ("¥1，284.50", 128_450),
                                           (" 500 元", 50_000)])  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, fen: int | None) -> None:
    assert fen_told(text) == fen


def test_a_loan_ends_by_its_sealed_quote(portal: Served) -> None:
    browser = portal.sat("my", "B5")
    where = sent(browser, "/loans/K5/end")
    page = browser.get(where, headers={"accept-language": "en"}).text
    fen = browser.get(f"/my{where}").json()["quote"]["pay_fen"]
    fields = {"token": token(page.split("<footer")[0]), "loan": "K5", "amount": "1", "quote": where.rsplit("/", 1)[1]}
    assert browser.post("/pay/transfer", data=fields).status_code == 303
    told = browser.get("/my/documents").json()["mine"]["loans"]
    assert {one["loan"]: one["state"] for one in told}["K5"] == "paid_off" and fen > 600_000
    assert browser.get("/documents/K5/settled.pdf").headers["location"] == "/step-up?to=/documents"
    prove(portal, browser)
    assert browser.get("/documents/K5/settled.pdf").content.startswith(b"%PDF-")
    assert browser.get("/documents/L5/settled.pdf").status_code == 404


def test_the_plan_finder_is_left_come_back_to_and_agreed(portal: Served) -> None:
    browser = portal.sat("my", "B6")
    assert sent(browser, "/plan", do="save", **means(6)) == "/plan"
    later = portal.sat("my", "B6")
    assert 'value="1,200.00"' in later.get("/plan").text
    where = sent(later, "/plan", do="find", **means(6))
    found = later.get(f"/my{where}").json()["found"]
    # 6,000 − (1,200 + 1,500) − 400 − a tenth kept = 2,300 a month
    assert found["working"] == {"income": 600_000, "spending": 270_000, "debts": 40_000, "reserve": 60_000,
                                "left": 230_000}  # fmt: skip
    offer = found["offers"][0]["reference"]
    assert "tick" in sent(later, f"/plans/{offer}?language=en", "/plan/answer?language=en", of=offer, do="accept")
    agreed = {"of": offer, "do": "accept", "agree": "yes"}
    assert sent(later, f"/plans/{offer}", "/plan/answer", **agreed) == f"/step-up?to=/plans/{offer}"
    prove(portal, later)
    assert later.get(f"/my/plans/{offer}").json()["state"] == "offered"
    assert sent(later, f"/plans/{offer}", "/plan/answer", **agreed) == f"/plans/{offer}"
    assert later.get(f"/my/plans/{offer}").json()["state"] == "running"
    assert later.get("/my/plan").json()["told"] == {}, "what was sent is not kept as a draft"
    with portal.store.connect() as connection:
        told = connection.execute(
            "select kind, body->'values' from outbox join borrower using (borrower) where reference = 'B6' and "
            "key like 'confirmed-by-code:%%' order by kind"
        ).fetchall()
    assert told == [("message.push", {"change": "plan.accept"})], "B6 has no e-mail: the inbox tells it"


def test_what_was_told_meanwhile_brings_a_fresh_offer(portal: Served) -> None:
    browser = portal.sat("my", "B7")
    where = sent(browser, "/plan", do="find", **means(7))
    offer = browser.get(f"/my{where}").json()["found"]["offers"][0]["reference"]
    assert sent(browser, "/pay/check?what=loan:L7", "/pay/transfer", loan="L7", amount="100") == "/payments"
    prove(portal, browser)
    fresh = sent(browser, f"/plans/{offer}", "/plan/answer", of=offer, do="accept", agree="yes")
    assert fresh.endswith("?changed=1") and offer not in fresh
    assert browser.get(f"/my{fresh}").json()["state"] == "offered"


@pytest.mark.parametrize("wrong", [{"household": "0"}, {"pay": ""}, {"food": "a lot"}])
def test_an_answer_that_is_none_is_asked_again_and_nothing_is_lost(portal: Served, wrong: dict[str, str]) -> None:
    page = sent(portal.sat("my", "B1"), "/plan", do="find", **{**MEANS, **wrong})
    assert 'role="alert"' in page and 'value="1,200.00"' in page and 'aria-invalid="true"' in page


PAPER = b"%PDF-1.7\n" + b"0" * 2_000


def test_hardship_a_paper_that_fails_is_sent_again_and_peace_begins_at_once(portal: Served) -> None:
    browser = portal.sat("my", "B8")
    told = {"cause": "illness", "told": "Operated in January", "income": "3000", "spending": "2500"}

    def handed(content: bytes) -> Any:
        fields = {"token": token(browser.get("/hardship").text.split("<footer")[0]), **told}
        return browser.post("/hardship/evidence", data=fields, files={"paper1": ("photo.pdf", content)})

    failed = handed(b"MZ" + b"0" * 2_000)
    assert failed.status_code == 422 and "Operated in January" in failed.text
    where = handed(PAPER).headers["location"]
    seen = browser.get(f"/my{where}").json()["hardship"]
    assert (seen["state"], seen["papers"], seen["decide_by"]) == ("review", ["photo.pdf"], "2026-02-25")  # 15 days
    with portal.store.connect() as connection:
        assert [h.hold for h in holds_of(connection, "B8", ON)] == ["hardship_review"]
        digest = connection.execute(
            "select answer->'paper'->>'sha256' from act where verb = 'paper.hand_in'"
        ).fetchone()
        assert digest is not None and file_kept(connection, digest[0]) == PAPER


def test_a_promise_leaves_in_peace_until_its_day(portal: Served) -> None:
    browser = portal.sat("my", "B9")
    assert 'role="status"' in sent(browser, "/promise", by="2026-02-14", amount="500")
    assert [p["hold"] for p in browser.get("/my/summary").json()["mine"]["peace"]] == ["promise_pending"]
    assert 'role="alert"' in sent(browser, "/promise", by="2026-02-30", amount="500")


def test_a_way_is_chosen_and_its_days_are_marked(portal: Served) -> None:
    browser = portal.sat("my", "B10")
    ways = browser.get("/my/way-back/L10").json()["ways"]
    assert [way["way"] for way in ways][:2] == ["pay_now", "pay_in_parts"]
    assert sent(browser, "/way-back/L10", way="pay_now") == "/way-back/L10"
    told = browser.get("/my/way-back/L10").json()
    assert told["before"] and told["chosen"] == "pay_now" and told["chosen_on"] == "2026-02-10"
    page = browser.get("/way-back/L10", headers={"accept-language": "en"}).text
    assert "Your way since Tue 10 Feb 2026" in page and "○ ahead" in page
    free = {way["way"]: way["current_on"] for way in told["ways"]}
    assert free["pay_now"] == "2026-02-10" and free["nothing"] is None


def test_a_channel_is_stopped_at_once(portal: Served) -> None:
    browser = portal.sat("my", "B11")
    assert sent(browser, "/contact", stop="sms").startswith("/contact")
    assert browser.get("/my/contact").json()["stopped"] == ["sms"]
    assert sent(browser, "/contact", again="sms") == "/step-up?to=/contact", "a consent needs a fresh code"
    prove(portal, browser)
    assert sent(browser, "/contact", again="sms").startswith("/contact")
    assert browser.get("/my/contact").json()["stopped"] == []


def test_hours_language_and_who_may_be_asked_are_kept_and_shown(portal: Served) -> None:
    browser = portal.sat("my", "B12")

    def between(first: str, last: str) -> Any:
        fields = {"token": token(browser.get("/contact").text), "from": first, "to": last, "language": "en"}
        return browser.post("/contact", data=fields)

    assert between("19:00", "20:30").status_code == 303
    prove(portal, browser)  # whom we may ask is said by nobody but the borrower
    assert sent(browser, "/contact", who="Li Si", person="third", address="13900000000").startswith("/contact")
    told = browser.get("/my/contact").json()
    assert (told["wished"], told["language_wished"]) == (["19:00", "20:30"], "en")
    assert told["persons"] == [{"who": "Li Si", "person": "third", "refused": False}]
    assert 'role="alert"' in between("21:00", "20:30").text
    assert between("", "").status_code == 303  # both emptied: any hour again
    assert browser.get("/my/contact").json()["wished"] in (None, [])


def with_a_parameter() -> list[tuple[str, str]]:
    found = []
    for route in portal_router(None).routes:  # type: ignore[arg-type]
        path, methods = route.path, sorted(route.methods)  # type: ignore[attr-defined]
        if "{" in path and "{size}" not in path and "{ticket}" not in path:
            found += [(method, path.replace(":path", "")) for method in methods if method in ("GET", "POST")]
    return found


@pytest.mark.parametrize(("method", "path"), with_a_parameter())
def test_what_is_somebody_elses_is_not_there(portal: Served, method: str, path: str) -> None:
    other, me = portal.sat("my", "B2"), portal.sat("my", "B1")
    theirs = {"loan": "L2", "reference": reference_of_b2(other, path)}
    nobodys = {"loan": "L9", "reference": "x" * len(theirs["reference"])}

    def asked(values: dict[str, str]) -> tuple[int, str]:
        to = path.format(**values)
        fields = {"token": token(me.get("/").text), "way": "pay_now"}
        answer = me.get(to) if method == "GET" else me.post(to, data=fields)
        return answer.status_code, answer.text.replace(to, "").replace(values["reference"], "").replace(
            values["loan"], ""
        )

    assert asked(theirs) == asked(nobodys)
    assert asked(theirs)[0] == 404


def reference_of_b2(other: Any, path: str) -> str:
    if "quotes" in path:
        return sent(other, "/loans/L2/end").rsplit("/", 1)[1]
    if "plan" in path:
        where = sent(other, "/plan", do="find", **means(2))
        reference: str = where.rsplit("/", 1)[1]
        return reference if "found" in path else f"{reference}/1"
    if "hardship" in path:
        mine = other.get("/my/summary").json()["mine"]["asked"]
        if mine:
            return str(mine)
        fields = {"token": token(other.get("/hardship").text.split("<footer")[0]), "cause": "family", "told": "a child",
                  "income": "100"}  # fmt: skip
        return str(other.post("/hardship/evidence", data=fields).headers["location"]).rsplit("/", 1)[1]
    return "nothing-of-b2"


def test_the_details_of_a_transfer_can_be_read_by_a_camera(portal: Served) -> None:
    """The picture is the very code of the account, the loan and the amount that stand beside it."""
    page = portal.sat("my", "B1").get("/pay/check?what=other&amount=500", headers={"accept-language": "en"}).text
    told = "\n".join(["Lender", "11001042700059000123", "Bank", "L1", "500.00"])
    picture = segno.make(told, error="m").svg_data_uri(scale=4, light="#fff")
    assert unescape(page.split('<img src="')[1].split('"')[0]) == picture
    assert "QR code with the details of the transfer for L1" in page


def offered_to(portal: Served, name: str, of: str) -> None:
    """A line of 20,000.00, and 24,000.00 offered until 9 March."""
    dated = {"borrower": name, "on": ON, "known_on": ON}
    said = {"by": "Wang", "reason": "granted", "rule": "person", "before_fen": 0, "after_fen": 2_000_000}
    offer = {"rule": "lines.reassess", "before_fen": 2_000_000, "after_fen": 2_400_000, "valid_until": date(2026, 3, 9)}
    with portal.store.connect() as connection:
        if line_now(connection, name, ON).limit_fen != 2_000_000:
            tell(connection, LimitSet(**dated, reference=f"set-{name}", **said))
        tell(connection, LimitOffered(**dated, reference=of, **offer))


def limit_of(portal: Served, name: str) -> int:
    with portal.store.connect() as connection:
        return line_now(connection, name, ON).limit_fen


def test_a_no_leaves_the_line_and_ends_the_offer(portal: Served) -> None:
    offered_to(portal, "B3", "offer:B3:1")
    browser, at = portal.sat("my", "B3"), "/line/offer:B3:1"
    assert sent(browser, at, "/line/answer", of="offer:B3:1", do="decline") == at
    assert browser.get("/my" + at).json()["offer"]["state"] == "declined"
    assert "24,000.00" not in browser.get("/", headers={"accept-language": "en"}).text
    with desk_of(portal.store) as desk:
        who = Who("borrower", "B3", ("borrower",), "portal")
        late = do(desk, who, "limit.accept", {"borrower": "B3", "of": "offer:B3:1"}, "after-all", ON)
    assert isinstance(late, Refused) and f"was declined on {ON}" in late.why
    assert limit_of(portal, "B3") == 2_000_000


def test_a_wider_line_stands_by_a_yes_with_a_fresh_code_and_by_nothing_else(portal: Served) -> None:
    offered_to(portal, "B3", "offer:B3:2")
    browser, at, yes = portal.sat("my", "B3"), "/line/offer:B3:2", {"of": "offer:B3:2", "do": "accept"}
    assert "CNY 24,000.00" in browser.get("/", headers={"accept-language": "en"}).text
    page = unescape(browser.get(at, headers={"accept-language": "en"}).text)
    # 0.05 % a day, 365 days without compound interest: 18.25 % a year
    for words in ("CNY 20,000.00", "CNY 24,000.00", "0.05 % a day, 18.25 % a year", "If you do nothing, nothing"):
        assert words in page
    assert "年化利率（单利）18.25%" in browser.get(at, headers={"accept-language": "zh"}).text
    assert "agree" in sent(browser, at, "/line/answer", **yes), "no tick, no yes"
    assert sent(browser, at, "/line/answer", **yes, agree="yes").startswith("/step-up?to=/line/")
    assert limit_of(portal, "B3") == 2_000_000
    prove(portal, browser)
    assert sent(browser, at, "/line/answer", **yes, agree="yes") == at
    assert limit_of(portal, "B3") == 2_400_000
    done = browser.get(at, headers={"accept-language": "en"}).text
    assert "You said yes" in done and 'action="/line/answer"' not in done
    assert portal.sat("my", "B11").get(at).status_code == 404, "somebody else's offer"


def test_who_is_late_is_shown_no_wider_line_and_gets_none(portal: Served) -> None:
    offered_to(portal, "B9", "offer:B9:1")
    browser, at = portal.sat("my", "B9"), "/line/offer:B9:1"
    assert "24,000.00" not in browser.get("/", headers={"accept-language": "en"}).text
    prove(portal, browser)
    page = sent(browser, at, "/line/answer", of="offer:B9:1", do="accept", agree="yes")
    assert "逾期" in page or "Something is overdue." in page
    assert limit_of(portal, "B9") == 2_000_000


def test_a_statement_is_had_with_a_fresh_code_as_paper_and_as_table(portal: Served) -> None:
    browser = portal.sat("my", "B1")
    assert "/documents/L1/statement.pdf" in browser.get("/documents").text
    for form in ("pdf", "csv"):
        assert browser.get(f"/documents/L1/statement.{form}").headers["location"] == "/step-up?to=/documents"
        assert browser.get(f"/documents/L2/statement.{form}").status_code == 404, "nothing is said of what is another's"
    prove(portal, browser)
    assert browser.get("/documents/L1/statement.pdf").content.startswith(b"%PDF-")
    # 12,000.00 × 31 days × 0.05 % = 186.00
    table = browser.get("/documents/L1/statement.csv").text
    assert table.splitlines()[1:4] == [
        "2025-12-17,0,money paid out,1200000,1200000,", "2026-01-17,1,principal fell due,91547,1200000,",
        "2026-01-17,1,interest fell due,18600,1200000,",
    ]  # fmt: skip
