"""What a sweep's index may hold: the types of ``sweep.json``, so that a file edited by hand is
noticed before its fields are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from larqca.config.schema import RunHash

Amount = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    """Fields of later versions are left alone."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _NetworkFigures(_Strict):
    parameters: Amount
    kernel_weights: Annotated[float, Field(gt=0)]
    kernel_bits: Amount
    total_bits: Amount
    kernel_quantizer: str
    input_quantizer: str
    scale: str


class _Figures(_Strict):
    perceive: _NetworkFigures
    update: _NetworkFigures
    macs: dict[str, Amount]


class _Entry(_Strict):
    row: str
    seed: int
    hash: RunHash
    data: str
    start_from: str | dict[str, Any] | None = None
    figures: _Figures


class _Index(_Strict):
    name: str
    baseline: str | None = None
    created: str | None = None
    runs: Annotated[list[_Entry], Field(min_length=1)]
    dropped: dict[str, str] = {}


def index_problem(index: Mapping[str, Any]) -> str | None:
    """The first field that is missing or is not what it should be; None if there is none."""
    try:
        _Index.model_validate(index)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return None
