"""Grid files: from YAML to the list of runs, checked before anything runs.

The form of a grid file::

    name: quickstart            # names the default output folder
    settings:                   # shared by all rows: any key of a run, and `preset`
      data: digits
      preset: distill
      training: {iterations: 4000}
      resources: {cpus: 1, memory_gib: 4, minutes: 90}    # what a run may take; see Resources
    baseline: float             # the row that the others are compared with
    seeds: [0, 1]               # each row is run once for each seed (default [0])
    rows:                       # named rows: a name, and settings of their own
      - name: float
      - name: tern              # starts from the float baseline's weights by itself,
        update: {kernel_quantizer: {name: ste_tern, threshold_value: 0.33}}
      - name: tern, again
        start_from: tern        # or from another row's, of the same seed; none: from scratch
        update: {kernel_quantizer: {name: ste_tern, threshold_value: 0.33}}
      - name: mine
        start_from: {file: model.npz}   # or a model file, relative to the grid file
    axes:                       # crossed with each other into further rows, which are
                                # named by their values ("kernel_quantizer=ste_sign, ...")
      perceive.kernel_quantizer,update.kernel_quantizer: [ste_sign, ste_tern]
      perceive.scale: [none, channel]   # paths joined by commas vary together
    axes_settings:              # settings of the crossed and included rows alone
      start_from: float
    include:                    # points beside the crossed ones: paths and values
      - {name: two bits, update.kernel_quantizer: {name: dorefa_quantizer, k_bit: 2}}
    exclude:                    # crossed points that match all of an entry are dropped
      - {perceive.kernel_quantizer: ste_tern, perceive.scale: none}

More specific settings are laid over more general ones: settings, then axes_settings,
then a row's own. `resources` (`larqca.sweep.resources`) may stand in each of them, and
decides no number. A run is named by the hash of its complete configuration, the hash of
the run that it starts from included, so that editing the grid keeps all other runs.

A row that says nothing of `start_from` and whose quantized layers have learned scales (and
kernels levels of both signs) starts from the baseline, if that is a float automaton of the
same layers on the same data. Such layers have planes, too, unless they say how many; those
with `scale: none` have not (`larqca.config.schema`). A row of fewer channels has to say what it
starts from: it takes the channels that count most of a float one (`larqca.automata.narrowing`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from larqca.automata.layout import check_fits, layout_of
from larqca.config.canonical import build_run_config, explain, run_hash
from larqca.config.schema import RunConfig
from larqca.errors import ConfigError, ModelFileError
from larqca.suggest import unknown
from larqca.sweep.axes import crossed_rows
from larqca.sweep.document import Document, document_of, read_document
from larqca.sweep.problems import Problems
from larqca.sweep.resources import Resources, read_resources
from larqca.sweep.rows import Row, check_keys, check_names_differ, named_rows, shared_layer
from larqca.sweep.starts import FIELD, Start, read_starts, sources_first, warm_starts

KEYS = ("name", "settings", "baseline", "seeds", "rows", "axes", "axes_settings", "include",
        "exclude")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class PlannedRun:
    """One run of a grid.

    Attributes:
        row: name of its row.
        seed: its seed.
        config: everything that decides its numbers.
        hash: its name in the store.
        differences: the row's own settings, by dotted path.
        source_row: row of the run whose weights it starts from, if any.
        source_run: hash of that run.
        source_file: model file that it starts from, if any.
        resources: what it may take.
    """

    row: str
    seed: int
    config: RunConfig
    hash: str
    differences: Mapping[str, Any]
    source_row: str | None = None
    source_run: str | None = None
    source_file: Path | None = None
    resources: Resources = field(default_factory=Resources)

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"{self.row} (seed {self.seed})"


@dataclass(frozen=True)
class Grid:
    """A checked grid file.

    Attributes:
        name: of the sweep.
        baseline: row that the others are compared with, if any.
        seeds: each row is run once for each.
        runs: row by row in the order of the file, seed by seed.
        text: the YAML it came from.
    """

    name: str
    baseline: str | None
    seeds: list[int]
    runs: list[PlannedRun]
    text: str


def load_grid(grid: Path | str | Mapping[str, Any]) -> Grid:
    """Read and check a grid file, or a dict of the same shape.

    Raises:
        ConfigError: the first problem, with file, line and field, and how many more.
    """
    if isinstance(grid, Mapping):
        return _plan(document_of(grid, Path()))
    return _plan(read_document(Path(grid)))


def _plan(document: Document) -> Grid:
    problems = Problems(document)
    if not isinstance(document.data, Mapping):
        got = "nothing" if document.data is None else repr(document.data)[:60]
        problems.add((), f"a grid must be a mapping with {', '.join(KEYS)}; got {got}")
        problems.raise_if_any()
    check_keys(document.data, KEYS, (), problems)
    name = _read_name(document, problems)
    seeds = _read_seeds(document, problems)
    shared = shared_layer(document, problems)
    rows = named_rows(document, shared, problems) + crossed_rows(document, shared, problems)
    if not rows and not len(problems):
        problems.add((), "the grid is empty: it needs 'rows' or 'axes'")
    check_names_differ(rows, problems)
    baseline = _read_baseline(document, rows, problems)
    starts = warm_starts(rows, read_starts(rows, document.folder, problems), baseline)
    ordered = sources_first(rows, starts, problems)
    planner = _Planner(starts, seeds, problems)
    for row in ordered:
        planner.add(row)
    problems.raise_if_any()
    runs = [planner.runs[row.name, seed] for row in rows for seed in seeds]
    return Grid(name, baseline, seeds, runs, document.text)


def _read_name(document: Document, problems: Problems) -> str:
    name = document.data.get("name")
    if "name" not in document.data:
        problems.add((), "name: is missing; it names the output folder")
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        problems.add(("name",), "name: must be letters, digits, '.', '_' and '-' and start with "
                                f"a letter or digit, got {name!r}")
    return str(name)


def _read_seeds(document: Document, problems: Problems) -> list[int]:
    seeds = document.data.get("seeds", [0])
    if not isinstance(seeds, list) or not seeds:
        problems.add(("seeds",), f"seeds: must be a list of whole numbers, got {seeds!r}")
        return [0]
    good: list[int] = []
    for index, seed in enumerate(seeds):
        place = ("seeds", index)
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
            problems.add(place, f"seeds[{index}]: must be a whole number from 0 to 2147483647, "
                                f"got {seed!r}")
        elif seed in good:
            problems.add(place, f"seeds[{index}]: {seed} is listed twice")
        else:
            good.append(seed)
    return good or [0]


def _read_baseline(document: Document, rows: list[Row], problems: Problems) -> str | None:
    baseline = document.data.get("baseline")
    if baseline is None:
        return None
    if not isinstance(baseline, str):
        problems.add(("baseline",), f"baseline: must be a row's name, got {baseline!r}")
        return None
    names = [row.name for row in rows]
    if names and baseline not in names:
        problems.add(("baseline",), f"baseline: {unknown('row', baseline, names)}")
    return baseline


class _Planner:
    """Builds the runs of rows that come after the rows they start from."""

    def __init__(self, starts: Mapping[str, Start], seeds: list[int], problems: Problems) -> None:
        self.runs: dict[tuple[str, int], PlannedRun] = {}
        self._starts = starts
        self._seeds = seeds
        self._problems = problems
        self._row_of_hash: dict[str, str] = {}

    def add(self, row: Row) -> None:
        """Plan the row for every seed; what is wrong is noted."""
        start = self._starts[row.name]
        resources = read_resources(row, self._problems)
        for seed in self._seeds:
            source = self.runs.get((start.row, seed)) if start.row else None
            if start.wrong or (start.row and source is None):
                # The start's own problem has been noted; the rest is still checked.
                self._config(row, seed, None)
                return
            config = self._config(row, seed, _start_setting(start, source))
            if config is None:
                return
            if not self._fits(row, config, start, source):
                return
            self._keep(row, seed, config, start, source, resources)

    def _config(self, row: Row, seed: int, start: dict[str, str] | None) -> RunConfig | None:
        settings = {**row.settings(), "seed": seed, "start_from": start}
        try:
            return build_run_config(settings)
        except ConfigError as error:
            cause = error.__cause__
            if not isinstance(cause, ValidationError):
                title, place = row.locate(("preset",))
                self._problems.add(place, f"{title}{error}")
                return None
            for problem, sentence in zip(cause.errors(), explain(cause), strict=True):
                title, place = row.locate(problem["loc"])
                self._problems.add(place, title + sentence)
        return None

    def _fits(
        self, row: Row, config: RunConfig, start: Start, source: PlannedRun | None
    ) -> bool:
        layout = start.file_layout if source is None else layout_of(source.config)
        if layout is None:
            return True
        try:
            check_fits(layout, layout_of(config))
        except ModelFileError as error:
            title, place = row.locate(FIELD)
            origin = str(start.file) if source is None else f"row {source.row!r}"
            self._problems.add(place, f"{title}start_from: {origin} does not fit: {error}")
            return False
        return True

    def _keep(
        self, row: Row, seed: int, config: RunConfig, start: Start, source: PlannedRun | None,
        resources: Resources,
    ) -> None:
        name = run_hash(config)
        twin = self._row_of_hash.setdefault(name, row.name)
        if twin != row.name:
            self._problems.add(row.place, f"rows {twin!r} and {row.name!r} have the same "
                                          "configuration; drop one")
        self.runs[row.name, seed] = PlannedRun(
            row=row.name, seed=seed, config=config, hash=name, differences=row.differences(),
            source_row=start.row, source_run=source.hash if source else None,
            source_file=start.file, resources=resources,
        )


def _start_setting(start: Start, source: PlannedRun | None) -> dict[str, str] | None:
    if source is not None:
        return {"run": source.hash}
    return {"file_sha256": start.file_sha256} if start.file else None
