"""The columns that people can choose, and how each is written for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from larqca.errors import ConfigError
from larqca.footprint.memory import readable
from larqca.suggest import unknown
from larqca.sweep.wording import duration

Line = Mapping[str, Any]
EMPTY = ""


@dataclass(frozen=True)
class Column:
    """One column of the table for people.

    Attributes:
        name: what `--columns` and `--sort` call it.
        title: its head; line breaks keep narrow columns narrow.
        sources: columns of the DataFrame that it shows; the first decides the order.
        write: text of a line.
        default: whether it is shown when nothing is chosen.
        only_if_used: whether it is left out by default where every line is empty.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    write: Callable[[Line], str]
    default: bool = False
    only_if_used: bool = False


def _text(name: str) -> Callable[[Line], str]:
    return lambda line: str(line.get(name, EMPTY))


def _quantizer(name: str) -> Callable[[Line], str]:
    return lambda line: EMPTY if line[name] == "none" else str(line[name])


def _whole(name: str) -> Callable[[Line], str]:
    return lambda line: EMPTY if _missing(line, name) else f"{line[name]:,.0f}"


def _mean(name: str, digits: int, factor: float = 1.0, sign: str = "") -> Callable[[Line], str]:
    """Mean ± standard deviation; no deviation where there is one run."""

    def write(line: Line) -> str:
        if _missing(line, name):
            return EMPTY
        text = f"{factor * line[name]:{sign}.{digits}f}"
        if _missing(line, f"{name}_sd"):
            return text
        return f"{text} ± {factor * line[f'{name}_sd']:.{digits}f}"

    return write


def _difference(name: str, digits: int, factor: float = 1.0) -> Callable[[Line], str]:
    """The mean difference alone, with its sign."""

    def write(line: Line) -> str:
        if _missing(line, name):
            return EMPTY
        text = f"{factor * line[name]:+.{digits}f}"
        return "0" if float(text) == 0 else text

    return write


def _memory(line: Line) -> str:
    if _missing(line, "perceive_bytes") or _missing(line, "update_bytes"):
        return EMPTY
    return f"{readable(line['perceive_bytes'])} + {readable(line['update_bytes'])}"


def _both(name: str, form: str) -> Callable[[Line], str]:
    """The value of perceive and that of update."""

    def write(line: Line) -> str:
        sources = [f"{network}_{name}" for network in ("perceive", "update")]
        if any(_missing(line, source) for source in sources):
            return EMPTY
        one, two = (f"{line[source]:{form}}" for source in sources)
        if name == "parameters":
            return f"{one} + {two}"
        return one if one == two else f"{one} / {two}"

    return write


def _macs(prefix: str) -> Callable[[Line], str]:
    """MACs by precision: weight bits x input bits."""

    def write(line: Line) -> str:
        kinds = {name.removeprefix(prefix): line[name] for name in line
                 if name.startswith(prefix) and not _missing(line, name) and line[name]}
        return " + ".join(f"{count:,.0f} ({precision})" for precision, count in kinds.items())

    return write


def _missing(line: Line, name: str) -> bool:
    value = line.get(name)
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _size(name: str) -> Callable[[Line], str]:
    return lambda line: EMPTY if _missing(line, name) else readable(line[name])


def _seconds(line: Line) -> str:
    return EMPTY if _missing(line, "wall_seconds") else duration(line["wall_seconds"])


def _metric_columns() -> list[Column]:
    columns = []
    titles = {"cell_accuracy": "cell\naccuracy %", "agreement": "agree-\nment %",
              "vote_accuracy": "vote\naccuracy %", "agree_and_correct": "agree and\ncorrect %"}
    for when, note in (("", ""), ("_after", " after\nmutation")):
        for metric, title in titles.items():
            name = metric + when
            shown = metric in ("cell_accuracy", "agreement")
            columns += [
                Column(name, title + note, (name, f"{name}_sd", "n"), _mean(name, 1, 100.0),
                       default=not when and metric != "vote_accuracy"),
                Column(f"{name}_difference", "+/-", (f"{name}_difference", f"{name}_difference_sd"),
                       _difference(f"{name}_difference", 1, 100.0),
                       default=not when and shown, only_if_used=True),
            ]
    return columns


COLUMNS: tuple[Column, ...] = (
    Column("row", "row", ("row",), _text("row"), default=True),
    Column("seed", "seed", ("seed",), _text("seed"), default=True, only_if_used=True),
    Column("hash", "run", ("hash",), _text("hash")),
    Column("data", "data", ("data",), _text("data")),
    Column("start_from", "starts\nfrom", ("start_from",), _text("start_from")),
    Column("kernel_quantizer", "kernel\nquantizer", ("kernel_quantizer",),
           _quantizer("kernel_quantizer"), default=True, only_if_used=True),
    Column("input_quantizer", "input\nquantizer", ("input_quantizer",),
           _quantizer("input_quantizer"), default=True, only_if_used=True),
    Column("perceive_kernel_quantizer", "perceive kernel\nquantizer",
           ("perceive_kernel_quantizer",), _quantizer("perceive_kernel_quantizer")),
    Column("update_kernel_quantizer", "update kernel\nquantizer",
           ("update_kernel_quantizer",), _quantizer("update_kernel_quantizer")),
    Column("perceive_input_quantizer", "perceive input\nquantizer",
           ("perceive_input_quantizer",), _quantizer("perceive_input_quantizer")),
    Column("update_input_quantizer", "update input\nquantizer",
           ("update_input_quantizer",), _quantizer("update_input_quantizer")),
    Column("scale", "scale", ("perceive_scale", "update_scale"),
           lambda line: " / ".join(dict.fromkeys([line["perceive_scale"], line["update_scale"]]))),
    Column("parameters", "parameters", ("perceive_parameters", "update_parameters"),
           _both("parameters", ",.0f"), default=True),
    Column("bits_per_weight", "bits", ("perceive_bits_per_weight", "update_bits_per_weight"),
           _both("bits_per_weight", ".3g"), default=True),
    Column("memory", "memory", ("memory_bytes", "perceive_bytes", "update_bytes"), _memory,
           default=True),
    Column("compression", "x", ("compression",),
           lambda line: EMPTY if _missing(line, "compression") else f"{line['compression']:.1f}x",
           default=True, only_if_used=True),
    Column("deployed", "deployed\nconstants", ("deployed_bytes",), _size("deployed_bytes"),
           default=True, only_if_used=True),
    Column("code", "code\n(M4, -Os)", ("code_bytes",), _size("code_bytes"),
           default=True, only_if_used=True),
    Column("working", "working\nmemory", ("working_bytes",), _size("working_bytes"),
           default=True, only_if_used=True),
    Column("larq_memory", "larq\nmemory", ("larq_model_bytes",), _size("larq_model_bytes")),
    Column("larq_compression", "larq\nratio", ("larq_compression_ratio",),
           lambda line: EMPTY if _missing(line, "larq_compression_ratio")
           else f"{line['larq_compression_ratio']:.2f}"),
    Column("macs", "MACs a cell and step\n(weight x input bits)", ("macs",), _macs("macs_")),
    Column("larq_macs", "larq MACs\n(by precision)", ("larq_macs",), _macs("larq_macs_")),
    Column("loss", "loss", ("loss", "loss_sd", "n"), _mean("loss", 3)),
    Column("log10_loss", "log10\nloss", ("log10_loss", "log10_loss_sd", "n"),
           _mean("log10_loss", 2), default=True),
    Column("log10_loss_difference", "+/-", ("log10_loss_difference", "log10_loss_difference_sd"),
           _difference("log10_loss_difference", 2), default=True, only_if_used=True),
    *_metric_columns(),
    Column("best_cell_accuracy", "best cell\naccuracy %",
           ("best_cell_accuracy", "best_cell_accuracy_sd"), _mean("best_cell_accuracy", 1, 100.0)),
    Column("best_step", "at step", ("best_cell_accuracy_step",),
           _mean("best_cell_accuracy_step", 0)),
    Column("best_agreement", "best\nagreement %", ("best_agreement", "best_agreement_sd"),
           _mean("best_agreement", 1, 100.0)),
    Column("best_agreement_step", "at step", ("best_agreement_step",),
           _mean("best_agreement_step", 0)),
    Column("n", "n", ("n",), _whole("n"), default=True),
    Column("seeds", "seeds", ("seeds",), _whole("seeds")),
    Column("time", "time", ("wall_seconds", "wall_seconds_sd"), _seconds, default=True),
    Column("versions", "versions", ("versions",), _text("versions"), default=True,
           only_if_used=True),
    Column("state", "state", ("state",), _text("state"), default=True),
)
BY_NAME = {column.name: column for column in COLUMNS}


def choose_columns(names: Sequence[str] | None, lines: Sequence[Line]) -> list[Column]:
    """The columns by these names; None: the default ones that have something to show.

    Raises:
        ConfigError: an unknown name.
    """
    if names is not None:
        return [find_column(name) for name in names]
    return [column for column in COLUMNS if column.default
            and not (column.only_if_used and all(column.write(line) == EMPTY for line in lines))]


def find_column(name: str) -> Column:
    """Raises ConfigError, with the nearest name, if there is no such column."""
    if name not in BY_NAME:
        raise ConfigError(unknown("column", name, BY_NAME))
    return BY_NAME[name]


def is_known(value: object) -> TypeGuard[float]:
    """Whether a cell of a table holds a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
