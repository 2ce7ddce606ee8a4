from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from larqca.errors import ConfigError
from larqca.sweep.document import document_of, read_document


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-3", 0.002),
        ("1E5", 1e5),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("010", 10),
        ("1_000", 1000),
        ("-3", -3),
        ("1:30", "1:30"),
        ("no", "no"),
        ("2020-01-01", "2020-01-01"),
        ("none", "none"),
        ("null", None),
        ("", None),
        ("True", True),
        ("'2e-3'", "2e-3"),
        ("e3", "e3"),
        ("1e", "1e"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    found = read_document(written(tmp_path, f"key: {text}")).data["key"]
    assert found == value
    assert type(found) is type(value)


def test_every_key_and_entry_has_its_line(tmp_path: Path) -> None:
    text = "a:\n  b: 1\n  c:\n    - x\n    - {d: 2,\n       e: 3}\n"
    document = read_document(written(tmp_path, text))
    assert document.data == {"a": {"b": 1, "c": ["x", {"d": 2, "e": 3}]}}
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 0)) == 4
    assert document.line(("a", "c", 1, "e")) == 6
    assert document.line(("a", "c", 7, "e")) == 3  # the nearest thing around it


def test_merge_keys_give_way_to_own_ones(tmp_path: Path) -> None:
    text = "base: &base {x: 1, y: 2}\nother: {<<: *base, y: 3}\ntwo: {<<: [{x: 5}, *base]}\n"
    data = read_document(written(tmp_path, text)).data
    assert data["other"] == {"x": 1, "y": 3}
    assert data["two"] == {"x": 5, "y": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", ":3: key 'a' is given twice (first on line 1)"),
        ("a:\n  b: {c: 1, c: 1}\n", ":2: key 'c' is given twice (first on line 2)"),
        ("a: 1\n1: 2\n", ":2: keys must be text, got 1"),
        ("a: 1\n? [x, y]\n: 2\n", ":2: keys must be text, got a list or mapping"),
        ("a: [1, 2\nb: 3\n", ":2: not YAML: "),
        ("a: 1\n\tb: 2\n", ":2: not YAML: "),
        ("a: 1\n---\nb: 2\n", ":2: not YAML: but found another document"),
        ("a: *b\n", ":1: not YAML: found undefined alias"),
        ("a: !!python/object:os.system x\n", ":1: 'x' with the tag"),
        ("a: 1\nb: !!int x\n", ":2: 'x' with the tag"),
        ("a: {<<: 3}\n", ":1: << needs a mapping"),
        ("a: &a [*a]\n", "nested too deeply"),
        ("[" * 5000, "nested too deeply"),
        ("a: \x00\n", "not YAML: "),
    ],
)
def test_bad_yaml_is_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_document(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_aliases_cannot_stand_for_billions(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(ConfigError, match="more than 100,000 entries"):
        read_document(written(tmp_path, "\n".join(lines)))


def test_files_that_are_not_text(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(ConfigError, match=r"grid\.yaml:2: not a grid file: not UTF-8"):
        read_document(path)
    with pytest.raises(ConfigError, match="is a directory, not a grid file"):
        read_document(tmp_path)
    with pytest.raises(ConfigError, match="no such grid file"):
        read_document(tmp_path / "missing.yaml")


def test_a_dict_becomes_yaml_and_must_be_plain() -> None:
    document = document_of({"name": "x", "seeds": (0, 1), "rate": 2e-3}, Path())
    assert document.data == {"name": "x", "seeds": [0, 1], "rate": 0.002}
    assert document.line(("name",)) is None
    with pytest.raises(ConfigError, match=r"grid\.a\[1\]: must be plain data, got object"):
        document_of({"a": [1, object()]}, Path())
    with pytest.raises(ConfigError, match=r"grid\.a: keys must be text, got 3"):
        document_of({"a": {3: 1}}, Path())
