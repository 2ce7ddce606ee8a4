"""Stores move between machines: as one file, or by cp -r."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
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


def undated(store: Path) -> str:
    """The table without the moment at which it was written."""
    return re.sub(r"table written \S+", "", Report(store).render("markdown"))


@pytest.mark.parametrize("by", ["archive", "copy"])
def test_a_moved_store_goes_on_and_tells_the_same(store: Path, tmp_path: Path, by: str) -> None:
    table = undated(store)
    if by == "archive":
        export_sweep(store, tmp_path / "sweep.tar.gz")
        import_sweep(tmp_path / "sweep.tar.gz", tmp_path / "moved")
    else:
        shutil.copytree(store, tmp_path / "moved")
    shutil.rmtree(store)
    assert undated(tmp_path / "moved") == table
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


def test_a_flipped_bit_is_noticed(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "sweep.tar.gz"
    export_sweep(store, file)
    whole = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    # Behind gzip's head, whose date and flags nobody needs, and before the byte that the
    # compressed bits end in; the checksum's own bytes too.
    places = [int(place) for place in rng.integers(64, len(whole) - 9, 40)] + [len(whole) - 7]
    for place in places:
        damaged = whole.copy()
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"sweep.tar.gz: "):
            import_sweep(file, tmp_path / "in")
        assert not (tmp_path / "in").exists()


def test_files_that_are_there_twice(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "twice.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for _ in range(2):
            archive.add(store / "sweep.json", arcname="sweep.json")
    with pytest.raises(StoreError, match=r"twice.tar.gz: holds 'sweep.json' twice"):
        import_sweep(file, tmp_path / "in")


def test_where_nothing_can_be_put(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sweep.tar.gz"
    export_sweep(store, file)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="link: leads nowhere"):
        import_sweep(file, tmp_path / "link")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(StoreError, match="is the directory that you are in"):
        import_sweep(file, Path("."))


def test_files_of_a_scheduler_stay_where_they_are(store: Path, tmp_path: Path) -> None:
    count = export_sweep(store, tmp_path / "before.tar.gz")
    (store / "slurm" / "0123").mkdir(parents=True)
    (store / "slurm" / "0123" / "1_submitted.pkl").touch()
    assert export_sweep(store, tmp_path / "after.tar.gz") == count


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
