"""Problems of a grid file, each with the line it stands on."""

from __future__ import annotations

from larqca.errors import ConfigError
from larqca.sweep.document import Document, Place


class Problems:
    """Collects everything that is wrong, so that the first can be told with a count."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, place: Place, message: str) -> None:
        """Note a problem; `message` starts with the field's name."""
        line = self.document.line(place)
        where = self.document.name if line is None else f"{self.document.name}:{line}"
        self._found.setdefault(f"{where}: {message}", line or 0)

    def sentences(self) -> list[str]:
        """One line for each problem, in the order of the file."""
        return sorted(self._found, key=lambda sentence: self._found[sentence])

    def raise_if_any(self) -> None:
        """Raises ConfigError with the first problem and the number of the others."""
        sentences = self.sentences()
        if sentences:
            more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
            raise ConfigError(sentences[0] + more)


def field_name(place: Place) -> str:
    """``rows[2].name`` for ``("rows", 2, "name")``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "grid"
