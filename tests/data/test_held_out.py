"""Training images set aside are judged on and not trained on."""

import numpy as np
import pytest

from larqca.config.canonical import build_run_config
from larqca.config.schema import TRAINING_IMAGES
from larqca.data import DATA_SETS, load
from larqca.data.tfds_folder import IMAGES
from larqca.errors import ConfigError, DataError
from larqca.training.run import execute


def test_the_last_training_images_become_the_test():
    whole = load("digits", None)
    part = whole.held_out(100)
    assert np.array_equal(part.test_images, whole.train_images[-100:])
    assert np.array_equal(part.test_labels, whole.train_labels[-100:])
    assert np.array_equal(part.train_images, whole.train_images[:-100])
    assert len(part.train_labels) == len(whole.train_labels) - 100
    assert whole.held_out(0) is whole


def test_more_than_there_are_is_refused():
    with pytest.raises(DataError, match="only 1,437 training images"):
        load("digits", None).held_out(1437)


def test_a_configuration_knows_how_many_there_are():
    assert TRAINING_IMAGES["digits"] == len(load("digits", None).train_images)
    assert set(TRAINING_IMAGES) == set(DATA_SETS)
    assert {TRAINING_IMAGES[name] for name in DATA_SETS if name != "digits"} == {IMAGES["train"]}
    build_run_config({"evaluation": {"held_out": 1436}})
    with pytest.raises(ConfigError, match="held_out is 1,437, but digits has only 1,437"):
        build_run_config({"evaluation": {"held_out": 1437}})


def test_a_run_is_judged_on_them(tmp_path):
    results = {}
    for held_out in (0, 40):
        config = build_run_config({
            "data": "digits", "preset": "compact",
            "training": {"iterations": 2, "rollout_steps": 2, "batch_size": 2, "pool_size": 4},
            "evaluation": {"steps": 4, "held_out": held_out}})
        (tmp_path / str(held_out)).mkdir()
        results[held_out] = execute(config, tmp_path / str(held_out))
    assert results[0].data_sha256 == results[40].data_sha256
    assert results[0].metrics != results[40].metrics
