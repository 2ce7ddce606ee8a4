"""The automaton in TensorFlow, dense, in the way of the published notebook.

The whole image is convolved at every step by Keras layers, masks and noise are dense
tensors, the rollout is unrolled in one `tf.function`, each gradient is divided by its
norm (Randazzo et al., Distill 2020). The batch is given; no pool.
"""

from __future__ import annotations

import itertools

import measure
import numpy as np

from larqca.backend import keras, tf

ARGUMENTS = measure.arguments()
HIDDEN, STATE, CLASSES = 80, 19, 10


def networks() -> keras.Sequential:
    """Perceive and update as one stack: 22,499 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, None, 1 + STATE)),
            layers.Conv2D(HIDDEN, 3, padding="same", activation="relu"),
            layers.Conv2D(HIDDEN, 1, activation="relu"),
            layers.Conv2D(STATE, 1, kernel_initializer="zeros"),
        ]
    )


def main() -> None:
    """Measure one training iteration."""
    tf.config.threading.set_intra_op_parallelism_threads(ARGUMENTS.threads)
    model = networks()
    optimizer = keras.optimizers.Adam(1e-3)

    def step(state: tf.Tensor) -> tf.Tensor:
        grey, rest = state[..., :1], state[..., 1:]
        change = model(state) + tf.random.normal(tf.shape(rest), 0.0, 0.02)
        fires = (tf.random.uniform(tf.shape(grey)) <= 0.5) & (grey > 0.1)
        return tf.concat([grey, rest + change * tf.cast(fires, tf.float32)], axis=-1)

    @tf.function
    def train(state: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            for _ in range(ARGUMENTS.steps):
                state = step(state)
            error = target - state[..., -CLASSES:]
            loss = tf.reduce_mean(tf.reduce_sum(tf.square(error), axis=[1, 2, 3]) / 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients = [g / (tf.norm(g) + 1e-8) for g in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    batches = itertools.cycle(
        [
            (
                tf.constant(np.pad(images[..., None], [(0, 0)] * 3 + [(0, STATE)])),
                tf.one_hot(labels, CLASSES)[:, None, None] * (images[..., None] > 0.1),
            )
            for images, labels in measure.load_batches(ARGUMENTS.images, ARGUMENTS.batch)
        ]
    )
    times = measure.median_seconds(lambda: float(train(*next(batches))))
    measure.report(**times, images_per_second=ARGUMENTS.batch / times["seconds"],
                   version=f"TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
