"""The verbs: what they write, that it appears whole, and what they refuse in one line."""

import json
import os
import shutil

import numpy as np
import pytest

from larqca.automata.model_file import write_model
from larqca.cli import main as command
from larqca.config.canonical import build_run_config
from larqca.errors import ExportError
from larqca.export import export as exporting
from larqca.export.counter import state_hash
from larqca.export.export import Options, export
from larqca.export.host import BATCH_BYTES, endless_cases, in_batches
from larqca.export.manifest import read_manifest
from larqca.export.program_file import read_program
from larqca.export.verify import verify
from larqca.sweep.files import content_sha256, write_json
from larqca.sweep.outcome import sealed_result
from tests.automata.helpers import tiny_automaton
from tests.export.cases import EVERY

SETTINGS = {"preset": "compact", **EVERY["bnn"]}
WIDE = {"preset": "compact", **EVERY["one bit"]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The directory of a run that ended well, as a sweep leaves it."""
    directory = tmp_path_factory.mktemp("runs") / "0123456789abcdef"
    directory.mkdir()
    config = build_run_config(SETTINGS)
    model = tiny_automaton(deviation=0.1, **SETTINGS)
    write_model(directory / "model.npz", config, 10, model.arrays())
    write_json(directory / "config.json", config.model_dump(mode="json"))
    write_json(directory / "provenance.json", {"seed": 0, "finished": "2026-11-01T00:00:00Z"})
    write_json(directory / "result.json", sealed_result(directory, {"state": "done"}))
    return directory


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("exports") / "digits"
    export(run, out)
    return out


@pytest.fixture
def copied(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "copy")


def test_a_run_becomes_a_directory_that_verifies(exported, run, capsys):
    names = sorted(path.name for path in exported.iterdir())
    assert names == ["automaton.c", "automaton.h", "manifest.json", "program.npz"]
    assert [path.name for path in exported.parent.iterdir()] == ["digits"]
    assert command.run(["verify", str(exported), "--random", "3"]) == 0
    assert "7 grids, 304 steps: gcc -O2 gives the same states" in capsys.readouterr().out


def test_the_manifest_says_what_is_there(exported, run):
    content = read_manifest(exported)
    assert content["origin"]["run"]["name"] == run.name
    assert content["origin"]["run"]["config"]["seed"] == 0
    assert content["origin"]["model_sha256"] == json.loads(
        (run / "result.json").read_text())["model_sha256"]
    memory = content["memory"]
    assert memory["constant_bytes"] == sum(each["bytes"] for each in memory["constants"])
    assert memory["constant_bytes"] == sum(memory["constant_bytes_by_layer"].values())
    assert memory["ram_bytes"] - sum(each["bytes"] for each in memory["ram"]) in range(20, 24)
    assert memory["grid"] == [8, 8]
    assert content["macs_per_cell_and_step"]["exported"]["1x1"] == (
        content["macs_per_cell_and_step"]["trained"]["1x1"])
    assert [len(vector["state_hashes"]) for vector in content["test_vectors"]] == [64] * 4
    assert content["program"]["state_bits"] == 16
    assert set(content["files"]) == {"automaton.c", "automaton.h", "program.npz"}


def test_the_same_run_gives_the_same_bytes(exported, run, tmp_path):
    export(run, tmp_path / "again")
    for path in exported.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_options_reach_the_program(run, tmp_path, capsys):
    out = tmp_path / "small"
    assert command.run([
        "export", str(run), "--out", str(out), "--state-bits", "8", "--activation-bits", "16",
        "--fire", "all", "--rounding", "stochastic", "--seed", "5", "--max-height", "4",
        "--max-width", "30", "--prefix", "tiny"]) == 0
    assert "grids up to 4 x 30" in capsys.readouterr().out
    program = read_program(out / "program.npz")
    assert (program.state_bits, program.seed, program.fire_below) == (8, 5, 65536)
    assert program.layers[-1].stage.stochastic
    assert "same states" in verify(out, random=2)
    # An export may be replaced, and by one without C.
    assert command.run(["export", str(run), "--out", str(out), "--target", "program"]) == 0
    assert "perceive/0 3x3, 6 to 6" in capsys.readouterr().out.replace("13 to", "6 to")
    refused(capsys, ["verify", out, "--random", "2"], "--random and --seed are for C")
    refused(capsys, ["verify", out, "--target", "wasm32"], "export it with --target wasm32")
    refused(capsys, ["verify", out, "--target", "cortex-m4"], "export it with --target c99")
    assert read_manifest(out)["options"]["images"] == 0
    assert sorted(os.listdir(out)) == ["manifest.json", "program.npz"]
    assert "as the manifest says" in verify(out)


def test_a_trace_holds_every_state_of_the_test_vectors(exported, tmp_path, capsys):
    trace = tmp_path / "trace.npz"
    assert command.run(["verify", str(exported), "--random", "0", "--trace", str(trace)]) == 0
    vectors = json.loads((exported / "manifest.json").read_text())["test_vectors"]
    with np.load(trace) as arrays:
        for number, vector in enumerate(vectors):
            states = arrays[f"states_{number}"]
            steps = len(vector["state_hashes"])
            assert states.shape[:3] == (steps, vector["height"], vector["width"])
            assert [state_hash(state) for state in states] == vector["state_hashes"]
    refused(capsys, ["verify", str(exported), "--trace", str(tmp_path / "no" / "trace.npz")],
            "No such file")
    refused(capsys, ["verify", str(exported), "--trace", ""], "is no name of a file")
    refused(capsys, ["verify", str(exported), "--trace", str(exported / "program.npz")],
            "is among the export's own files")
    refused(capsys, ["verify", str(exported), "--cc", ""], "there is no C compiler ''")


def test_any_number_of_grids_is_compared_in_batches(copied):
    assert verify(copied, random=300).startswith("304 grids, ")
    program = read_program(copied / "program.npz")
    first = next(in_batches(endless_cases(program, 8, 8, steps=1)))
    assert 0 < sum(len(case.bytes()) for case in first) <= BATCH_BYTES
    large = next(in_batches(endless_cases(program, 300, 300, steps=1)))
    assert len(large) == 1


@pytest.mark.parametrize("target", ["c99", "program", "tflite"])
def test_a_grid_beyond_all_size_is_refused_at_once(copied, target, capsys):
    before = sorted(path.name for path in copied.iterdir())
    refused(capsys, ["export", "no-such-run", "--out", copied, "--target", target,
                     "--max-height", "5000"], "max_height must be from 1 to 4096, got 5000")
    assert sorted(path.name for path in copied.iterdir()) == before


def test_a_model_file_wants_a_data_set(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert command.run(["export", str(run / "model.npz"), "--out", str(out)]) == 1
    assert "name a data set with --data" in capsys.readouterr().err
    assert command.run(["export", str(run / "model.npz"), "--out", str(out),
                        "--data", "digits"]) == 0
    assert read_manifest(out)["origin"]["run"] is None


def refused(capsys, arguments, message):
    """One line, exit code 1, and nothing written."""
    out = arguments[arguments.index("--out") + 1] if "--out" in arguments else None
    assert command.run([str(each) for each in arguments]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    if out is not None and not os.path.lexists(out):
        parent = os.path.dirname(out)
        assert not os.path.isdir(parent) or not [
            name for name in os.listdir(parent) if name.endswith(".tmp")]


def test_sources_that_are_refused(run, tmp_path, capsys):
    out = tmp_path / "out"
    refused(capsys, ["export", tmp_path / "none", "--out", out], "no such run or model file")
    refused(capsys, ["export", tmp_path, "--out", out], "is no finished run, it is waiting")
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK")
    refused(capsys, ["export", bad, "--out", out, "--data", "digits"], "bad.npz: cannot be read")
    edited = shutil.copytree(run, tmp_path / run.name)
    (edited / "model.npz").write_bytes((edited / "model.npz").read_bytes() + b" ")
    refused(capsys, ["export", edited, "--out", out], "not the one that the run's result")
    text = (edited / "result.json").read_text()
    (edited / "result.json").write_text(text.replace("done", "diverged"))
    refused(capsys, ["export", edited, "--out", out], "edited by hand")
    (edited / "result.json").unlink()
    write_json(edited / "failure.json", {"reason": "out of memory"})
    refused(capsys, ["export", edited, "--out", out], "it is failed: out of memory")
    assert not out.exists()


def test_places_that_are_refused(run, tmp_path, capsys, monkeypatch):
    refused(capsys, ["export", run, "--out", tmp_path / "no" / "out"], "there is no directory")
    (tmp_path / "file").write_text("")
    refused(capsys, ["export", run, "--out", tmp_path / "file"], "is a file, not a directory")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("")
    refused(capsys, ["export", run, "--out", tmp_path / "full"], "holds something else")
    assert os.listdir(tmp_path / "full") == ["mine"]
    monkeypatch.chdir(tmp_path / "full")
    (tmp_path / "full" / "mine").unlink()
    for here in (".", "..", tmp_path / "full"):
        refused(capsys, ["export", run, "--out", here, "--images", "0"],
                "holds something else" if here == ".." else "is the directory that you are in")
    monkeypatch.chdir("/")
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path != tmp_path)
    refused(capsys, ["export", run, "--out", tmp_path / "out"], "is not writable")
    assert not (tmp_path / "out").exists()


def test_files_beside_an_export_are_not_deleted(run, copied, capsys):
    (copied / "main.c").write_text("mine")
    refused(capsys, ["export", run, "--out", copied],
            "holds files that its export did not write and a new one would delete, as main.c")
    assert (copied / "main.c").read_text() == "mine"
    (copied / "main.c").unlink()
    (copied / "automaton.c").write_text("edited")
    assert command.run(["export", str(run), "--out", str(copied), "--images", "0"]) == 0
    assert "same states" in verify(copied, random=1)


def test_a_file_that_appears_during_an_export_is_not_deleted(run, copied, monkeypatch):
    def late(*_):
        (copied / "late").write_text("mine")
        return []

    monkeypatch.setattr(exporting, "vectors_as_json", late)
    with pytest.raises(ExportError, match="would delete, as late"):
        export(run, copied)
    assert (copied / "late").read_text() == "mine"


def test_a_link_to_an_export_stays_one(run, copied):
    link = copied.with_name("link")
    link.symlink_to(copied)
    export(run, link, Options(seed=4))
    assert link.is_symlink()
    assert read_manifest(copied)["options"]["seed"] == 4
    assert sorted(os.listdir(copied.parent)) == ["copy", "link"]


def test_a_disk_that_fails_leaves_the_old_export(run, copied, monkeypatch):
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    replace = os.replace

    def fail(source, target):
        if target == copied and str(source).endswith(".tmp"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ExportError, match="No space left"):
        export(run, copied)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    assert os.listdir(copied.parent) == ["copy"]


def test_quantizers_that_integers_cannot_hold_are_refused(tmp_path, capsys):
    settings = {"preset": "compact",
                "update": {"widths": [5], "input_quantizer": "magnitude_aware_sign"}}
    model = tiny_automaton(**settings)
    write_model(tmp_path / "model.npz", build_run_config(settings), 10, model.arrays())
    refused(capsys, ["export", tmp_path / "model.npz", "--data", "digits", "--out",
                     tmp_path / "out"], "depend on all cells of a batch")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["automaton.c", "automaton.h", "program.npz"])
def test_files_that_were_edited_do_not_verify(copied, name, capsys):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(bytes(content))
    refused(capsys, ["verify", copied], f"{name}: is missing or was edited by hand")
    (copied / name).unlink()
    refused(capsys, ["verify", copied], f"{name}: is missing or was edited by hand")


def test_manifests_that_were_edited_do_not_verify(copied, capsys):
    path = copied / "manifest.json"
    content = json.loads(path.read_text())

    def rewrite(**changes):
        changed = {**content, **changes}
        path.write_text(json.dumps({**changed, "sha256": content_sha256(changed)}))

    path.write_text(path.read_text().replace('"alive_from": 26', '"alive_from": 27'))
    refused(capsys, ["verify", copied], "was edited by hand")
    rewrite(format="other")
    refused(capsys, ["verify", copied], "is 'other' version 1")
    rewrite(test_vectors=[{**content["test_vectors"][0], "seed": 77}])
    refused(capsys, ["verify", copied], "test vector 0: the program does not give its state")
    rewrite(test_vectors=[{}])
    refused(capsys, ["verify", copied], "test vectors are damaged")
    rewrite(test_vectors=[])
    refused(capsys, ["verify", copied], "holds no test vectors")
    first = content["test_vectors"][0]
    rewrite(test_vectors=[{**first, "votes": [1, *first["votes"][1:]]}])
    refused(capsys, ["verify", copied], "does not give its state hashes and votes")
    rewrite(test_vectors=[{**first, "votes": first["votes"][1:]}])
    refused(capsys, ["verify", copied], "votes for 9 classes, not 10")
    rewrite(test_vectors=[{**first, "seed": -1}])
    refused(capsys, ["verify", copied], "a seed is -1")
    for changes, message in (
        ({"files": None}, "it has no 'files'"),
        ({"options": None}, "it has no 'options'"),
        ({"options": {**content["options"], "target": "c98"}}, "its target is 'c98'"),
        ({"options": {**content["options"], "prefix": "../x"}}, "prefix must be a C name"),
        ({"options": {**content["options"], "max_height": "9"}}, "its max_height is '9'"),
        ({"files": {}}, "it does not list automaton.c"),
    ):
        rewrite(**changes)
        refused(capsys, ["verify", copied], f"manifest.json: is damaged ({message}")
    path.unlink()
    refused(capsys, ["verify", copied], "holds no manifest.json")
    refused(capsys, ["verify", copied / "none"], "there is no such directory")
    refused(capsys, ["verify", copied / "automaton.c"], "is a file, not the directory of an")


def test_a_missing_compiler_is_named(exported, run, tmp_path, monkeypatch, capsys):
    refused(capsys, ["verify", exported, "--cc", "no-such-cc"], "no C compiler 'no-such-cc'")
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out"
    refused(capsys, ["export", run, "--out", out], "no gcc on this machine, with which test images "
            "judge what rounding costs; install it, or do without: --images 0")
    assert command.run(["export", str(run), "--out", str(out), "--images", "0"]) == 0


def test_flags_that_no_shell_would_split(exported, capsys):
    refused(capsys, ["verify", exported, "--flags", "-O2 'x"], "--flags \"-O2 'x\": No closing")


def test_sizes_beyond_the_maximum_are_refused(run, tmp_path, capsys):
    refused(capsys, ["export", run, "--out", tmp_path / "out", "--max-height", "100000"],
            "max_height must be from 1 to 4096")
    assert not (tmp_path / "out").exists()


def test_unknown_options_keep_their_meaning():
    assert Options().state_bits == 16
    assert Options().activation_bits == 8
