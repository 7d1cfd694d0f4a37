"""The words by which files name what rows hold as numbers."""

from afterloan.loan.terms import AfterChargeOff, ArrearsInterest, FactKind

AGREED = {
    kind.name.lower(): int(kind)
    for kind in FactKind
    if kind.name not in ("DISBURSED", "RATE_CHANGED", "CHARGED", "WAIVED", "REPAID")
}


WAYS = {
    **{f"interest_{way.name.lower()}": int(way) for way in ArrearsInterest},
    **{f"then_{way.name.lower()}": int(way) for way in AfterChargeOff},
    "rows_stay": 0,
    "rows_added": 1,
}
"""How a plan or a charge-off goes: the `component` of its fact in words."""
