"""Made-up loans: one seed, one story in the dialect of the golden stories (`tests/golden/loan`).

A story is drawn to be awkward rather than likely: month ends, days of grace ± 1, cents, money that is early, late, in
parts, too much, known late or taken back.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

SIGNINGS = (date(2026, 1, 10), date(2026, 1, 31), date(2027, 11, 29), date(2027, 12, 31), date(2026, 2, 28))
# What is known to be open, each with its reason; a name goes when it is mended. Nothing of it is drawn.
OPEN = {
    "rows filled from the end": "equal instalments: the second reckoner lets the very last row ask for cents left",
    "called due": "what bears which interest after the notice is not told to the second reckoner in full",
    "past due bears interest": "that it goes on after the last due day is not told to the second reckoner",
    "paid out after the last due day": "the row that then asks for it is not told to the second reckoner",
    "flat": "interest as signed: what early money does there is not told to the second reckoner",
}
PARTS = ("penalty", "fee", "interest", "principal")
Story = dict[str, Any]


def yuan(fen: int) -> str:
    """1234 is 12.34."""
    return f"{fen // 100}.{fen % 100:02d}"


def story_of(seed: int) -> Story:
    """The story of one seed."""
    return Teller(Random(seed)).story()


class Teller:
    """Draws one story."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.signed = chance.choice(SIGNINGS)
        self.instalments = chance.choice((1, 2, 3, 3, 4, 6, 12))
        self.principal = chance.choice(
            (100_000, 120_000, 1_000_000, chance.randint(1, 5_000), chance.randint(5_000, 3_000_000))
        )
        self.facts: list[dict[str, Any]] = []

    def story(self) -> Story:
        """Product, contract and what happens."""
        product = self._product()
        story = {"product": product[0], "set": product[1], "contract": self._contract(product[1])}
        self._happenings(product[1])
        self.facts.sort(key=lambda f: f["on"])
        return story | {"story": self.facts}

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _product(self) -> tuple[str, dict[str, Any]]:
        pick = self.chance.choice
        codes = ("jiebei-equal", "jiebei-interest-first", "equal-principal", "equal-instalment-year", "bullet", "flat")
        code = pick(codes[:-1] if "flat" in OPEN else codes)
        per = pick(("day", "month", "year"))
        told: dict[str, Any] = {"rate_per": per}
        if per == "year":
            told["day_count"] = pick(("act_365", "act_360", "act_act", "thirty_360", "period"))
        if per == "month":
            told["day_count"] = pick(("act_365", "act_360", "thirty_360", "period"))
        told["rounding"] = pick(("half_up", "half_up", "half_even"))
        told["penalty"] = {
            "multiple": pick(("0", "1", "1.3", "1.5")),
            "start": pick(("retroactive", "from_end_of_grace")),
            "on_interest": self._maybe(0.3),
            "cap_percent_year": pick(("0", "24", "36")),
            "late_fee_fen": pick((0, 0, 1_500)),
        }
        grace = pick((0, 1, 3, 10))
        told["grace"] = {"penalty_days": grace, "fee_days": pick((0, grace)), "bureau_days": pick((0, grace))}
        told["past_due_bears_interest"] = self._maybe(0.2) and "past due bears interest" not in OPEN
        if self._maybe(0.4):
            told["order"] = self._order()
        if self._maybe(0.3):
            told["direction"] = "vertical"
        filled_from_the_end = code == "equal-instalment-year" or code == "jiebei-equal"
        if self._maybe(0.2) and not (filled_from_the_end and "rows filled from the end" in OPEN):
            told["in_advance"] = pick(
                ("last_instalment", "next_then_last") if "direction" not in told else ("last_instalment",)
            )
        if self._maybe(0.15):
            told["tolerance_fen"] = pick((1, 50))
        return code, told

    def _order(self) -> list[str]:
        lines = []
        for timing in ("past_due", "due", "in_advance"):
            parts = list(PARTS)
            self.chance.shuffle(parts)
            lines += [f"{timing} {part}" for part in parts]
        return lines

    def _rate(self, told: dict[str, Any]) -> str:
        rates = {
            "day": ("0", "0.02", "0.04", "0.05", "0.0456"),
            "month": ("0", "0.5", "1", "1.53"),
            "year": ("0", "7.2", "12", "18", "23.99999", "36.5"),
        }
        return self.chance.choice(rates[told["rate_per"]])

    def _contract(self, told: dict[str, Any]) -> dict[str, Any]:
        contract = {
            "principal": yuan(self.principal),
            "rate_percent": self._rate(told),
            "signed_on": self.signed,
            "instalments": self.instalments,
        }
        if self._maybe(0.15):
            contract["unit"], contract["every"] = self.chance.choice((("weeks", 2), ("days", 10), ("months", 3)))
            if told.get("day_count") == "period":
                contract["unit"], contract["every"] = "months", 3
        if told["rate_per"] != "month" and told.get("day_count") != "period" and "unit" not in contract:
            if self._maybe(0.15):
                contract["first_due_on"] = self.signed + timedelta(self.chance.randint(1, 60))
            elif self._maybe(0.15):
                contract["due_dom"] = self.chance.choice((1, 15, 28, 29, 31))
        unit = {"days": 1, "weeks": 7, "months": 28}[contract.get("unit", "months")] * contract.get("every", 1)
        self.last = self.signed + timedelta(unit * self.instalments)  # not after the last due day
        if "first_due_on" in contract:
            self.last = contract["first_due_on"] + timedelta(unit * (self.instalments - 1))
        if "due_dom" in contract:
            self.last -= timedelta(31)
        return contract

    def _day(self) -> date:
        """Some day of the loan's life or after it, often one where something happens."""
        if self._maybe(0.5):
            months = self.chance.randint(0, min(self.instalments + 2, 12))
            at = self.signed + timedelta(int(30.5 * months)) + timedelta(self.chance.randint(-4, 12))
        else:
            at = self.signed + timedelta(self.chance.randint(0, 31 * (self.instalments + 3)))
        return max(at, self.signed)

    def _happenings(self, told: dict[str, Any]) -> None:
        self.facts.append({"on": self.signed, "disbursed": yuan(self.principal)})
        for _ in range(self.chance.choice((0, 1, 1, 2, 3, 4, 6, 9))):
            self._repaid()
        for tell in (
            self._charged,
            self._waived,
            self._rate_changed,
            self._tranche,
            self._settlement,
            self._held,
            self._given,
        ):
            if self._maybe(0.2):
                for _ in range(self.chance.choice((1, 1, 2))):
                    tell(told)
        if self._maybe(0.2):
            self._end(told)

        if "paid out after the last due day" in OPEN and sum("disbursed" in f for f in self.facts) > 1:
            ends = ("settlement_agreed", "charged_off", "written_off", "sold")  # all falls due before its day
            self.facts = [f for f in self.facts if not any(word in f for word in ends)]

    def _known(self, fact: dict[str, Any]) -> None:
        """Sometimes known late, sometimes taken back."""
        if self._maybe(0.1):
            fact["known_on"] = fact["on"] + timedelta(self.chance.randint(1, 60))
        if self._maybe(0.1):
            fact["gone_on"] = fact.get("known_on", fact["on"]) + timedelta(self.chance.randint(0, 30))
        self.facts.append(fact)

    def _repaid(self) -> None:
        share = self.chance.choice((1, 2, 10, 100, 100, 100, 150, 500, 1_100)) if self.instalments > 1 else 100
        fen = max(self.principal * share // 100 // self.instalments + self.chance.choice((0, 0, -1, 1, 777)), 1)
        self._known({"on": self._day(), "repaid": yuan(self.chance.choice((fen, fen, fen, 1, 1_000)))})

    def _charged(self, told: dict[str, Any]) -> None:
        on = self._day()
        due = on + timedelta(self.chance.choice((0, 0, 10, 40)))
        part = self.chance.choice(("fee", "fee", "penalty"))
        self._known({"on": on, "charged": yuan(self.chance.randint(1, 9_000)), "component": part, "due_on": due})

    def _waived(self, told: dict[str, Any]) -> None:
        fen = self.chance.choice((1, 500, self.chance.randint(1, 30_000)))
        self._known({"on": self._day(), "waived": yuan(fen), "component": self.chance.choice(PARTS)})

    def _rate_changed(self, told: dict[str, Any]) -> None:
        self._known({"on": self._day(), "rate_changed": self._rate(told)})

    def _tranche(self, told: dict[str, Any]) -> None:
        on = self.signed + timedelta(self.chance.randint(0, max((self.last - self.signed).days - 1, 0)))
        self._known({"on": on, "disbursed": yuan(self.chance.randint(1, self.principal))})

    def _settlement(self, told: dict[str, Any]) -> None:
        on, fen = self._day(), self.chance.randint(1, self.principal)
        due = on + timedelta(self.chance.choice((0, 5, 30, 90)))
        self._known({"on": on, "settlement_agreed": yuan(fen), "due_on": due})
        if self._maybe(0.6):
            self._known({"on": on + timedelta(self.chance.choice((0, 4, 5, 6))), "repaid": yuan(fen)})

    def _held(self, told: dict[str, Any]) -> None:
        on = self._day()
        self._known({"on": on, "penalty_held": True})
        if self._maybe(0.7):
            self._known({"on": on + timedelta(self.chance.randint(0, 40)), "penalty_resumed": True})

    def _given(self, told: dict[str, Any]) -> None:
        """Money given back or passed on between loans, with or without money that waits."""
        on, fen = self._day(), self.chance.choice((1, 5_000, self.principal))
        word = self.chance.choice(("refunded", "refunded", "transferred_out", "transferred_in"))
        self._known({"on": on, word: yuan(fen)})
        if word == "refunded" and self._maybe(0.4):
            self._known({"on": on + timedelta(self.chance.randint(0, 20)), "refund_returned": yuan(fen)})

    def _end(self, told: dict[str, Any]) -> None:
        """A charge-off, a write-off, a sale: one or more of them."""
        on = self._day() + timedelta(self.chance.choice((0, 60)))
        if "called due" not in OPEN and self._maybe(0.3):
            told["penalty"]["on_accelerated"] = "all"
            self._known({"on": on, "accelerated": True})
            on += timedelta(self.chance.randint(0, 60))
        if self._maybe(0.6):
            self._known({"on": on, "charged_off": self.chance.choice(("stops", "goes_on", "falls_due"))})
            on += timedelta(self.chance.randint(0, 60))
        if self._maybe(0.6):
            self._known(self.chance.choice(({"on": on, "written_off": True}, {"on": on, "sold": "12.34"})))
