"""How much worse B may be than A before it is a regression."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from larqca.errors import ConfigError
from larqca.report.compare.quantities import Quantity, find_quantity

OFF = "off"

# Accuracies on a few hundred test digits vary by several tenths from seed to seed. Theory's
# memory follows from the configuration alone; what is exported depends a little on the trained
# weights, and code on the compiler too.
DEFAULTS: Mapping[str, str] = {
    "cell_accuracy": "1", "agreement": "2", "cell_accuracy_after": "1", "agreement_after": "2",
    "memory": "0", "deployed": "1%", "code": "5%", "working": "1%",
}


@dataclass(frozen=True)
class Threshold:
    """An amount in the quantity's unit, or a share of A's value.

    Attributes:
        amount: units, or percent.
        relative: whether it is in percent of A.
    """

    amount: float
    relative: bool

    def allows(self, quantity: Quantity, a: float, b: float) -> bool:
        """Whether B is no worse than A by more than this."""
        size = abs(a) * quantity.factor
        allowed = size * self.amount / 100 if self.relative else self.amount
        # What two sums of the same numbers may differ in.
        rounding = 1e-9 * max(1.0, size)
        return quantity.worse_by(a, b) <= allowed + rounding

    def text(self, quantity: Quantity) -> str:
        """For people: ``2 points``, ``5 %``."""
        unit = quantity.unit.removesuffix("s") if self.amount == 1 else quantity.unit
        return f"{self.amount:g} {'%' if self.relative else unit}".rstrip()


def read_thresholds(given: Mapping[str, str | float] | None = None) -> dict[Quantity, Threshold]:
    """The default thresholds with these in place of theirs.

    Args:
        given: by quantity: units, a text like ``5%``, or ``off``.

    Raises:
        ConfigError: an unknown quantity, or an amount that is none.
    """
    amounts: dict[Quantity, str | float] = {
        find_quantity(name): amount for name, amount in DEFAULTS.items()}
    amounts |= {find_quantity(name): amount for name, amount in (given or {}).items()}
    return {quantity: _read(quantity.name, amount) for quantity, amount in amounts.items()
            if str(amount).strip() != OFF}


def parse_options(options: Sequence[str]) -> dict[str, str]:
    """``NAME=AMOUNT`` texts as a mapping.

    Raises:
        ConfigError: one without ``=``.
    """
    parsed = {}
    for option in options:
        name, equals, amount = option.partition("=")
        if not equals:
            raise ConfigError(f"threshold {option!r}: write NAME=AMOUNT, for example "
                              "cell_accuracy=0.5, memory=5% or agreement=off")
        parsed[name.strip()] = amount.strip()
    return parsed


def _read(name: str, amount: str | float) -> Threshold:
    text = str(amount).strip()
    number = text.removesuffix("%").strip()
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ConfigError(f"threshold of {name}: got {text!r}; allowed: a number from 0, "
                          "a percentage of A's value like 5%, or off")
    return Threshold(value, text.endswith("%"))
