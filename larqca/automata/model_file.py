"""Model files: one ``.npz`` with the automaton's description (JSON) and its arrays.

Reading one never runs code: arrays are plain, and a user's own quantizer is imported
only where the caller says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from larqca.automata.layout import AutomatonLayout, layout_of
from larqca.config.canonical import explain
from larqca.config.schema import AutomatonConfig
from larqca.errors import ModelFileError
from larqca.files import read_arrays, write_arrays
from larqca.quantizers.registry import is_import_path

Array = npt.NDArray[Any]

FORMAT = "larqca-model"
VERSION = 1
_DESCRIPTION = "automaton"


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds: the automaton's configuration and its arrays."""

    config: AutomatonConfig
    classes: int
    arrays: dict[str, Array]

    @property
    def layout(self) -> AutomatonLayout:
        """The layers of the automaton."""
        return layout_of(self.config, self.classes)


def write_model(
    path: Path, config: AutomatonConfig, classes: int, arrays: dict[str, Array]
) -> None:
    """Write a model file by rename."""
    fields = set(AutomatonConfig.model_fields)
    description = {
        "format": FORMAT,
        "version": VERSION,
        "classes": classes,
        "config": config.model_dump(mode="json", include=fields),
    }
    text = json.dumps(description, sort_keys=True)
    write_arrays(path, {_DESCRIPTION: np.array(text), **arrays})


def read_model(path: Path) -> ModelFile:
    """Read and check a model file.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    try:
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise ModelFileError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path}: cannot be read as a model file: {error}") from error
    config, classes = _read_description(path, arrays.pop(_DESCRIPTION, None))
    model = ModelFile(config, classes, arrays)
    try:
        check_arrays(arrays, model.layout.array_shapes())
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error
    return model


def _read_description(path: Path, stored: Array | None) -> tuple[AutomatonConfig, int]:
    if stored is None or stored.dtype.kind != "U" or stored.shape != ():
        raise ModelFileError(
            f"{path}: has no description {_DESCRIPTION!r}; 'larqca import' makes model files"
        )
    try:
        description = json.loads(str(stored))
        found = (description["format"], description["version"])
        if found != (FORMAT, VERSION):
            raise ModelFileError(f"{path}: is {found[0]!r} version {found[1]!r}, "
                                 f"this larqca reads {FORMAT!r} version {VERSION}")
        classes = description["classes"]
        if not isinstance(classes, int) or not 1 <= classes <= 1000:
            raise ModelFileError(f"{path}: field 'classes' is {classes!r}, not a number of classes")
        return AutomatonConfig.model_validate(_with_planes(description["config"])), classes
    except ValidationError as error:
        raise ModelFileError(f"{path}: field 'config': {'; '.join(explain(error))}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{path}: its description is damaged ({error!r})") from error


def _with_planes(config: Any) -> Any:
    """A description of before there were planes speaks of none, and means one."""
    if not isinstance(config, dict):
        return config
    return {key: {"kernel_planes": 1, "input_planes": 1, **value}
            if key in ("perceive", "update") and isinstance(value, dict) else value
            for key, value in config.items()}


def check_arrays(arrays: dict[str, Array], shapes: dict[str, tuple[int, ...]]) -> None:
    """Every array there, none left over, shapes right, all numbers finite.

    Raises:
        ModelFileError: names the first array that does not fit, and what was expected.
    """
    for name in shapes:
        if name not in arrays:
            raise ModelFileError(f"array {name!r} is missing; expected {', '.join(shapes)}")
    for name in arrays:
        if name not in shapes:
            raise ModelFileError(f"array {name!r} is not expected; expected {', '.join(shapes)}")
    for name, shape in shapes.items():
        array = np.asarray(arrays[name])
        if array.shape != shape:
            raise ModelFileError(f"array {name!r} has shape {list(array.shape)}, not {list(shape)}")
        if not (np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()):
            raise ModelFileError(f"array {name!r} holds something that is not a finite number")


def user_quantizers(layout: AutomatonLayout) -> list[str]:
    """Import paths of the users' own quantizers that an automaton needs."""
    specs = [s for layer in layout.layers for s in (layer.kernel_quantizer, layer.input_quantizer)]
    return sorted({spec["name"] for spec in specs if spec and is_import_path(spec["name"])})


def load_model(path: Path, *, import_quantizers: bool = False) -> Any:
    """A `NeuralCA` with the weights of a model file.

    Args:
        path: a file written by `write_model`.
        import_quantizers: allow the file to name Python modules of the user's own
            quantizers, which are then imported.

    Raises:
        ModelFileError: the file is damaged, or asks for an import that is not allowed.
    """
    from larqca.automata.neural_ca import NeuralCA

    file = read_model(path)
    foreign = user_quantizers(file.layout)
    if foreign and not import_quantizers:
        raise ModelFileError(
            f"{path}: needs the quantizer {foreign[0]!r}, which is not Larq's; "
            "allow the import with import_quantizers=True if you trust it"
        )
    model = NeuralCA(file.layout)
    model.set_arrays(file.arrays)
    return model
