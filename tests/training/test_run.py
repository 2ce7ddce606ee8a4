"""Training as a user sees it: it learns, resumes bit for bit, and ends well or says why."""

import numpy as np
import pytest

from larqca.automata.model_file import load_model
from larqca.config.canonical import build_run_config, merge
from larqca.config.schema import EvaluationConfig
from larqca.errors import Interrupted, ModelFileError
from larqca.quantizers.registry import QUANTIZERS
from larqca.training import start
from larqca.training.checkpoint import FILE
from larqca.training.run import execute
from larqca.training.trainer import Trainer

SHORT = {
    "preset": "compact",
    "training": {"iterations": 8, "rollout_steps": 3, "batch_size": 4, "pool_size": 8},
    "evaluation": {"steps": 4, "images": 20},
}


def config(**settings):
    return build_run_config(merge(SHORT, settings))


class StopAfter:
    """Answers true from the given number of questions on."""

    def __init__(self, questions):
        self.left = questions

    def __call__(self):
        self.left -= 1
        return self.left < 0


def files(directory):
    with np.load(directory / "model.npz") as model:
        arrays = {name: model[name].tobytes() for name in model.files}
    cells = (directory / "cells.npz").read_bytes()
    return arrays, (directory / "history.csv").read_text(), cells


@pytest.mark.parametrize(
    ("regime", "optimizer", "average", "settle_until", "settle_first"),
    [("naive", "adam", None, None, "nearest"), ("mutating", "adam", 0.5, 0.99, "nearest"),
     ("mutating", "muon", 0.5, 0.99, "sensitive"), ("persistent", "muon", None, None, "nearest")],
)
def test_a_run_that_was_stopped_ends_bit_for_bit_like_one_left_alone(
    tmp_path, regime, optimizer, average, settle_until, settle_first
):
    settings = {
        "training": {"regime": regime, "optimizer": {"name": optimizer}, "average": average,
                     "settle_until": settle_until, "settle_first": settle_first},
        "update": {"kernel_quantizer": "ste_sign", "scale": "rank_one"},
    }
    for name in ("alone", "stopped"):
        (tmp_path / name).mkdir()
    alone = execute(config(**settings), tmp_path / "alone")
    for stop_after in (2, 0):
        with pytest.raises(Interrupted):
            execute(config(**settings), tmp_path / "stopped", stop=StopAfter(stop_after))
    stopped = execute(config(**settings), tmp_path / "stopped")
    assert files(tmp_path / "alone") == files(tmp_path / "stopped")
    assert (alone.loss, alone.metrics, alone.curves) == (
        stopped.loss,
        stopped.metrics,
        stopped.curves,
    )


def test_a_damaged_checkpoint_costs_time_but_no_result(tmp_path):
    for name in ("alone", "damaged"):
        (tmp_path / name).mkdir()
    execute(config(), tmp_path / "alone")
    with pytest.raises(Interrupted):
        execute(config(), tmp_path / "damaged", stop=StopAfter(3))
    content = (tmp_path / "damaged" / FILE).read_bytes()
    (tmp_path / "damaged" / FILE).write_bytes(content[: len(content) // 2])
    execute(config(), tmp_path / "damaged")
    assert files(tmp_path / "alone") == files(tmp_path / "damaged")


def test_another_seed_is_another_run(tmp_path):
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
    losses = [execute(config(seed=seed), tmp_path / str(seed)).loss for seed in (0, 1)]
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"training": {"loss": "cross_entropy"}, "cell": {"noise": 0.0}},
        {"training": {"optimizer": {"name": "sgd", "arguments": {"momentum": 0.5}}}},
        {"training": {"optimizer": {"normalize_gradients": False}, "clip_latents": True}},
        {"preset": "clothing", "training": {"iterations": 2}},
        {"cell": {"fire_rate": 1.0, "hidden_channels": 0}, "perceive": {"pad_values": 1}},
        {"update": {"widths": [8, 8]}, "perceive": {"widths": [4, 4]}},
        {"perceive": {"widths": [8, 8], "neighbourhood": ["center", "moore"],
                      "depthwise": [False, True], "kernel_quantizer": "ste_sign"}},
    ],
)
def test_settings_that_must_run(tmp_path, settings):
    result = execute(config(**settings), tmp_path)
    assert result.state == "done"
    assert set(result.metrics) == {"4", "8"}


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@pytest.mark.parametrize("place", ["kernel_quantizer", "input_quantizer", "both"])
def test_every_quantizer_trains_everywhere(tmp_path, monkeypatch, quantizer, place):
    places = ["kernel_quantizer", "input_quantizer"] if place == "both" else [place]
    network = {**dict.fromkeys(places, quantizer), "scale": "channel",
               "kernel_planes": 1, "input_planes": 1}
    settings = {"perceive": network, "update": network, "training": {"iterations": 3}}
    train, starts = Trainer.run, []

    def watched(trainer, *arguments):
        starts.append(trainer.model.arrays())
        train(trainer, *arguments)

    monkeypatch.setattr(Trainer, "run", watched)
    result = execute(config(**settings), tmp_path)
    assert result.state == "done"
    (first,), end = starts, load_model(tmp_path / "model.npz").arrays()
    # Sign activations may leave a layer without a gradient in three iterations, but
    # what learns at the end of the chain always moves.
    assert np.any(end["update/1/bias"] != first["update/1/bias"])


def test_divergence_says_when_and_how(tmp_path):
    settings = {"training": {"divergence_loss": 0.01}}
    result = execute(config(**settings), tmp_path)
    assert result.state == "diverged"
    assert result.reason.startswith("diverged at iteration 1: loss ")
    assert result.reason.endswith("is beyond 0.01")
    wild = {"optimizer": {"name": "sgd", "learning_rate": 1e30, "normalize_gradients": False}}
    result = execute(config(training=wild), tmp_path)
    assert result.state == "diverged"
    assert "iteration" in result.reason
    assert result.metrics == {}


def test_starting_from_weights(tmp_path):
    execute(config(), tmp_path)
    source = tmp_path / "source.npz"
    (tmp_path / "model.npz").rename(source)
    settings = {"start_from": {"file_sha256": "0" * 64}, "training": {"iterations": 0}}
    started = execute(config(**settings), tmp_path, source=source)
    assert started.loss is None
    expected, found = load_model(source).arrays(), load_model(tmp_path / "model.npz").arrays()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(ModelFileError, match=r"cannot start from source.npz: its layers"):
        execute(config(preset="distill", **settings), tmp_path, source=source)


def test_a_start_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "TRIES", 2)
    monkeypatch.setattr(start, "_JUDGES", 10)
    monkeypatch.setattr(start, "_JUDGED_BY", EvaluationConfig(steps=20, record_every=20))
    execute(config(), tmp_path)
    source = tmp_path / "source.npz"
    (tmp_path / "model.npz").rename(source)
    planes = {"kernel_quantizer": "ste_sign", "kernel_planes": 3, "scale": "channel"}
    settings = {"start_from": {"file_sha256": "0" * 64}, "update": planes,
                "training": {"average": 0.5}}
    for name in ("alone", "stopped"):
        (tmp_path / name).mkdir()
    execute(config(**settings), tmp_path / "alone", source=source)

    def killed(trainer, iteration):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("larqca.training.trainer.Trainer.iterate", killed)
        with pytest.raises(KeyboardInterrupt):
            execute(config(**settings), tmp_path / "stopped", source=source)
    monkeypatch.setattr("larqca.training.run.start_model", None)
    execute(config(**settings), tmp_path / "stopped", source=source)
    assert files(tmp_path / "alone") == files(tmp_path / "stopped")


def test_progress_counts_iterations(tmp_path, monkeypatch):
    monkeypatch.setattr("larqca.training.trainer.PROGRESS_SECONDS", 0.0)
    seen = []
    execute(config(), tmp_path, progress=seen.append)
    training = [p for p in seen if p.phase == "training"]
    assert [p.done for p in training] == list(range(1, 9))
    assert all(p.total == 8 and p.loss > 0 and p.rate > 0 for p in training)


def test_a_float_automaton_learns_the_digits(tmp_path):
    """Chance is 10 %; ten seeds gave 24 to 33 % of the cells after 250 iterations."""
    settings = {
        "training": {
            "iterations": 250,
            "rollout_steps": 8,
            "batch_size": 16,
            "pool_size": 64,
            "regime": "naive",
            "optimizer": {"learning_rate": 0.004},
            "schedule": [{"after": 0.7, "factor": 0.3}],
        },
        "evaluation": {"steps": 10, "images": 360, "mutate": False},
    }
    result = execute(config(**settings), tmp_path)
    assert result.metrics["10"]["cell_accuracy"] > 0.2
