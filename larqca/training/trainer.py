"""The training loop: draw a batch, roll out, learn, put back; checkpoint; repeat."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from larqca.automata.engine import SEED_SPEC, Engine
from larqca.automata.neural_ca import NeuralCA
from larqca.backend import tf
from larqca.config.canonical import run_hash
from larqca.config.schema import RunConfig
from larqca.data import Dataset
from larqca.errors import Diverged, Interrupted
from larqca.tasks.classify import LOSSES
from larqca.training.checkpoint import read_checkpoint, write_checkpoint
from larqca.training.optimizers import Optimizers, learning_rate_at
from larqca.training.pool import Pool
from larqca.training.result import Progress, ProgressCallback
from larqca.training.settling import Settling

Array = npt.NDArray[Any]

# A lost checkpoint interval is work done again; writing one takes some milliseconds.
CHECKPOINT_SECONDS = 10.0
PROGRESS_SECONDS = 0.25
SMOOTHING = 100


class Trainer:
    """Trains one automaton; can be stopped and taken up again bit for bit.

    Args:
        model: the automaton, changed in place.
        engine: computes its rollouts.
        config: the run's configuration.
        dataset: training images and labels.
        directory: where checkpoints go.
    """

    def __init__(
        self, model: NeuralCA, engine: Engine, config: RunConfig, dataset: Dataset, directory: Path
    ) -> None:
        self.model = model
        self.history: list[float] = []
        self.seconds = 0.0
        self._engine = engine
        self._seed = config.seed
        self._run = run_hash(config)
        self._labels = np.asarray(dataset.train_labels, np.int32)
        self._directory = directory
        training = self._training = config.training
        self._optimizers = Optimizers(model, training)
        pictures = engine.pictures(dataset.train_images)
        self._pool = Pool(training, pictures, model.layout.state_channels, config.seed)
        settles = training.settle_until is not None
        self._settling = Settling(model, training) if settles else None
        self._step = self._compile()

    def _compile(self) -> Any:
        states, prepared = self._engine.specs()
        labels = (tf.TensorSpec([None], tf.int32),) * self._engine.shards
        rate = tf.TensorSpec([], tf.float32)
        signature = [states, labels, prepared, SEED_SPEC, rate]
        # Called without the checks that a tf.function makes at every call.
        return tf.function(self._learn, input_signature=signature).get_concrete_function()

    def _learn(self, states: Any, labels: Any, prepared: Any, seed: Any, rate: Any) -> Any:
        """One optimizer step: the loss, and the packed states after the rollout."""
        training = self._training
        variables = self._optimizers.variables
        code = self.model.layout.class_code
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            states = self._engine.rollout(states, prepared, training.rollout_steps, seed)
            loss = tf.add_n(
                [
                    LOSSES[training.loss](*shard, code, float(training.batch_size))
                    for shard in zip(states, labels, strict=True)
                ]
            )
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        if self._settling is not None:
            self._settling.observe(gradients[: len(self._optimizers.latents)])
        self._optimizers.apply(gradients, rate)
        return loss, states

    def run(self, progress: ProgressCallback, stop: Callable[[], bool]) -> None:
        """Train to the end, from the model's weights or from what `resume` found.

        Raises:
            Diverged: the loss left the finite or passed the bound.
            Interrupted: `stop` answered true; the checkpoint is written.
        """
        if not self.history:
            self._optimizers.begin_averages()
            self.save()  # a start is not made twice
        total = self._training.iterations
        started = saved = shown = time.monotonic()
        before, first = self.seconds, len(self.history)
        while len(self.history) < total:
            self.iterate(len(self.history))
            now = time.monotonic()
            self.seconds = before + now - started
            if now - shown > PROGRESS_SECONDS:
                rate = (len(self.history) - first) / (now - started)
                progress(Progress("training", len(self.history), total, self.smooth_loss(), rate))
                shown = now
            stopping = stop()
            if stopping or now - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = now
            if stopping:
                raise Interrupted(f"stopped after iteration {len(self.history):,} of {total:,}")
        self.save()

    def use_averages(self) -> None:
        """Give the model its averaged weights; training cannot go on after that."""
        self._optimizers.use_averages()
        if self._settling is not None:
            self._settling.finish()

    def iterate(self, iteration: int) -> None:
        """One iteration: draw, roll out, learn, put back.

        Raises:
            Diverged: the loss left the finite or passed the bound.
        """
        if self._settling is not None:
            self._settling.advance(iteration, self._optimizers.averages())
        batch = self._pool.draw(np.random.default_rng([self._seed, 1 + iteration]))
        packed = self._engine.pack(batch.cells)
        loss, states = self._step(
            packed.split(batch.state),
            packed.split(self._labels[batch.cells.chosen][batch.cells.image]),
            packed.prepared,
            np.array([self._seed, iteration], np.int64),
            np.float32(learning_rate_at(self._training, iteration)),
        )
        self._check(iteration, float(loss))
        self._pool.put_back(batch, np.concatenate(states))
        self.history.append(float(loss))

    def _check(self, iteration: int, loss: float) -> None:
        bound = self._training.divergence_loss
        if math.isfinite(loss) and loss <= bound:
            return
        if math.isfinite(loss):
            reason = f"loss {loss:.3g} is beyond {bound:.3g}"
        else:
            reason = f"loss is {'NaN' if math.isnan(loss) else 'infinite'}"
        raise Diverged(iteration + 1, reason, loss)

    def smooth_loss(self) -> float | None:
        """Mean loss of the last hundred iterations (None before the first)."""
        recent = self.history[-SMOOTHING:]
        return sum(recent) / len(recent) if recent else None

    def _arrays(self) -> dict[str, Array]:
        return {
            **{f"weights/{name}": array for name, array in self.model.arrays().items()},
            **self._optimizers.arrays(),
            **self._pool.arrays(),
            **({} if self._settling is None else self._settling.arrays()),
            "history": np.array(self.history, np.float64),
        }

    def save(self) -> None:
        """Write the checkpoint."""
        done = len(self.history)
        write_checkpoint(self._directory, self._run, done, self.seconds, self._arrays())

    def resume(self) -> bool:
        """Take up the run's checkpoint; False if there is none that can be."""
        found = read_checkpoint(self._directory, self._run, self._arrays())
        if found is None:
            return False
        _, seconds, arrays = found
        try:
            self._pool.set_arrays(arrays)
        except ValueError:
            return False  # damaged: start over, as `read_checkpoint` does
        self.seconds = seconds
        weights = {k.removeprefix("weights/"): v for k, v in arrays.items() if k[:8] == "weights/"}
        self.model.set_arrays(weights)
        self._optimizers.set_arrays(arrays)
        if self._settling is not None:
            self._settling.set_arrays(arrays)
        self.history = arrays["history"].tolist()
        return True
