"""Files as banks really write them: nothing in them is lost, and whatever is broken gets an answer with its place."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterloan.banks.batch_csv import read_batch, read_batch_results, read_statement, write_statement
from afterloan.banks.camt import read_camt
from afterloan.banks.files import read_results, read_statements, refuse_order
from afterloan.banks.letters import in_ascii, in_sepa
from afterloan.banks.mt940 import read_mt940, write_mt940
from afterloan.banks.nacha import read_nacha, read_nacha_returns, write_nacha
from afterloan.banks.numbers import is_creditor_id, is_iban, is_routing, plain_account
from afterloan.banks.pain002 import read_pain002
from afterloan.banks.pain008 import read_pain008, write_pain008
from afterloan.banks.words import (
    BankFileRefused,
    BankStatement,
    Collection,
    Creditor,
    Order,
    StatementLine,
    reference_of,
)
from tests.banks.test_bank_files import SAMPLE, SEPA_SAMPLE, STATEMENT, WHOLE

KEY = "DABCDEFGHIJKLMN"


# -- numbers and letters --------------------------------------------------------------------------------------------


def test_check_digits() -> None:
    # the IBANs printed in the standard's examples; one digit changed makes them wrong
    for right in ("DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"):
        assert is_iban(right) and not is_iban(right[:-1] + ("1" if right[-1] != "1" else "2"))
        assert not is_iban(right.lower()) and is_iban(plain_account(f" {right[:4].lower()} {right[4:]} "))
    # 0·3+9·7+1·1+0·3+0·7+0·1+0·3+1·7 = 71, up to 80 is 9
    assert is_routing("091000019") and not is_routing("091000018") and not is_routing("12345")
    # 09999999999 + DE98 is 09999999999131498, which leaves 1 of 97; the business code ZZZ does not count
    assert is_creditor_id("DE98ZZZ09999999999") and is_creditor_id("DE98AB109999999999")
    assert not is_creditor_id("DE99ZZZ09999999999") and not is_creditor_id("9123456789")


def test_letters_of_the_schemes() -> None:
    assert in_ascii("José Núñez", 22) == "Jose Nunez" and in_ascii("张伟", 22) == "ZhangWei"
    assert in_sepa("Größe & Söhne", 70) == "Grosse + Sohne" and in_sepa("Олег Иванов", 70) == "Oleg Ivanov"
    assert in_sepa("a_b*c", 70) == "a b c" and in_sepa("x" * 71, 70) == "x" * 70


@given(st.text(max_size=80))
def test_any_name_becomes_letters_that_the_scheme_carries(name: str) -> None:
    assert in_ascii(name, 22).isascii() and len(in_ascii(name, 22)) <= 22
    assert not set(in_sepa(name, 70)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")


# -- collections ----------------------------------------------------------------------------------------------------

LENDER = Creditor("Préstamos Ñ", "1234567890", "021000021", "9123456789")


def debits(*orders: Order, number: int = 1, first: int = 1) -> Collection:
    made_at = datetime(2026, 3, 9, 8, 30)
    return Collection("NACHA-20260310-001", made_at, LENDER, date(2026, 3, 10), "USD", orders, number, first)


def debit(key: str = KEY, **more: Any) -> Order:
    told = {"mandate": "M1", "name": "José Núñez", "account": "123456", "bank": "091000019"}
    return Order(key, 100, signed_on=date(2026, 1, 1), **{**told, **more})


def test_a_name_with_other_letters_and_a_savings_account_stand_in_the_nacha_file() -> None:
    rows = write_nacha(debits(debit(), debit("DB" + "A" * 13, savings=True))).decode("ascii").splitlines()
    assert rows[2][1:3] == "27" and rows[2][54:76] == "Jose Nunez".ljust(22)
    assert rows[3][1:3] == "37" and rows[0][63:86] == "Prestamos N".ljust(23)
    assert [o.savings for o in read_nacha("\n".join(rows).encode()).orders] == [False, True]


def test_two_files_of_a_day_share_neither_modifier_nor_trace_numbers() -> None:
    first = write_nacha(debits(debit(), debit("DB" + "A" * 13))).decode().splitlines()
    second = write_nacha(debits(debit("DC" + "A" * 13), number=2, first=3)).decode().splitlines()
    assert (first[0][33], second[0][33]) == ("A", "B")
    assert [r[79:94] for r in first[2:4]] + [second[2][79:94]] == [f"02100002000000{k}" for k in (1, 2, 3)]
    with pytest.raises(BankFileRefused, match="it would be file 37 of its day; there are 36 modifiers"):
        write_nacha(debits(debit(), number=37))


@pytest.mark.parametrize(
    ("form", "currency", "more", "says"),
    [
        ("nacha", "USD", {"bank": "12345"}, "bank '12345': is no routing number"),
        ("nacha", "USD", {"bank": "091000018"}, "is no routing number"),
        ("nacha", "USD", {"account": "1" * 21}, "is no account of at most 17"),
        ("nacha", "USD", {"name": ""}, "has no letter"),
        ("pain008", "EUR", {"account": "DE89370400440532013001"}, "is no IBAN, or its check digits are wrong"),
        ("pain008", "EUR", {"account": "123456"}, "is no IBAN"),
        ("pain008", "EUR", {"account": "DE89370400440532013000", "mandate": "M-é"}, "letters that SEPA does not carry"),
        ("nacha", "USD", {}, None),
        ("pain008", "EUR", {"account": "de89 3704 0044 0532 0130 00"}, None),
        ("pain008", "CNY", {"account": "6222021234567890"}, None),
    ],
)
def test_a_debit_that_cannot_stand_in_a_file_is_told_alone(form: str, currency: str, more: Any, says: str) -> None:
    bad = refuse_order(form, debit(**more), currency)
    assert (bad is None) if says is None else (bad is not None and says in str(bad) and "mandate" in str(bad))


def test_a_sepa_collection_says_what_the_scheme_asks_for() -> None:
    text = write_pain008(SEPA_SAMPLE).decode()
    for told in (
        "<SvcLvl>", "<Cd>SEPA</Cd>", "<LclInstrm>", "<Cd>CORE</Cd>", "<SeqTp>RCUR</SeqTp>", "<ChrgBr>SLEV</ChrgBr>",
        "<IBAN>GB82WEST12345698765432</IBAN>", "<IBAN>DE89370400440532013000</IBAN>", "<Nm>Oleg Ivanov</Nm>",
        "<Nm>Grosse + Sohne</Nm>",
    ):  # fmt: skip
        assert told in text, told
    assert text.isascii()
    (order,) = SEPA_SAMPLE.orders
    long = replace(SEPA_SAMPLE, orders=(replace(order, name="n" * 90),))
    assert read_pain008(write_pain008(long)).orders[0].name == "n" * 70
    for creditor, says in (
        (replace(SEPA_SAMPLE.creditor, scheme_id=""), "scheme identifier '' is none"),
        (replace(SEPA_SAMPLE.creditor, account="1234"), "account '1234' is no IBAN"),
    ):
        with pytest.raises(BankFileRefused, match=says):
            write_pain008(replace(SEPA_SAMPLE, creditor=creditor))


def test_a_sign_that_no_xml_can_carry_holds_up_no_file() -> None:
    odd = replace(SAMPLE, orders=(replace(SAMPLE.orders[0], name="张\x0b伟\x00", text="\ud800x"),))
    assert read_pain008(write_pain008(odd)).orders[0].name == "张 伟"


# -- amounts --------------------------------------------------------------------------------------------------------


def test_an_amount_that_may_be_two_sums_is_refused_in_a_csv() -> None:
    told = BankStatement("S", "1", "CNY", datetime(2026, 3, 10), (StatementLine("A", date(2026, 3, 10), 100_000),))
    data = write_statement(told).decode()
    for text in ("1,000", "1.000"):
        quoted = data.replace("1000.00", f'"{text}"')
        with pytest.raises(
            BankFileRefused, match=r"line 3: 金额 '1.000' may be 1000.00 or 1.000: .*; write 1000.00 or 1.00"
        ):
            read_statement(quoted.encode(), "f.csv")
    (line,) = read_statement(data.replace("1000.00", '"1,000.00"').encode()).lines
    assert line.amount_fen == 100_000


def test_amounts_are_in_the_units_of_their_currency() -> None:
    for currency, shown in (("JPY", "12345"), ("KWD", "12.345")):
        told = replace(STATEMENT, currency=currency, opening_fen=0, closing_fen=12_340)
        assert f">{shown}</Amt>" in camt_of(told)
        assert [x.amount_fen for x in read_camt(camt_of(told).encode())[0].lines] == [12_345, -5]
        assert [x.amount_fen for x in read_mt940(write_mt940(told))[0].lines] == [12_345, -5]
        assert [x.amount_fen for x in read_statement(write_statement(told)).lines] == [12_345, -5]


def camt_of(told: BankStatement) -> str:
    from afterloan.banks.camt import write_camt

    return write_camt(told).decode()


# -- NACHA returns --------------------------------------------------------------------------------------------------


def field(width: int, text: object = "", right: bool = False) -> str:
    return str(text).rjust(width, "0") if right else str(text).ljust(width)


def head(made: str = "260312", hour: str = "0915") -> str:
    return f"101 021000021 091000019{made}{hour:4}A094101{field(23, 'LENDER')}{field(23, 'BANK')}"


def batch(
    effective: str, settlement: str, rows: list[str], number: int, debit_fen: int, credit_fen: int = 0
) -> list[str]:
    first = f"5200{field(16, 'LENDER')}{field(20)}{field(10, '9123456789')}PPD{field(10, 'LOAN PMT')}{field(6)}"
    # every entry is of bank 091000019, so the hash is 9100001 for each
    hashed = 9_100_001 * sum(row.startswith("6") for row in rows)
    sums = f"{len(rows):06d}{hashed:010d}{debit_fen:012d}{credit_fen:012d}"
    end = f"8200{sums}{field(10, '9123456789')}{field(25)}09100001{number:07d}"
    return [f"{first}{effective:6}{settlement:3}109100001{number:07d}", *rows, end]


def entry(key: str, fen: int, trace: int, code: int = 26, addenda: int = 1) -> str:
    who = f"{key:15}{field(22, 'JOSE NUNEZ')}  "
    return f"6{code}091000019{field(17, '123456')}{fen:010d}{who}{addenda}09100001{trace:07d}"


def returned(code: str, trace: int) -> str:
    return f"799{code}02100002{trace:07d}{field(6)}09100001{field(44)}09100001{trace:07d}"


def corrected(code: str, value: str, trace: int) -> str:
    return f"798{code}02100002{trace:07d}{field(6)}09100001{value:29}{field(15)}09100001{trace:07d}"


def nacha(batches: list[list[str]], debit_fen: int, credit_fen: int = 0, first: str = "") -> list[str]:
    inner = [row for rows in batches for row in rows]
    entries = sum(row.startswith("6") for row in inner)
    counted = sum(row[0] in "67" for row in inner)
    blocks = -(-(len(inner) + 2) // 10)
    sums = f"{len(batches):06d}{blocks:06d}{counted:08d}{9_100_001 * entries:010d}{debit_fen:012d}{credit_fen:012d}"
    return [first or head(), *inner, f"9{sums}{field(39)}"]


TWO = [
    batch("260312", "071", [entry(KEY, 10_000, 1), returned("R01", 1)], 1, 10_000),
    batch("000101", "", [entry("DBBBBBBBBBBBBBB", 20_000, 2), returned("R03", 2)], 2, 20_000),
    batch("", "", [entry("DCCCCCCCCCCCCCC", 0, 3), corrected("C01", "7654321", 3)], 3, 0),
    batch("000000", "071", [entry("DDDDDDDDDDDDDDD", 500, 4, code=21), returned("R02", 4)], 4, 0, 500),
]


def test_returns_as_banks_send_them_are_taken_entry_by_entry() -> None:
    """Several batches, a correction among them, effective days that are none, no nines, blanks cut off."""
    rows = nacha(TWO, 30_000, 500)
    read = read_nacha_returns("\r\n".join(row.rstrip() for row in rows).encode(), "ret.ach")
    # day 71 of 2026 is 12 March (31 + 28 + 12); a batch without any day counts on the file's own
    assert [(r.end_to_end, r.status, r.on, r.amount_fen, r.code) for r in read.results] == [
        (KEY, "returned", date(2026, 3, 12), 10_000, "R01"),
        ("DBBBBBBBBBBBBBB", "returned", date(2026, 3, 12), 20_000, "R03"),
    ]
    (change,) = read.corrections
    assert (change.end_to_end, change.code, change.corrected) == ("DCCCCCCCCCCCCCC", "C01", "7654321")
    (bad,) = read.refused
    assert bad.place == "batch 4, entry 1" and "a credit came back" in bad.reason
    whole = "".join(row.ljust(94) for row in rows)
    assert read_nacha_returns(whole.encode()) == read  # no line ends at all


def test_the_settlement_day_finds_its_year() -> None:
    rows = nacha([batch("", "002", [entry(KEY, 100, 1), returned("R01", 1)], 1, 100)], 100, first=head("261231"))
    assert read_nacha_returns("\n".join(rows).encode()).results[0].on == date(2027, 1, 2)
    # 26 years before its file an effective day says nothing, and no more does a settlement half a year away
    odd = nacha([batch("000101", "200", [entry(KEY, 100, 1), returned("R01", 1)], 1, 100)], 100)
    assert read_nacha_returns("\n".join(odd).encode()).results[0].on == date(2026, 3, 12)


def test_a_day_without_returns_is_a_file_without_batches() -> None:
    rows = [row.rstrip() for row in nacha([], 0)] + ["9" * 94] * 8
    read = read_nacha_returns("\n".join(rows).encode())
    assert (read.results, read.refused, read.corrections) == ((), (), ())
    assert read_results("\n".join(rows).encode(), "ret.ach") == read


def test_names_in_other_encodings_shift_no_column() -> None:
    rows = nacha([batch("260312", "071", [entry(KEY, 10_000, 1), returned("R01", 1)], 1, 10_000)], 10_000)
    for encoding in ("latin-1", "utf-8"):
        data = "\n".join(rows).replace("JOSE NUNEZ", "JOSÉ NÚÑEZ").encode(encoding)
        assert read_nacha_returns(data).results[0].end_to_end == KEY


def test_a_return_with_a_wrong_check_digit_is_a_return() -> None:
    """R28 says that the routing number's check digit was wrong: it comes back with that very number."""
    rows = nacha([batch("260312", "071", [entry(KEY, 100, 1).replace("091000019", "091000018"), returned("R28", 1)], 1,
                        100)], 100)  # fmt: skip
    assert read_nacha_returns("\n".join(rows).encode()).results[0].code == "R28"


# -- MT940 ----------------------------------------------------------------------------------------------------------


def mt940(*lines: str, opening: str = "0,", closing: str) -> bytes:
    rows = [":20:STARTUMS", ":25:DE89370400440532013000", ":28C:27/1", f":60F:C260309EUR{opening}", *lines]
    return "\r\n".join([*rows, f":62F:C260310EUR{closing}", "-"]).encode("latin-1")


def test_two_lines_under_one_reference_or_none_are_two() -> None:
    (read,) = read_mt940(
        mt940(
            ":61:2603100310C250,FMSC01916//NONREF",
            "20260310007602198765432000000012",
            ":86:GIRO AUS ONLINE-SIC 80532 AUFTRAGGEBER: JANE DOE MITTEILUNGEN: L3",
            ":61:2603100310C250,FMSC01916//NONREF",
            "20260310007602187654321000000012",
            ":86:GIRO AUS ONLINE-SIC 81379 AUFTRAGGEBER: JOHN DOE MITTEILUNGEN: L4",
            closing="500,",
        )
    )
    assert [(x.bank_reference, x.amount_fen, x.position) for x in read.lines] == [("", 25_000, 1), ("", 25_000, 2)]
    assert [x.text.split()[-2:] for x in read.lines] == [
        ["L3", "20260310007602198765432000000012"],
        ["L4", "20260310007602187654321000000012"],
    ]
    assert read.number == "27/1" and not read.refused


def test_the_german_subfields_say_who_and_what_for() -> None:
    (read,) = read_mt940(
        mt940(
            ":61:2603100310CR123,45NDDTKREF+",
            f":86:171?00SEPA LASTSCHR. EINZUG?109248?20EREF+{KEY}?21MREF+M-77?22CRED+",
            "DE98ZZZ09999999999?23SVWZ+Rate Maerz Vertrag L",
            "3?24 danke?30COBADEFFXXX?31DE75512108001245126199?32Juergen Gross?33mann?34992",
            ":61:2603100310DR123,45NRTIKREF+//2026031012345",
            f":86:109?00RUECKLASTSCHRIFT?20EREF+{KEY}?21SVWZ+RETOURE Lastschrif?22t AC04 KONTO AUFGELOEST?32Juergen",
            ":61:2603100310CR50,NTRFNONREF",
            ":86:166?00GUTSCHRIFT?20EREF+NOTPROVIDED?21SVWZ+Vertrag L4",
            ":61:2603100310CR5,NTRFNONREF",
            ":86:051?00GUTSCHRIFT?20Vertrag L5 ohne Schlues?21selwort",
            closing="55,",
        )
    )  # fmt: skip
    first, back, third, fourth = read.lines
    assert (first.end_to_end, first.mandate) == (KEY, "M-77")
    assert (first.name, first.account) == ("Juergen Grossmann", "DE75512108001245126199")
    assert (first.text, first.bank_reference) == ("Rate Maerz Vertrag L3 danke", "")
    assert (back.end_to_end, back.amount_fen, back.code, back.bank_reference) == (KEY, -12_345, "AC04", "2026031012345")
    assert (third.end_to_end, third.text) == ("", "Vertrag L4")
    assert fourth.text == "Vertrag L5 ohne Schluesselwort"


def test_other_ways_of_86_and_61() -> None:
    (read,) = read_mt940(
        mt940(
            # Rabobank: zeros before the amount, the other account below, words between slashes
            ":61:260310C000000000025,00N102EREF            ",
            "NL91ABNA0417164300",
            f":86:/EREF/{KEY}/BENM//NAME/CONTRA ACCOUN",
            "T HOLDER/REMI/L3 /with a slash/ISDT/2026-03-10",
            # ING: structured remittance
            f":61:2603100310C1,00NTRF{KEY}-LONGER-THAN-16//B1",
            ":86:/CNTP/NL08ABNA0417164301/ABNANL2A/ONTVANGER/STAD///REMI/USTD//for L4/",
            # a reversal of a credit goes out, of a debit comes in; funds code; 30 February; no :86: at all
            ":61:2602300310RCR2,NTRFNONREF",
            ":61:2603100310RD3,5NTRFNONREF//NONREF",
            closing="27,5",
        )
    )
    one, two, three, four = read.lines
    assert (one.end_to_end, one.name, one.text) == (KEY, "CONTRA ACCOUNT HOLDER", "L3 /with a slash NL91ABNA0417164300")
    assert two.end_to_end == f"{KEY}-LONGER-THAN-16" and two.bank_reference == "B1"
    assert (two.account, two.name, two.text) == ("NL08ABNA0417164301", "ONTVANGER", "for L4")
    assert (three.amount_fen, three.booked_on, four.amount_fen) == (-200, date(2026, 3, 10), 350)
    assert three.bank_reference == four.bank_reference == "" and three.end_to_end == ""


def test_a_long_reference_of_ours_is_written_beside_and_a_long_one_of_the_bank_is_refused() -> None:
    long = StatementLine("B1", date(2026, 3, 10), 5, "E" * 30, text="L3")
    told = BankStatement("S", "1", "EUR", datetime(2026, 3, 10), (long,), 0, 5)
    assert read_mt940(write_mt940(told)) == [told]
    with pytest.raises(BankFileRefused, match="is longer than 16 characters"):
        write_mt940(replace(told, lines=(replace(long, bank_reference="B" * 17),)))


def test_a_line_that_is_none_is_refused_with_its_place() -> None:
    with pytest.raises(BankFileRefused, match="line 5: :61: 'rubbish' is no statement line"):
        read_mt940(mt940(":61:rubbish", closing="0,"), "f.sta")
    (read,) = read_mt940(mt940(":61:269910C1,NTRFNONREF", closing="1,"), "f.sta")
    assert [str(r) for r in read.refused] == ["line 5: :61: '269910 1.00': no day; have the bank say it"]


# -- camt -----------------------------------------------------------------------------------------------------------


def entry_xml(
    amount: str, way: str, inside: str = "", dates: str = "<BookgDt><Dt>2026-03-10+01:00</Dt></BookgDt>"
) -> str:
    sts = "<Sts><Cd>BOOK</Cd></Sts>"
    return f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{sts}{dates}{inside}</Ntry>'


def camt(*entries: str) -> bytes:
    body = "".join(entries)
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId>'
        "<CreDtTm>2026-03-10T20:00:00+01:00</CreDtTm></GrpHdr><Stmt><Id>ST-9</Id><Acct><Id><IBAN>DE89370400440532013000"
        f"</IBAN></Id></Acct>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def tx(inside: str) -> str:
    return f"<TxDtls>{inside}</TxDtls>"


def test_structured_references_are_shown() -> None:
    told = "<RmtInf><Strd><CdtrRefInf><Ref>RF18L3</Ref></CdtrRefInf><AddtlRmtInf>thanks</AddtlRmtInf></Strd></RmtInf>"
    (read,) = read_camt(camt(entry_xml("250.00", "CRDT", f"<NtryDtls>{tx(told)}</NtryDtls>")))
    (line,) = read.lines
    assert (line.text, line.booked_on, line.bank_reference) == ("RF18L3 thanks", date(2026, 3, 10), "")
    assert read.message == "ST-9"


def test_a_netted_batch_becomes_its_parts() -> None:
    parts = tx('<Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Refs><EndToEndId>A</EndToEndId></Refs>') + tx(
        '<Amt Ccy="EUR">30.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Refs><EndToEndId>B</EndToEndId></Refs>'
    )
    ref = "<AcctSvcrRef>S1</AcctSvcrRef>"
    # 100.00 − 30.00 = 70.00
    (read,) = read_camt(camt(entry_xml("70.00", "CRDT", f"{ref}<NtryDtls>{parts}</NtryDtls>")))
    assert [(x.end_to_end, x.amount_fen, x.bank_reference) for x in read.lines] == [
        ("A", 10_000, "S1/1"),
        ("B", -3_000, "S1/2"),
    ]
    # 100.00 − 30.00 − 2.50 of charges = 67.50
    charges = '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">2.50</TtlChrgsAndTaxAmt></Chrgs>'
    (read,) = read_camt(camt(entry_xml("67.50", "CRDT", f"{ref}{charges}<NtryDtls>{parts}</NtryDtls>")))
    assert [x.amount_fen for x in read.lines] == [10_000, -3_000, -250]
    # what does not come to it is kept whole, with the doubt said
    (read,) = read_camt(
        camt(entry_xml("67.50", "CRDT", f"{ref}<NtryDtls>{parts}</NtryDtls>"), entry_xml("1.00", "CRDT"))
    )
    assert [(x.amount_fen, x.position) for x in read.lines] == [(6_750, 1), (100, 3)]
    assert read.lines[0].doubt == "is of 67.50, its 2 transactions come to 70.00"


def test_an_entry_without_a_day_of_booking_has_one_of_value_or_is_refused_alone() -> None:
    value = "<ValDt><Dt>2026-03-11</Dt></ValDt>"
    (read,) = read_camt(camt(entry_xml("1.00", "CRDT", dates=value), entry_xml("2.00", "CRDT", dates="")))
    assert [x.booked_on for x in read.lines] == [date(2026, 3, 11)]
    (bad,) = read.refused
    assert bad.value == "2.00" and bad.reason == "neither <BookgDt> nor <ValDt>"


def test_a_line_that_names_no_debit_is_not_passed_over_as_a_result() -> None:
    named = f"<NtryDtls>{tx(f'<Refs><EndToEndId>{KEY}</EndToEndId></Refs>')}</NtryDtls>"
    read = read_results(camt(entry_xml("1.00", "CRDT", named), entry_xml("250.00", "CRDT")), "f.xml")
    assert [r.end_to_end for r in read.results] == [KEY]
    (bad,) = read.refused
    assert str(bad).startswith(
        "line 2: EndToEndId '2026-03-10 250.00': names no debit; take the file in as a statement"
    )


def test_a_part_of_a_file_that_the_bank_refused_is_told() -> None:
    data = (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId>'
        b"<CreDtTm>2026-03-10T20:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>C1</OrgnlMsgId></OrgnlGrpInfAndSts>"
        b"<OrgnlPmtInfAndSts><OrgnlPmtInfId>C1</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>DT01</Cd>"
        b"</Rsn></StsRsnInf></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
    read = read_pain002(data)
    assert read.results == () and "the bank refused C1 whole: DT01" in str(read.refused[0])


# -- anything at all ------------------------------------------------------------------------------------------------

GERMAN = mt940(
    ":61:2603100310CR123,45NDDTKREF+//B1",
    f":86:171?00SEPA?20EREF+{KEY}?21SVWZ+L3?32Juergen?33Gross",
    closing="123,45",
)
RETURNS = "\n".join(nacha(TWO, 30_000, 500)).encode()
NETTED = camt(entry_xml("1.00", "CRDT", f"<NtryDtls>{tx('<Refs/>')}{tx('<Refs/>')}</NtryDtls>"))
GOOD: list[tuple[bytes, Callable[[bytes, str], Any]]] = [
    *((data, read) for data, read in WHOLE.values()),
    (GERMAN, read_statements),
    (RETURNS, read_results),
    (NETTED, read_statements),
    (write_pain008(SAMPLE), read_pain008),
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, Callable[[bytes, str], Any]]:
    """A good file with some bytes changed, cut out, doubled or put in."""
    data, read = draw(st.sampled_from(GOOD))
    told = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at, upto = sorted(draw(st.tuples(*[st.integers(0, max(len(told) - 1, 0))] * 2)))
        upto = min(upto, at + 120)
        piece = draw(
            st.one_of(
                st.binary(max_size=6),
                st.just(bytes(told[at:upto]) * 2),
                st.sampled_from([b"", b"0", b"-", b"9" * 30, b"\n", b",", b"?20", b"\x00", b"\xff", b"<", b"\xe9"]),
            )
        )
        told[at:upto] = piece
    return bytes(told), read


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_a_broken_file_is_read_or_refused_with_its_place(told: tuple[bytes, Callable[[bytes, str], Any]]) -> None:
    data, read = told
    try:
        read(data, "file")
    except BankFileRefused as refused:
        assert refused.place and refused.reason and refused.remedy and str(refused).startswith("file: ")


@settings(max_examples=200, deadline=None)
@example(b"\x00", read_nacha)
@example(b"101\x00", read_results)
@example(b":20:\x00", read_statements)
@given(
    st.binary(max_size=400),
    st.sampled_from([read_results, read_statements, read_batch, read_batch_results, read_nacha]),
)
def test_any_bytes_are_read_or_refused(data: bytes, read: Callable[[bytes, str], Any]) -> None:
    try:
        read(data, "file")
    except BankFileRefused as refused:
        assert refused.place and refused.remedy


def test_our_own_references_look_like_none_of_the_words_for_no_reference() -> None:
    assert reference_of("x") != reference_of("y") and len(reference_of("x")) == 15
