"""What a run may take, which decides where and how long it runs, and none of its numbers
but for the threads (`resources` in a grid's settings and rows)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from larqca.suggest import unknown
from larqca.sweep.problems import Problems
from larqca.sweep.rows import RESOURCES, Row

GIB = 2**30


class Resources(BaseModel):
    """Of one run.

    Attributes:
        cpus: cores, and as many threads; None: as `--threads` says.
        gpus: accelerators, or a share of one (only asked for from Ray and Slurm).
        memory_gib: a run that holds more is ended as "out of memory"; Ray and Slurm set so
            much aside. None: no limit.
        minutes: a run that takes longer, from start to end of its process, is ended as "out
            of time", with a checkpoint from which it goes on if it is allowed more. None: no
            limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cpus: Annotated[int, Field(ge=1, le=4096)] | None = None
    gpus: Annotated[float, Field(ge=0.0, le=64.0)] = 0.0
    memory_gib: Annotated[float, Field(gt=0.0, le=2.0**20)] | None = None
    minutes: Annotated[float, Field(gt=0.0, le=1e7)] | None = None

    @property
    def memory_bytes(self) -> int | None:
        """The limit of memory."""
        return None if self.memory_gib is None else int(self.memory_gib * GIB)

    @property
    def seconds(self) -> float | None:
        """The limit of time."""
        return None if self.minutes is None else self.minutes * 60.0


def read_resources(row: Row, problems: Problems) -> Resources:
    """What the runs of a row may take; what is wrong with it is noted."""
    given = row.resources()
    if given is None:
        return Resources()
    try:
        return Resources.model_validate(given)
    except ValidationError as error:
        for problem in error.errors():
            title, place = row.locate((RESOURCES, *problem["loc"]))
            name = ".".join(map(str, (RESOURCES, *problem["loc"])))
            if problem["type"] == "extra_forbidden":
                wrong = unknown("key", str(problem["loc"][-1]), list(Resources.model_fields))
            elif not problem["loc"]:
                wrong = f"must be a mapping of {', '.join(Resources.model_fields)}, got {given!r}"
            else:
                said = problem["msg"]
                wrong = f"{said[:1].lower()}{said[1:]}, got {problem['input']!r}"
            problems.add(place, f"{title}{name}: {wrong}")
    return Resources()
