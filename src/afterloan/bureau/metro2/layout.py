"""The fields of every Metro 2 record and segment as tables, from which both writing and parsing follow.

A line is `name kind width need`. Kinds: `A` text, left-justified; `N` number, zero-filled; `I` digit or digits that
stay characters in the packed form; `D` date MMDDYYYY, zeros for none; `T` moment MMDDYYYYHHMMSS; `W` descriptor
word. Need: `R` required, `-` not. Widths are those of the character form; the packed form follows from the kind.
Source: the public layout of the CDIA format as transcribed by an Apache-2.0 library (RULES 2.1, S36).
"""

from dataclasses import dataclass

PACKED_WIDTH = {"D": 5, "T": 8, "W": 4}
CHARACTER_RECORD = 426
PACKED_RECORD = 366


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `name`, `kind`, `width` in characters, `start` as written, the same packed, `required`."""

    name: str
    kind: str
    width: int
    required: bool
    start: int
    packed_width: int
    packed_start: int


def packed_width(kind: str, width: int) -> int:
    """Bytes in the packed form: a number of 9 digits takes 5, one of 10 takes 6."""
    if kind == "N":
        return 6 if width == 10 else 5
    return PACKED_WIDTH.get(kind, width)


def table(text: str, packs: bool = True) -> tuple[Field, ...]:
    """The fields of a table in text; `packs`: whether its numbers shrink in the packed form (segments' do not)."""
    fields: list[Field] = []
    start = packed_start = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, kind, width, need = line.split()
        small = packed_width(kind, int(width)) if packs else int(width)
        fields.append(Field(name, kind, int(width), need == "R", start, small, packed_start))
        start += int(width)
        packed_start += small
    return tuple(fields)


BASE = table("""
record_descriptor_word W 4 R
processing_indicator I 1 -
time_stamp T 14 -
correction_indicator I 1 -
identification_number A 20 R
cycle_identifier A 2 -
consumer_account_number A 30 R
portfolio_type A 1 R
account_type A 2 R
date_opened D 8 R
credit_limit N 9 -
highest_credit N 9 -
terms_duration A 3 R
terms_frequency A 1 -
scheduled_monthly_payment_amount N 9 -
actual_payment_amount N 9 -
account_status A 2 R
payment_rating A 1 -
payment_history_profile A 24 R
special_comment A 2 -
compliance_condition_code A 2 -
current_balance N 9 -
amount_past_due N 9 -
original_charge_off_amount N 9 -
date_account_information D 8 R
date_first_delinquency D 8 -
date_closed D 8 -
date_last_payment D 8 -
interest_type_indicator A 1 -
reserved_2 A 17 -
surname A 25 R
first_name A 20 R
middle_name A 20 -
generation_code A 1 -
social_security_number N 9 -
date_birth D 8 -
telephone_number N 10 -
ecoa_code A 1 R
consumer_information_indicator A 2 -
country_code A 2 -
first_line_address A 32 R
second_line_address A 32 -
city A 20 R
state A 2 R
zip_code A 9 R
address_indicator A 1 -
residence_code A 1 -
""")

_HEADER = """
record_descriptor_word W 4 R
record_identifier A 6 R
cycle_identifier A 2 -
innovis_program_identifier A 10 -
equifax_program_identifier A 10 -
experian_program_identifier A 5 -
transunion_program_identifier A 10 -
activity_date I 8 R
date_created I 8 R
program_date I 8 -
program_revision_date I 8 -
reporter_name A 40 R
reporter_address A 96 R
reporter_telephone_number I 10 -
software_vendor_name A 40 -
software_version_number A 5 -
prbc_program_identifier A 10 -
"""
HEADER = table(_HEADER.replace("_date I", "_date D").replace("date_created I", "date_created D") + "reserved A 146 -")
"""The header of the character form. Packed, its dates and its telephone number stay characters: PACKED_HEADER."""
PACKED_HEADER = table(
    _HEADER.replace("_date I", "_date D").replace("created I", "created D") + "reserved A 86 -", False
)

STATUS_TOTALS = (
    "05", "11", "13", "61", "62", "63", "64", "65", "71", "78", "80", "82", "83", "84", "88", "89",
    "93", "94", "95", "96", "97",
)  # fmt: skip
_TRAILER = (
    "record_descriptor_word W 4 R\nrecord_identifier A 7 R\ntotal_base_records N 9 R\nreserved_1 A 9 -\n"
    "total_status_code_df N 9 -\ntotal_consumer_segments_j1 N 9 -\ntotal_consumer_segments_j2 N 9 -\n"
    "block_count N 9 R\ntotal_status_code_da N 9 -\n"
    + "".join(f"total_status_code_{code} N 9 -\n" for code in STATUS_TOTALS)
    + """
total_ecoa_code_z N 9 -
total_employment_segments N 9 -
total_original_creditor_segments N 9 -
total_purchased_to_segments N 9 -
total_mortgage_information_segments N 9 -
total_payment_information_segments N 9 -
total_change_segments N 9 -
total_social_numbers_all_segments N 9 -
total_social_numbers_base_segments N 9 -
total_social_numbers_j1_segments N 9 -
total_social_numbers_j2_segments N 9 -
total_dates_birth_all_segments N 9 -
total_dates_birth_base_segments N 9 -
total_dates_birth_j1_segments N 9 -
total_dates_birth_j2_segments N 9 -
total_telephone_numbers_all_segments N 9 -
"""
)
TRAILER = table(_TRAILER + "reserved_2 A 19 -")
PACKED_TRAILER = table(_TRAILER.replace("reserved_1 A 9", "reserved_1 A 5") + "reserved_2 A 135 -")

_PERSON = """
segment_identifier A 2 R
reserved_1 A 1 -
surname A 25 R
first_name A 20 R
middle_name A 20 -
generation_code A 1 -
social_security_number N 9 -
date_birth D 8 -
telephone_number N 10 -
ecoa_code A 1 R
consumer_information_indicator A 2 -
"""
SEGMENTS = {
    "J1": table(_PERSON + "reserved_2 A 1 -", False),
    "J2": table(
        _PERSON
        + "country_code A 2 -\nfirst_line_address A 32 R\nsecond_line_address A 32 -\ncity A 20 R\nstate A 2 R\n"
        "zip_code A 9 R\naddress_indicator A 1 -\nresidence_code A 1 -\nreserved_2 A 2 -",
        False,
    ),
    "K1": table("segment_identifier A 2 R\noriginal_creditor_name A 30 R\ncreditor_classification N 2 R", False),
    "K2": table("segment_identifier A 2 R\npurchased_indicator N 1 R\npurchased_name A 30 -\nreserved A 1 -", False),
    "K3": table(
        "segment_identifier A 2 R\nagency_identifier N 2 -\naccount_number A 18 -\n"
        "mortgage_identification_number A 18 -",
        False,
    ),
    "K4": table(
        "segment_identifier A 2 R\nspecialized_payment_indicator N 2 R\ndeferred_payment_start_date D 8 -\n"
        "balloon_payment_due_date D 8 -\nballoon_payment_amount N 9 -\nreserved A 1 -",
        False,
    ),
    "L1": table(
        "segment_identifier A 2 R\nchange_indicator N 1 R\nnew_consumer_account_number A 30 -\n"
        "new_identification_number A 20 -\nreserved A 1 -",
        False,
    ),
    "N1": table(
        "segment_identifier A 2 R\nemployer_name A 30 R\nfirst_line_employer_address A 32 -\n"
        "second_line_employer_address A 32 -\nemployer_city A 20 -\nemployer_state A 2 -\nzip_code A 9 -\n"
        "occupation A 18 -\nreserved A 1 -",
        False,
    ),
}
"""The segments that may follow a base segment; they are characters in every form."""


def length(fields: tuple[Field, ...], packed: bool = False) -> int:
    """Bytes of a record of these fields: 426 for BASE, 366 packed."""
    return sum(f.packed_width if packed else f.width for f in fields)
