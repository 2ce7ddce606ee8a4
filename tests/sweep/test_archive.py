"""Stores move between machines: as one file, or by cp -r."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from larqca.errors import StoreError
from larqca.report.report import Report
from larqca.sweep.archive import export_sweep, import_sweep

from .helpers import Diary, small_grid, sweep


@pytest.fixture
def store(tmp_path: Path) -> Path:
    sweep(small_grid(), tmp_path / "out")
    return tmp_path / "out"


def test_there_and_back(store: Path, tmp_path: Path) -> None:
    count = export_sweep(store, tmp_path / "sweep.tar.gz")
    assert import_sweep(tmp_path / "sweep.tar.gz", tmp_path / "elsewhere" / "in") == count
    names = {path.relative_to(store) for path in store.rglob("*") if path.is_file()}
    found = {path.relative_to(tmp_path / "elsewhere" / "in")
             for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()}
    assert {path.name for path in names - found} == {".lock", "checkpoint.npz"}
    assert found < names
    for path in found:
        assert (tmp_path / "elsewhere" / "in" / path).read_bytes() == (store / path).read_bytes()


@pytest.mark.parametrize("by", ["archive", "copy"])
def test_a_moved_store_goes_on_and_tells_the_same(store: Path, tmp_path: Path, by: str) -> None:
    table = Report(store).render("markdown")
    if by == "archive":
        export_sweep(store, tmp_path / "sweep.tar.gz")
        import_sweep(tmp_path / "sweep.tar.gz", tmp_path / "moved")
    else:
        shutil.copytree(store, tmp_path / "moved")
    shutil.rmtree(store)
    assert Report(tmp_path / "moved").render("markdown") == table
    diary = Diary()
    sweep(small_grid(), tmp_path / "moved", watcher=diary)
    assert diary.lines == []
    sweep(small_grid({"name": "float"}, {"name": "new", "start_from": "float",
                                         "cell": {"noise": 0.5}}), tmp_path / "moved",
          watcher=diary)
    assert diary.lines == ["start new (seed 0)", "done new (seed 0)"]


def test_nothing_is_overwritten(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.tar.gz"
    export_sweep(store, file)
    with pytest.raises(StoreError, match=r"sweep.tar.gz: exists; choose another name"):
        export_sweep(store, file)
    with pytest.raises(StoreError, match="out: exists and is not empty"):
        import_sweep(file, store)
    with pytest.raises(StoreError, match="is not the directory of a sweep"):
        export_sweep(tmp_path, tmp_path / "other.tar.gz")
    with pytest.raises(StoreError, match="cannot be written: No such file"):
        export_sweep(store, tmp_path / "no" / "where.tar.gz")


def test_half_an_archive_leaves_nothing(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.tar.gz"
    export_sweep(store, file)
    whole = file.read_bytes()
    before = sorted(tmp_path.iterdir())
    for content in (whole[: len(whole) // 2], b"", b"nonsense", whole[:200] + whole[300:]):
        file.write_bytes(content)
        with pytest.raises(StoreError, match=r"sweep.tar.gz: "):
            import_sweep(file, tmp_path / "in")
        assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(StoreError, match=r"missing.tar.gz: No such file"):
        import_sweep(tmp_path / "missing.tar.gz", tmp_path / "in")


@pytest.mark.parametrize("evil", ["../escape", "/tmp/absolute", "link"])
def test_what_no_sweep_holds_is_refused(tmp_path: Path, evil: str) -> None:
    file = tmp_path / "evil.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo(evil)
        if evil == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member, io.BytesIO())
    with pytest.raises(StoreError, match=r"holds .*, which no sweep does"):
        import_sweep(file, tmp_path / "in")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.tar.gz"]


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    file = tmp_path / "other.tar.gz"
    (tmp_path / "a.txt").write_text("a")
    with tarfile.open(file, "w:gz") as archive:
        archive.add(tmp_path / "a.txt", arcname="a.txt")
    with pytest.raises(StoreError, match=r"other.tar.gz: is not the directory of a sweep"):
        import_sweep(file, tmp_path / "in")
