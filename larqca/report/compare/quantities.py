"""What two sweeps are compared in, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from larqca.errors import ConfigError
from larqca.footprint.memory import readable
from larqca.suggest import unknown
from larqca.sweep.wording import duration


@dataclass(frozen=True)
class Quantity:
    """One number of a row.

    Attributes:
        name: as `larqca report --columns` calls it.
        source: its column of plain numbers.
        title: its head in the table; line breaks keep narrow columns narrow.
        write: text of a number that is not negative.
        unit: in which a threshold without ``%`` is given.
        factor: units in the plain number.
        lower_is_better: what a worse number is.
        default: whether it is shown when nothing is chosen.
        may_vanish: whether B may lack it for a reason that is not the automaton's.
    """

    name: str
    source: str
    title: str
    write: Callable[[float], str]
    unit: str
    factor: float = 1.0
    lower_is_better: bool = True
    default: bool = False
    may_vanish: bool = False

    @property
    def sentence_title(self) -> str:
        """The title on one line."""
        return self.title.replace("\n", " ")

    def worse_by(self, a: float, b: float) -> float:
        """By how many units B is worse than A; negative where it is better."""
        worse = b - a if self.lower_is_better else a - b
        return worse * self.factor

    def write_difference(self, difference: float) -> str:
        """A difference of plain numbers with its sign; empty if nothing of it is seen."""
        text = self.write(abs(difference))
        return "" if text == self.write(0.0) else f"{'-' if difference < 0 else '+'}{text}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _share(name: str, title: str, *, default: bool = False) -> Quantity:
    return Quantity(name, name, f"{title} %", _percent, "points", 100.0, lower_is_better=False,
                    default=default)


def _size(name: str, title: str, *, may_vanish: bool = False) -> Quantity:
    return Quantity(name, f"{name}_bytes", title, readable, "bytes", default=True,
                    may_vanish=may_vanish)


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _shares() -> list[Quantity]:
    titles = {"cell_accuracy": "cells", "agreement": "agreement", "vote_accuracy": "votes",
              "agree_and_correct": "agree and correct"}
    return [
        _share(name + when, title + note, default=name in ("cell_accuracy", "agreement"))
        for when, note in (("", ""), ("_after", " after\nmutation"))
        for name, title in titles.items()
    ]


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("log10_loss", "log10_loss", "log10 loss", lambda value: f"{value:.2f}",
             "orders of ten", default=True),
    Quantity("loss", "loss", "loss", lambda value: f"{value:.3f}", ""),
    *_shares(),
    _size("memory", "memory"),
    _size("deployed", "deployed\nconstants"),
    # A machine without the cross compiler measures no code.
    _size("code", "code", may_vanish=True),
    _size("working", "working\nmemory"),
    Quantity("macs", "macs", "MACs a\ncell and step", _count, ""),
    Quantity("time", "wall_seconds", "time", duration, "seconds"),
)
_BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}


def find_quantity(name: str) -> Quantity:
    """The quantity of this name, or of this column of plain numbers.

    Raises:
        ConfigError: there is none; the message has the nearest name.
    """
    for quantity in QUANTITIES:
        if name in (quantity.name, quantity.source):
            return quantity
    raise ConfigError(unknown("column", name, _BY_NAME))


def choose_quantities(names: Sequence[str] | None) -> list[Quantity]:
    """The quantities by these names; None: those that are shown by default."""
    if names is None:
        return [quantity for quantity in QUANTITIES if quantity.default]
    return list(dict.fromkeys(find_quantity(name) for name in names))
