"""Which of the steps that a ladder allows a day are worth it for whom: by learnt effects, in the room there is.

What may be chosen for a borrower is nothing (`none`), each tested action that the ladder asks for that day alone, or
all of them (`message.sms+worklist`): the ladder itself. A margin is drawn by chance and logged, so that it teaches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from afterloan.risk.treat import NEVER, Effects, Floats, Ints, Mask

MILLION = 1_000_000
NONE = "none"
JOINED = "+"
FIGURES = (
    "days_past_due", "arrears_fen", "loans_in_arrears", "worst_days_past_due", "instalments_paid", "instalments_left",
    "days_since_repaid", "promises_broken", "principal_fen",
)  # fmt: skip
"""Columns of the decision frame that effects are learnt from, in this order in the log."""
Mode = Literal["off", "explore", "choose"]
CLOSE = 1e-7  # of the highest price, by which prices still move when they are taken to stand
ROUNDS = 100


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """The pack's rule: amounts in minor units a contact, `capacity` a day over the whole book by action."""

    mode: Mode
    margin_ppm: int
    within_days: int
    worth_permille: int
    conduct_fen: int
    costs_fen: Mapping[str, int]
    capacity: Mapping[str, int]

    def cost_fen(self, option: str) -> int:
        """What an option costs: a message of 5 and a call of 600, 50 of goodwill each: 705."""
        return sum(self.costs_fen.get(one, 0) + self.conduct_fen for one in actions_of(option))


def actions_of(option: str) -> tuple[str, ...]:
    """The actions of an option; none of `none`."""
    return () if option == NONE else tuple(option.split(JOINED))


def named(actions: Sequence[str]) -> str:
    """The option of some actions, in order of their names."""
    return JOINED.join(sorted(set(actions))) or NONE


@dataclass(frozen=True, slots=True)
class Menu:
    """What may be chosen for each borrower. `options`: names, `none` first; `allowed` [n, options]; `whole` [n]: which
    option is the ladder itself; `figures` [n, FIGURES]; `arrears_fen` [n]."""

    options: tuple[str, ...]
    whole: Ints
    allowed: Mask
    figures: Ints
    arrears_fen: Ints

    def rows(self, which: npt.NDArray[Any]) -> "Menu":
        """Some borrowers of it."""
        return Menu(
            self.options, self.whole[which], self.allowed[which], self.figures[which], self.arrears_fen[which]
        )  # fmt: skip


def menu_of(asked: npt.NDArray[np.str_], figures: Ints, arrears_fen: Ints) -> Menu:
    """The menu of borrowers of whom the ladder asks for `asked` [n] (options, `none` nowhere)."""
    distinct, at = np.unique(asked, return_inverse=True)
    singles = {one for option in distinct.tolist() for one in actions_of(option)}
    options = (NONE, *sorted(singles | set(distinct.tolist())))
    place = {name: k for k, name in enumerate(options)}
    may = np.zeros((len(distinct), len(options)), bool)
    for row, option in enumerate(distinct.tolist()):
        may[row, [0, place[option], *(place[one] for one in actions_of(option))]] = True
    whole = np.array([place[option] for option in distinct.tolist()], np.int64)
    return Menu(options, whole[at], may[at], figures, arrears_fen)


def drawn_ppm(references: Sequence[str], day: int) -> Ints:
    """A number of chance 0 … 999,999 for each borrower and day: the same again, whatever the shard or the machine."""
    told = (blake2b(f"treatment\0{day}\0{name}".encode(), digest_size=8).digest() for name in references)
    return np.array([int.from_bytes(one, "big") % MILLION for one in told], np.int64)


@dataclass(frozen=True, slots=True)
class LearntEffects:
    """Effects by option: `options` that were seen often enough, `none` first, as the rows of `effects`."""

    options: tuple[str, ...]
    effects: Effects

    def paid(self, menu: Menu) -> Floats:
        """Chance [n, options of the menu] of being paid; NaN for options that nobody learnt."""
        told = self.effects.cured(logs(menu.figures))
        found = np.full((len(menu.whole), len(menu.options)), np.nan)
        for k, name in enumerate(menu.options):
            if name in self.options:
                found[:, k] = told[:, self.options.index(name)]
        return found


def logs(figures: Ints) -> Floats:
    """Figures as they enter a model: log(1 + x), so that amounts and days weigh alike."""
    return np.asarray(np.log1p(np.maximum(figures, 0).astype(np.float64)))


@dataclass(frozen=True, slots=True)
class OptionsChosen:
    """`option` [n] given, `chance` [n, options] of each, `drawn` [n] by chance, `paid` and `value_fen` [n, options] as
    a model sees them (NaN without one), `price_fen` by action that is short."""

    option: Ints
    chance: Floats
    drawn: Mask
    paid: Floats
    value_fen: Floats
    price_fen: dict[str, float]


def choose(
    menu: Menu, learnt: LearntEffects | None, rule: ChoiceRule, chance: Ints, as_asked: Mask | None = None
) -> OptionsChosen:
    """What each borrower gets: worth most over the prices of what is short, and for a margin one drawn evenly.

    `learnt` None: the ladder itself, but for the margin. Who is asked for what nobody learnt keeps the ladder too, and
    so do those of `as_asked` [n].
    Three options and a margin of 6 %: the chosen one .94 + .02, the two others .02 each.
    """
    n, every = menu.allowed.shape
    paid = np.full((n, every), np.nan) if learnt is None else learnt.paid(menu)
    known = ~np.isnan(paid[np.arange(n), menu.whole])
    if as_asked is not None:
        known &= ~as_asked
    value = values_of_menu(menu, paid, rule)
    usable = np.where(known[:, None] & menu.allowed & ~np.isnan(value), value, NEVER)
    usable[~known, menu.whole[~known]] = 0.0  # nothing is known of it: the ladder stays
    uses = np.array([[action in actions_of(option) for action in rule.capacity] for option in menu.options], bool)
    # while nothing is learnt the ladder is followed, which knows no room: nothing is taken from it here
    room = np.array([n if learnt is None else most for most in rule.capacity.values()], np.int64)
    drawn, option, margin = _drawn(menu, rule.margin_ppm, chance, uses, room)
    kept, free = ~drawn & ~known, np.flatnonzero(~drawn & known)
    option[kept] = menu.whole[kept]
    left = np.maximum(room - uses[option[drawn | kept]].sum(axis=0), 0)
    option[free], price = assign_shared(usable[free], uses, left)
    best = option.copy()
    best[drawn] = (usable[drawn] - uses @ price).argmax(axis=1)  # what a drawn one would have got
    count = menu.allowed.sum(axis=1)
    each = np.where(menu.allowed, margin / MILLION / count[:, None], 0.0)
    each[np.arange(n), best] += 1 - margin / MILLION
    prices = {action: float(p) for action, p in zip(rule.capacity, price, strict=True) if p > 0}
    return OptionsChosen(option, each, drawn, paid, np.where(menu.allowed, value, np.nan), prices)


def values_of_menu(menu: Menu, paid: Floats, rule: ChoiceRule) -> Floats:
    """What each option is worth over `none` [n, options], in minor units.

    Arrears of 1,000.00, a call that lifts the chance from .30 to .40 and costs 6.50: .10 × 1,000.00 − 6.50 = 93.50.
    """
    worth = menu.arrears_fen * rule.worth_permille / 1_000
    cost = np.array([rule.cost_fen(name) for name in menu.options], np.float64)
    return np.asarray((paid - paid[:, :1]) * worth[:, None] - cost)


def _drawn(menu: Menu, margin_ppm: int, chance: Ints, uses: Mask, room: Ints) -> tuple[Mask, Ints, int]:
    """Who is drawn, what, and by which margin: halved while it would draw more of an action than there is."""
    count = menu.allowed.sum(axis=1)
    margin = margin_ppm
    while True:
        drawn = chance < margin
        which = np.minimum(chance * count // max(margin, 1), count - 1)
        option = (np.cumsum(menu.allowed, axis=1) <= which[:, None]).sum(axis=1)
        if not len(room) or (uses[option[drawn]].sum(axis=0) <= room).all():
            return drawn, np.where(drawn, option, 0), margin
        margin //= 2


def assign_shared(values: Floats, uses: Mask, room: Ints) -> tuple[Ints, Floats]:
    """The options worth most together where some actions are short: option [n] and the price of each short action.

    `values` [n, options], NEVER where forbidden; `uses` [options, short]; `room` [short]. Everybody takes what is worth
    most over the prices of what it uses; what is then over or left is cleared, least lost and most gained first.
    """
    price = np.zeros(len(room))
    for _ in range(ROUNDS if len(values) else 0):
        before = price.copy()
        for r in range(len(room)):
            price[r] = _price_of(values, uses, price, r, int(room[r]))
        if np.abs(price - before).max(initial=0) <= CLOSE * max(1.0, float(price.max(initial=0))):
            break
    option = np.asarray((values - uses @ price).argmax(axis=1)) if len(values) else np.zeros(0, np.int64)
    _move_out(values, uses, price, room, option)
    _move_in(values, uses, room, option)
    return option, price


def _price_of(values: Floats, uses: Mask, price: Floats, r: int, room: int) -> float:
    """The least price of a short action, the others standing, at which no more than `room` want it."""
    others = price.copy()
    others[r] = 0.0
    net = values - uses @ others
    within, without = net[:, uses[:, r]], net[:, ~uses[:, r]]
    if not within.shape[1]:
        return 0.0
    gain = within.max(axis=1) - without.max(axis=1)
    wants = gain[gain > 0]
    if len(wants) <= room:
        return 0.0
    at = max(len(wants) - room - 1, 0)
    return float(np.partition(wants, at)[at]) if room else float(wants.max())


def _move_out(values: Floats, uses: Mask, price: Floats, room: Ints, option: Ints) -> None:
    """Who is over the room moves to what is worth most without the action, least lost first."""
    for r in range(len(room)):
        here = np.flatnonzero(uses[option, r])
        over = len(here) - int(room[r])
        if over <= 0:
            continue
        # only to options that use nothing short which the borrower does not have already
        fits = ~(uses[None, :, :] & ~uses[option[here]][:, None, :]).any(axis=2) & ~uses[None, :, r]
        net = np.where(fits, values[here] - uses @ price, NEVER)
        loss = (values[here] - uses @ price)[np.arange(len(here)), option[here]] - net.max(axis=1)
        away = np.argsort(loss, kind="stable")[:over]
        option[here[away]] = net[away].argmax(axis=1)


def _move_in(values: Floats, uses: Mask, room: Ints, option: Ints) -> None:
    """Room that is left goes to those who gain most by it over what they have."""
    if not len(values):
        return
    for a in np.flatnonzero(uses.any(axis=1)).tolist():
        mine = np.flatnonzero(uses[a])
        left = int((room[mine] - uses[option][:, mine].sum(axis=0)).min())
        gain = values[:, a] - values[np.arange(len(option)), option]
        gain[uses[option][:, mine].any(axis=1)] = 0.0  # has it already: would need no room, and was weighed before
        may = np.flatnonzero(gain > 0)
        option[may[np.argsort(-gain[may], kind="stable")[: max(left, 0)]]] = a
