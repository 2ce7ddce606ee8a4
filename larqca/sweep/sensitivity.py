"""Which layer of a trained automaton bears how few bits.

Each layer's kernel is quantized alone, in every way that is to be tried, started from the
trained weights and trained a little; the loss of cell accuracy and the bytes saved are
set beside each other. From them follows an assignment for a budget of bytes, under the
assumption that losses add up, and training that assignment checks it.

All of it are sweeps, so that it can be stopped, taken up again and reported like any other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larqca.automata.layout import LayerLayout, layout_of
from larqca.config.schema import TRAINING_IMAGES, RunConfig
from larqca.errors import ConfigError, StoreError
from larqca.footprint.memory import memory_of
from larqca.quantizers.registry import label
from larqca.sweep.grid import load_grid
from larqca.sweep.outcome import CONFIG, MODEL, model_is_whole, read_result
from larqca.sweep.worker import read_config

BASELINE, SUGGESTED = "as it is", "suggested"



@dataclass(frozen=True)
class Choice:
    """A way to quantize a layer.

    Attributes:
        quantizer: of its kernel.
        planes: how many such kernels are summed.
    """

    quantizer: Mapping[str, Any]
    planes: int = 1

    @property
    def text(self) -> str:
        """For tables."""
        planes = f", {self.planes} planes" if self.planes > 1 else ""
        return label(dict(self.quantizer)) + planes


# What the command line calls "N" bits or "1xN" planes of signs.
CHOICES: Mapping[str, Choice] = {
    "1": Choice({"name": "ste_sign"}),
    "ternary": Choice({"name": "ste_tern", "threshold_value": 0.33}),
    **{str(k): Choice({"name": "dorefa_quantizer", "k_bit": k}) for k in range(2, 9)},
    **{f"1x{planes}": Choice({"name": "ste_sign"}, planes) for planes in range(2, 9)},
}


@dataclass(frozen=True)
class Trial:
    """One layer quantized in one way.

    Attributes:
        layer: its name, such as ``update/0``.
        choice: a key of `CHOICES`.
        saved_bytes: theoretical memory that the whole automaton saves.
        lost: cell accuracy before every image is exchanged, less than the baseline's.
        lost_after: the same at the end; NaN where images are not exchanged.
    """

    layer: str
    choice: str
    saved_bytes: float
    lost: float
    lost_after: float

    @property
    def cost(self) -> float:
        """The larger of both losses."""
        return self.lost if math.isnan(self.lost_after) else max(self.lost, self.lost_after)


@dataclass(frozen=True)
class Suggestion:
    """A choice for every layer.

    Attributes:
        choices: by layer; None leaves it as it is.
        bytes: theoretical memory.
        expected_loss: of cell accuracy, if losses add up.
    """

    choices: Mapping[str, str | None]
    bytes: float
    expected_loss: float


class Subject:
    """A finished run whose layers are to be quantized.

    Args:
        run: its directory.

    Raises:
        StoreError: it is no finished run.
        ConfigError: its kernels are quantized already.
    """

    def __init__(self, run: Path) -> None:
        if not (run / CONFIG).is_file():
            raise StoreError(f"{run}: is not the directory of a run (results/NAME/runs/HASH)")
        run = run.resolve()  # its name is its hash
        self.config: RunConfig = read_config(run)
        result = read_result(run)
        if result is not None and result["state"] != "done":
            raise StoreError(f"{run}: {result['state']}, so that it has no model to start from")
        if result is None or not model_is_whole(run):
            raise StoreError(f"{run}: is not finished, or its model is not the one it was "
                             "judged by; run its sweep again")
        self.model = (run / MODEL).absolute()
        self.layout = layout_of(self.config)
        quantized = [x.name for x in self.layout.layers if x.kernel_quantizer is not None]
        if quantized:
            raise ConfigError(f"{run}: layer {quantized[0]} has a quantized kernel already; "
                              "sensitivity starts from an automaton with float kernels")

    @property
    def layers(self) -> list[str]:
        """Names of all layers."""
        return [layer.name for layer in self.layout.layers]

    @property
    def bytes(self) -> float:
        """Theoretical memory as it is."""
        return memory_of(self.layout.layers).bytes

    def row(self, name: str, choices: Mapping[str, str | None]) -> dict[str, Any]:
        """The row of a grid that quantizes these layers."""
        networks: dict[str, Any] = {}
        for network in ("perceive", "update"):
            names = [layer for layer in self.layers if layer.startswith(network)]
            taken = [CHOICES[each] if (each := choices.get(layer)) else None for layer in names]
            scales = [
                _scale(layer, choice)
                for layer, choice in zip(getattr(self.layout, network), taken, strict=True)
            ]
            networks[network] = {
                "kernel_quantizer": [dict(one.quantizer) if one else None for one in taken],
                "kernel_planes": [one.planes if one else 1 for one in taken],
                "scale": scales,
            }
        return {"name": name, **networks}

    def grid(self, name: str, rows: Iterable[dict[str, Any]], iterations: int) -> dict[str, Any]:
        """A sweep that starts all rows from the run's model."""
        settings = self.config.model_dump(mode="json", exclude={"seed", "start_from"})
        settings["training"]["iterations"] = iterations
        # A float run has no latent weights: its factor is the default of one, not of the rows here.
        settings["training"]["optimizer"].pop("latent_factor", None)
        for field in ("settle_first", "settle_power"):  # nor weights that settle
            settings["training"].pop(field, None)
        # Trials are short and suggestions mix few levels with many: whether weights had better
        # settle there was not tried.
        settings["training"]["settle_until"] = None
        settings["start_from"] = {"file": str(self.model)}
        return {"name": name, "settings": settings, "seeds": [self.config.seed],
                "baseline": BASELINE, "rows": [self.row(BASELINE, {}), *rows]}  # fmt: skip

    def trials_grid(self, choices: Sequence[str], iterations: int, images: int) -> dict[str, Any]:
        """Every layer alone, in every way, judged on the last so many training images, on which
        trials are not trained: a suggestion that follows from them has not seen the test. The
        run itself has, unless it held them out too; that is alike for all trials."""
        rows = [self.row(row_name(layer, choice), {layer: choice})
                for layer in self.layers for choice in choices]
        grid = self.grid("sensitivity", rows, iterations)
        grid["settings"]["evaluation"] |= {"held_out": images, "images": None}
        return grid

    def suggestion_grid(self, suggestion: Suggestion, iterations: int) -> dict[str, Any]:
        """The suggested assignment, beside the float automaton trained as long."""
        row = self.row(SUGGESTED, suggestion.choices)
        grid = self.grid("suggestion", [row], iterations)
        grid["settings"]["evaluation"] |= {"held_out": 0}
        return grid

    def smallest(self, choices: Sequence[str]) -> float:
        """Theoretical memory in bytes with each layer quantized in its smallest way."""
        size = self.bytes
        for layer in self.layers:
            rows = [self.row(choice, {layer: choice}) for choice in choices]
            runs = load_grid(self.grid("sizes", rows, 0)).runs
            sizes = [memory_of(layout_of(run.config).layers).bytes for run in runs]
            size -= self.bytes - min(self.bytes, *sizes)
        return size

    def check_images(self, count: int) -> None:
        """Return if so many training images can be held out.

        Raises:
            ConfigError: none would be left to train on.
        """
        data = self.config.data
        if count >= TRAINING_IMAGES[data]:
            raise ConfigError(f"--images {count:,}: {data} has only {TRAINING_IMAGES[data]:,} "
                              "training images, and some must be left to train on")

    def check_budget(self, choices: Sequence[str], budget: float) -> None:
        """Return if some combination of the choices fits into so many bytes.

        Raises:
            ConfigError: none does.
        """
        smallest = self.smallest(choices)
        if smallest > budget:
            raise _nothing_fits(budget, smallest)


def _scale(layer: LayerLayout, choice: Choice | None) -> str | None:
    """That of the run for a float kernel, and for a quantized one whose inputs are quantized
    and scaled, as no others can be had from those; else the default of quantized kernels."""
    kept = choice is None or (layer.input_quantizer is not None and layer.has_input_scale)
    return layer.scale if kept else None


def row_name(layer: str, choice: str) -> str:
    """How the row of a trial is called."""
    return f"{layer} {CHOICES[choice].text}"


def read_trials(
    subject: Subject, choices: Sequence[str], records: Sequence[Mapping[str, Any]]
) -> list[Trial]:
    """The trials of a sweep of `Subject.trials_grid`; one that diverged lost everything.

    Raises:
        StoreError: the float automaton itself was not judged.
    """
    by_row = {record["row"]: record for record in records}
    base = by_row.get(BASELINE)
    if base is None:
        raise StoreError("the unquantized automaton has no result; run the command again")
    if base["state"] != "done":
        raise StoreError(f"the unquantized automaton itself {base['state']} when it was trained "
                         "on, so that there is nothing to compare with; take fewer --iterations, "
                         "or none")
    trials = []
    for layer, choice in itertools.product(subject.layers, choices):
        record = by_row.get(row_name(layer, choice))
        if record is None or record["state"] not in ("done", "diverged"):
            continue
        done = record["state"] == "done"
        lost = base["cell_accuracy"] - (record["cell_accuracy"] if done else 0.0)
        after = base["cell_accuracy_after"] - (record["cell_accuracy_after"] if done else 0.0)
        saved = subject.bytes - record["memory_bytes"]
        trials.append(Trial(layer, choice, saved, lost, after))
    return trials


def suggest(subject: Subject, trials: Sequence[Trial], budget: float) -> Suggestion:
    """The assignment within the budget that should lose the least accuracy; of those, the
    smallest.

    Raises:
        ConfigError: no combination is small enough.
    """
    found = [Suggestion({}, subject.bytes, 0.0)]
    for layer in subject.layers:
        options = [None, *(trial for trial in trials if trial.layer == layer)]
        found = _best([_extended(one, layer, option) for one in found for option in options])
    fitting = [one for one in found if one.bytes <= budget]
    if not fitting:
        raise _nothing_fits(budget, min(one.bytes for one in found))
    return min(fitting, key=_order)


def _nothing_fits(budget: float, smallest: float) -> ConfigError:
    return ConfigError(f"no combination of these choices fits into {budget / 1024:.2f} KiB; "
                       f"the smallest takes {smallest / 1024:.2f}")


def _extended(one: Suggestion, layer: str, trial: Trial | None) -> Suggestion:
    if trial is None:
        return Suggestion({**one.choices, layer: None}, one.bytes, one.expected_loss)
    return Suggestion(
        {**one.choices, layer: trial.choice},
        one.bytes - trial.saved_bytes,
        one.expected_loss + max(0.0, trial.cost),
    )


def _best(found: Sequence[Suggestion]) -> list[Suggestion]:
    """Those than which no other is both smaller and loses no more: whatever the layers to come
    are given, no other can become the best."""
    kept: list[Suggestion] = []
    for one in sorted(found, key=_order):
        if not kept or one.bytes < kept[-1].bytes:
            kept.append(one)
    return kept


def _order(one: Suggestion) -> tuple[float, float]:
    return one.expected_loss, one.bytes
