"""The words by which files name what rows hold as numbers."""

from afterloan.loan.terms import MAX_CHARGES, AfterChargeOff, ArrearsInterest, FactKind

GIVEN = {
    "refunds": FactKind.REFUNDED,
    "refunds_returned": FactKind.REFUND_RETURNED,
    "transfers_out": FactKind.TRANSFERRED_OUT,
    "transfers_in": FactKind.TRANSFERRED_IN,
}
"""Files of money given back or passed on between loans; a transfer has a row in each of its two files."""
AGREED = {
    kind.name.lower(): int(kind)
    for kind in FactKind
    if kind.name
    not in ("DISBURSED", "RATE_CHANGED", "CHARGED", "WAIVED", "REPAID", *(given.name for given in GIVEN.values()))
}


WAYS = {
    **{f"interest_{way.name.lower()}": int(way) for way in ArrearsInterest},
    **{f"then_{way.name.lower()}": int(way) for way in AfterChargeOff},
    **{f"charge_{number + 1}": number for number in range(MAX_CHARGES)},
    "rows_stay": 0,
    "rows_added": 1,
}
"""How a plan or a charge-off goes: the `component` of its fact in words."""
