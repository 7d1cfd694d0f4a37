"""Made-up loans: one seed, one story in the dialect of the golden stories (`tests/golden/loan`).

A story is drawn to be awkward rather than likely: month ends, days of grace ± 1, cents, money that is early, late, in
parts, too much, known late or taken back, plans one upon another.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

SIGNINGS = (date(2026, 1, 10), date(2026, 1, 31), date(2027, 11, 29), date(2027, 12, 31), date(2026, 2, 28))
# What is known to be open, each with its reason; a name goes when it is mended. Nothing of it is drawn.
OPEN: dict[str, str] = {}
PARTS = ("penalty", "fee", "interest", "principal")
CODES = (
    "jiebei-equal", "jiebei-interest-first", "equal-principal", "equal-instalment-year", "bullet", "flat", "imported",
)  # fmt: skip
ENDS = ("settlement_agreed", "charged_off", "accelerated", "written_off", "sold")
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
        code, told = self._product()
        self.imported, self.flat = code == "imported", code == "flat"
        story: Story = {"product": code, "set": told, "contract": self._contract(told)}
        if self.imported:
            story["promised"] = self._promised()
        if "shift" in told:
            story["holidays"] = self._holidays()
        self._happenings(told)
        self.facts.sort(key=lambda f: f["on"])
        return story | {"story": self.facts}

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _also(self, share: float, what: str) -> bool:
        """By chance, unless it is known to be open."""
        return self._maybe(share) and what not in OPEN

    # the product

    def _product(self) -> tuple[str, dict[str, Any]]:
        pick = self.chance.choice
        code = pick([code for code in CODES if code not in OPEN])
        told: dict[str, Any] = {} if code == "imported" else self._rate_terms()
        told["rounding"] = pick(("half_up", "half_up", "half_even"))
        told["penalty"] = {
            "multiple": pick(("0", "1", "1.3", "1.5")),
            "start": pick(("retroactive", "from_end_of_grace")),
            "on_interest": self._maybe(0.3),
            "cap_percent_year": pick(("0", "24", "36")),
            "late_fee_fen": pick((0, 0, 1_500)),
            "on_accelerated": pick(("all", "overdue_only")),
        }
        grace = pick((0, 1, 3, 10))
        told["grace"] = {"penalty_days": grace, "fee_days": pick((0, grace)), "bureau_days": pick((0, grace))}
        self._interest_terms(code, told)
        self._waterfall_terms(told)
        if self._maybe(0.15):
            told["tolerance_fen"] = pick((1, 50))
        if code != "imported":
            self._schedule_terms(code, told)
        return code, told

    def _rate_terms(self) -> dict[str, Any]:
        pick = self.chance.choice
        told: dict[str, Any] = {"rate_per": pick(("day", "month", "year"))}
        if told["rate_per"] == "year":
            told["day_count"] = pick(("act_365", "act_360", "act_act", "thirty_360", "period"))
        if told["rate_per"] == "month":
            told["day_count"] = pick(("act_365", "act_360", "thirty_360", "period"))
        return told

    def _interest_terms(self, code: str, told: dict[str, Any]) -> None:
        """Interest as signed or day by day; what overdue principal bears; what is owed of it at the end."""
        signed = code in ("flat", "imported")
        if not signed and self._also(0.15, "scheduled"):
            told["accrual"], signed = "scheduled", True
        if signed and self._also(0.2, "signed interest stays"):
            told["payoff_interest"] = "scheduled"
        told["past_due_bears_interest"] = self._also(0.2, "past due bears interest") and not signed

    def _waterfall_terms(self, told: dict[str, Any]) -> None:
        pick = self.chance.choice
        if self._maybe(0.4):
            told["order"] = self._order()
        if self._also(0.08, "bare order"):
            told["order"] = self.chance.sample(PARTS, 4)
            return
        if self._maybe(0.3):
            told["direction"] = "vertical"
        if self._maybe(0.2):
            ways = ["last_instalment"] if "direction" in told else ["last_instalment", "next_then_last", "spread"]
            told["in_advance"] = pick([way for way in ways if way not in OPEN])

    def _order(self) -> list[str]:
        timings = ["past_due", "due", "in_advance"]
        if self._also(0.15, "no lines ahead"):
            timings.pop()
        lines = []
        for timing in timings:
            parts = list(PARTS)
            self.chance.shuffle(parts)
            lines += [f"{timing} {part}" for part in parts]
        return lines

    def _schedule_terms(self, code: str, told: dict[str, Any]) -> None:
        pick = self.chance.choice
        early = ["reduce_instalment"] + ([] if code == "flat" else ["reduce_number"])
        if self._also(0.2, "early"):
            told["early"] = pick([way for way in early if way not in OPEN] or ["adjust_last"])
            if told.get("payoff_interest") == "scheduled" and code != "flat":  # refused where products are read
                told["early"] = "adjust_last"
        if self._also(0.2, "charges"):
            told["charges"] = self._charges()
        if self._also(0.08, "down payment"):
            told["down_payment_percent"] = pick(("10", "25", "33.33"))
        if self._also(0.1, "shift"):
            told["calendar"] = "bank"
            told["shift"] = pick(("following", "modified_following", "preceding", "modified_preceding"))
            if not told["past_due_bears_interest"]:
                told["shift_interest"] = self._maybe(0.5)
        if self._also(0.08, "multiple"):
            told["instalment_multiple_fen"] = pick((10, 100))
        if self._also(0.08, "from signing"):
            told["due_dates_from_signing"] = True

    def _charges(self) -> list[dict[str, Any]]:
        pick, charges = self.chance.choice, []
        for k in range(pick((1, 1, 2, 3))):
            charge: dict[str, Any] = {"id": f"c{k}", "when": pick(("pay_out", "instalment", "instalment"))}
            charge["of"] = pick(("fixed", "principal", "instalment")[: 2 if charge["when"] == "pay_out" else 3])
            charge |= {"amount_fen": 300} if charge["of"] == "fixed" else {"percent": pick(("0.3", "1", "2.5"))}
            if charge["when"] == "instalment":
                charge["first"], charge["every"] = pick((1, 1, 2)), pick((0, 1, 1, 2))
            charges.append(charge)
        return charges

    def _rate(self, told: dict[str, Any]) -> str:
        rates = {
            "day": ("0", "0.02", "0.04", "0.05", "0.0456"),
            "month": ("0", "0.5", "1", "1.53"),
            "year": ("0", "7.2", "12", "18", "23.99999", "36.5"),
        }
        return self.chance.choice(rates[told.get("rate_per", "year")])

    # the contract

    def _contract(self, told: dict[str, Any]) -> dict[str, Any]:
        contract: dict[str, Any] = {
            "principal": yuan(self.principal),
            "rate_percent": self._rate(told),
            "signed_on": self.signed,
            "instalments": self.instalments,
        }
        if self._maybe(0.15) and not self.imported:
            contract["unit"], contract["every"] = self.chance.choice((("weeks", 2), ("days", 10), ("months", 3)))
            if told.get("day_count") == "period":
                contract["unit"], contract["every"] = "months", 3
        self.step = {"days": 1, "weeks": 7, "months": 28}[contract.get("unit", "months")] * contract.get("every", 1)
        if told.get("rate_per") != "month" and told.get("day_count") != "period" and "unit" not in contract:
            if self._maybe(0.15) and not self.imported:
                contract["first_due_on"] = self.signed + timedelta(self.chance.randint(1, 60))
            elif self._maybe(0.15) and not self.imported:
                contract["due_dom"] = self.chance.choice((1, 15, 28, 29, 31))
        for name in ("grace_principal", "grace_interest", "interest_free"):
            if self._also(0.06, name) and not self.imported and self.instalments > 1:
                contract[name] = self.chance.randint(1, self.instalments - 1)
        return contract

    def _promised(self) -> list[list[Any]]:
        """The rows of an imported schedule: on the day of the month, or so many days apart."""
        count, rows = self.instalments, []
        months = self._maybe(0.6)
        for k in range(count):
            part = self.principal // count if k < count - 1 else self.principal - self.principal // count * (count - 1)
            month = self.signed.year * 12 + self.signed.month + k
            due = self.signed + timedelta(30 * (k + 1))
            if months:
                due = date(month // 12, month % 12 + 1, min(self.signed.day, 28))
            interest = self.chance.choice((0, self.principal // 100, self.chance.randint(0, 9_999)))
            rows.append([due, yuan(part), yuan(interest), yuan(self.chance.choice((0, 0, 300)))])
        return rows

    def _holidays(self) -> list[date]:
        """Weekends, and a week or two."""
        first = self.signed - timedelta(40)
        days = [first + timedelta(k) for k in range(1_500)]
        week = self.signed + timedelta(self.chance.randint(0, 100))
        return [d for d in days if d.weekday() > 4 or week <= d < week + timedelta(8)]

    # what happens

    def _day(self) -> date:
        """Some day of the loan's life or after it, often one where something happens."""
        if self._maybe(0.5):
            months = self.chance.randint(0, min(self.instalments + 2, 12))
            at = self.signed + timedelta(int(30.5 * months)) + timedelta(self.chance.randint(-4, 12))
        else:
            at = self.signed + timedelta(self.chance.randint(0, 31 * (self.instalments + 3)))
        return max(at, self.signed)

    def _happenings(self, told: dict[str, Any]) -> None:
        paid_out = self.signed
        if self._also(0.06, "paid out after signing") and not self.imported:  # its lender wrote it from the pay-out on
            paid_out += timedelta(self.chance.choice((1, 5, 40)))
        self.facts.append({"on": paid_out, "disbursed": yuan(self.principal)})
        for _ in range(self.chance.choice((0, 1, 1, 2, 3, 4, 6, 9))):
            self._repaid()
        tellers = (
            self._charged, self._waived, self._rate_changed, self._tranche, self._settlement, self._held, self._given,
        )  # fmt: skip
        for tell in tellers:
            if self._maybe(0.2):
                for _ in range(self.chance.choice((1, 1, 2))):
                    tell(told)
        for _ in range(self.chance.choice((0, 0, 1, 1, 2, 3))):
            self._plan(told)
        if self._maybe(0.2):
            self._end(told)
        if any(word in fact for fact in self.facts for word in ENDS):  # nobody lends more on such a loan
            self.facts = [fact for k, fact in enumerate(self.facts) if k == 0 or "disbursed" not in fact]

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
        on = max(self._day(), self.facts[0]["on"])
        due = on + timedelta(self.chance.choice((0, 0, 10, 40)))
        part = self.chance.choice(("fee", "fee", "penalty"))
        self._known({"on": on, "charged": yuan(self.chance.randint(1, 9_000)), "component": part, "due_on": due})

    def _waived(self, told: dict[str, Any]) -> None:
        fen = self.chance.choice((1, 500, self.chance.randint(1, 30_000)))
        self._known({"on": self._day(), "waived": yuan(fen), "component": self.chance.choice(PARTS)})

    def _rate_changed(self, told: dict[str, Any]) -> None:
        fact = {"on": self._day(), "rate_changed": self._rate(told)}
        if self._also(0.3, "while kept"):
            fact["while_kept"] = "true"
        self._known(fact)

    def _tranche(self, told: dict[str, Any]) -> None:
        if self.imported:  # its rows are those that its lender wrote for the whole
            return
        longest = self.step * self.instalments
        later = self._also(0.2, "paid out after the last due day")
        most = max(longest + 60 if later else longest - 1, 0)
        self._known({"on": self.signed + timedelta(self.chance.randint(0, most)), "disbursed": self._some()})

    def _some(self) -> str:
        return yuan(self.chance.randint(1, self.principal))

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

    def _plan(self, told: dict[str, Any]) -> None:
        """A plan, or the end of one."""
        pick, on = self.chance.choice, self._day()
        kinds = [
            "deferred", "deferred", "interest_only", "extended", "reinstalled", "reinstalled", "penalty_forgiven",
            "plan_broken", "instalment_agreed", "capitalised_until", "cycles_agreed",
        ]  # fmt: skip
        if told.get("charges"):
            kinds.append("charge_ended")
        signed = self.imported or "accrual" in told or self.flat
        if signed and "signed interest re-installed" in OPEN:
            kinds = [kind for kind in kinds if kind != "reinstalled"]
        kinds = [kind for kind in kinds if kind not in OPEN]
        if not kinds:
            return
        kind = pick(kinds)
        fact: dict[str, Any] = {"on": on, kind: pick((1, 1, 2, 3))}
        if kind == "deferred" and self._maybe(0.4):
            fact = {"on": on, "deferred": 0, "due_on": on + timedelta(pick((1, 20, 40)))}
        if kind == "interest_only" and self._maybe(0.5):
            fact["rows"] = "added"
        if kind in ("deferred", "interest_only", "extended") and self._also(0.2, "from a later day"):
            fact["from_on"] = on + timedelta(pick((10, 35, 70)))
        if kind == "reinstalled":
            ways = ("carried", "spread", "spread", "capitalised", "alone", "whole")
            fact["interest"] = pick([way for way in ways if way not in OPEN])
            fact["due_on"] = on + timedelta(pick((1, 20, 31)))
            fact[kind] = pick((1, 3, 6, 6)) if "on top of the rows" in OPEN else pick((0, 1, 3, 6, 6))
        if kind == "penalty_forgiven":
            fact |= {kind: yuan(self.chance.randint(1, 5_000)), "count": pick((1, 2, 3))}
        if kind == "capitalised_until":
            fact = {"on": on, kind: True, "due_on": on + timedelta(pick((0, 10, 31, 75)))}
        if kind == "cycles_agreed":
            fact |= {kind: True, "count": pick((1, 2, 3)), "every": pick((1, 1, 2, 3))}
        if kind == "plan_broken":
            fact[kind] = True
        if kind == "instalment_agreed":
            fact[kind] = yuan(self.principal * pick((50, 100, 200)) // 100 // self.instalments + 1)
        self._known(fact)

    def _end(self, told: dict[str, Any]) -> None:
        """A call for all of it, a charge-off, a write-off, a sale: one or more of them."""
        on = self._day() + timedelta(self.chance.choice((0, 60)))
        if self._also(0.4, "called due"):
            self._known({"on": on, "accelerated": True})
            if self._also(0.3, "withdrawn"):
                self._known({"on": on + timedelta(self.chance.randint(0, 40)), "acceleration_withdrawn": True})
            on += timedelta(self.chance.randint(0, 60))
        if self._maybe(0.6):
            self._known({"on": on, "charged_off": self.chance.choice(("stops", "goes_on", "falls_due"))})
            on += timedelta(self.chance.randint(0, 60))
        if self._maybe(0.6):
            self._known(self.chance.choice(({"on": on, "written_off": True}, {"on": on, "sold": "12.34"})))
