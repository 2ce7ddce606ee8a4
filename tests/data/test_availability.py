"""What a user reads when the data is not there, is not whole, or cannot be fetched.

The folders here are made by hand: files of the right size, with nothing in them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from larqca import data
from larqca.config.schema import DataName
from larqca.errors import DataError

RECORD_BYTES = 100


def make_folder(root: Path, *, train_images: int = 60_000, version: str = "3.0.1") -> Path:
    """A folder like a prepared MNIST, as far as names and sizes go."""
    folder = root / "mnist" / version
    folder.mkdir(parents=True)
    splits = []
    for split, images in (("train", train_images), ("test", 10_000)):
        splits.append(
            {
                "name": split,
                "numBytes": str(images * RECORD_BYTES),
                "shardLengths": [str(images)],
            }
        )
        with (folder / f"mnist-{split}.tfrecord-00000-of-00001").open("wb") as file:
            file.truncate(images * (RECORD_BYTES + 16))
    info = {"fileFormat": "tfrecord", "splits": splits}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    (folder / "features.json").write_text("{}")
    return folder


def error_for(data_dir: object, name: str = "mnist") -> str:
    """The one line that `check_available` says about a folder."""
    with pytest.raises(DataError) as caught:
        data.check_available(name, str(data_dir))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_names_are_those_of_the_run_configuration():
    assert get_args(DataName) == data.DATA_SETS


def test_whole_folder_is_accepted(tmp_path):
    make_folder(tmp_path)
    data.check_available("mnist", str(tmp_path))


def test_digits_need_no_folder(tmp_path):
    data.check_available("digits", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("call", [data.check_available, data.load, data.describe, data.prepare])
def test_unknown_name_gets_the_nearest(call):
    with pytest.raises(DataError, match=r"'minst' \(did you mean 'mnist'\?\); allowed: digits"):
        call("minst")


def test_missing_directory(tmp_path):
    missing = tmp_path / "nowhere"
    assert error_for(missing) == (
        f"mnist 3.0.1 was looked for in {missing}/mnist/3.0.1 (from --data-dir): "
        f"there is no {missing}; get it with `larqca data mnist --download "
        f"--data-dir {missing}` (needs a network)"
    )


def test_message_names_the_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=r"\(from TFDS_DATA_DIR\).* holds no fashion_mnist"):
        data.check_available("fashion_mnist")


def test_message_names_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataError, match=f"{tmp_path}/tensorflow_datasets.* .from the default."):
        data.check_available("mnist")


def test_argument_comes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nowhere"))
    make_folder(tmp_path)
    data.check_available("mnist", str(tmp_path))


def test_file_in_place_of_a_directory(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert f"{file} is not a directory" in error_for(file)


def test_directory_without_the_data(tmp_path):
    assert f"{tmp_path} holds no mnist" in error_for(tmp_path)


def test_directory_one_too_deep(tmp_path):
    make_folder(tmp_path)
    assert f"the directory to name is one up, {tmp_path};" in error_for(tmp_path / "mnist")


def test_wrong_version(tmp_path):
    make_folder(tmp_path, version="2.0.0")
    assert f"{tmp_path}/mnist holds only 2.0.0;" in error_for(tmp_path)


def test_interrupted_preparation_does_not_count(tmp_path):
    make_folder(tmp_path, version="3.0.1.incomplete.ABC")
    assert "holds only 3.0.1.incomplete.ABC" in error_for(tmp_path)


def test_file_cut_short(tmp_path):
    folder = make_folder(tmp_path)
    with (folder / "mnist-train.tfrecord-00000-of-00001").open("r+b") as file:
        file.truncate(1000)
    message = error_for(tmp_path)
    assert "mnist-train.tfrecord-00000-of-00001 has 1,000 bytes instead of 6,960,000" in message
    assert "remove that folder, then get it with" in message


@pytest.mark.parametrize(
    "file", ["dataset_info.json", "features.json", "mnist-test.tfrecord-00000-of-00001"]
)
def test_missing_file(tmp_path, file):
    (make_folder(tmp_path) / file).unlink()
    assert f"{file} is missing" in error_for(tmp_path)


@pytest.mark.parametrize("text", ["", '{"splits": [', "[]", '{"splits": [3]}', "{}", "\udcff"])
def test_unreadable_description(tmp_path, text):
    file = make_folder(tmp_path) / "dataset_info.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert "dataset_info.json is not what tensorflow-datasets writes" in error_for(tmp_path)


def test_part_of_the_images(tmp_path):
    make_folder(tmp_path, train_images=5_000)
    assert "train has 5,000 images instead of 60,000" in error_for(tmp_path)


def test_load_says_the_same(tmp_path):
    with pytest.raises(DataError, match="holds no mnist"):
        data.load("mnist", str(tmp_path))


def test_download_without_a_network_ends_at_once_and_leaves_nothing(tmp_path, monkeypatch):
    # Port 9 of this machine answers nobody, so no packet leaves it.
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"cannot be fetched to .*; is there a network\?$"):
        data.prepare("mnist", str(tmp_path / "new"))
    assert not list(tmp_path.iterdir())


def test_download_refuses_to_write_over_a_damaged_folder(tmp_path):
    (make_folder(tmp_path) / "features.json").unlink()
    with pytest.raises(DataError, match="remove that folder"):
        data.prepare("mnist", str(tmp_path))


def test_check_imports_no_tensorflow(tmp_path):
    make_folder(tmp_path)
    program = (
        "import sys; from larqca import data; "
        f"data.check_available('mnist', {str(tmp_path)!r}); data.describe('mnist', "
        f"{str(tmp_path)!r}); "
        "print([name for name in ('tensorflow', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_loading_prints_nothing(mnist_dir):
    program = f"from larqca import data; data.load('mnist', {str(mnist_dir)!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
