"""What one run can be told, checked field by field. Imports no TensorFlow.

A `RunConfig` is complete: presets are expanded and every default is filled in, so
that its canonical JSON (see `larqca.config.canonical`) names the run.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from larqca.automata.neighbourhood import Neighbourhood
from larqca.quantizers.registry import (
    QuantizerSpec,
    check_planes,
    default_input_planes,
    default_kernel_planes,
    label,
    looks_at_all_weights,
    normalize,
)

Positive = Annotated[int, Field(ge=1, le=10**6)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
# Of a configuration (`larqca.config.canonical.run_hash`); it names the run's directory.
RunHash = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]
Scale = Literal["none", "channel", "center", "rank_one"]
DataName = Literal["digits", "mnist", "fashion_mnist"]
TRAINING_IMAGES = {"digits": 1437, "mnist": 60_000, "fashion_mnist": 60_000}


class Section(BaseModel):
    """Base of all sections: unknown keys and silently converted types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class CellConfig(Section):
    """What every cell of the automaton is made of and when it acts.

    Attributes:
        hidden_channels: state channels beside the grey value and the class channels.
        classes_per_channel: 1, or 2 classes that share a class channel, the first named by
            its positive values and the second by its negative ones (`larqca.tasks.naming`):
            fewer channels to read and to write, for small automata.
        alive_above: a cell is alive where its grey value is larger than this.
        fire_rate: probability that a live cell takes part in a step.
        noise: standard deviation of the normal noise on every update (0: none).
    """

    hidden_channels: Annotated[int, Field(ge=0, le=1024)] = 9
    classes_per_channel: Literal[1, 2] = 1
    alive_above: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    fire_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    noise: Annotated[float, Field(ge=0.0)] = 0.02

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is as it was before there was a choice, so that runs and model files
        keep their names and bytes."""
        return _without(dump(self), classes_per_channel=1)


def _without(content: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """The content without fields that are at these defaults."""
    return {key: value for key, value in content.items()
            if key not in defaults or value != defaults[key]}


# What the defaults of a layer's other fields depend on.
_SETTLED_BEFORE = ("kernel_quantizer", "input_quantizer", "scale")


def _per_layer(value: Any, layers: int, what: str) -> list[Any]:
    """One value for all layers, or a list with one value for each."""
    if not isinstance(value, list):
        return [value] * layers
    if len(value) != layers:
        raise ValueError(f"{what} has {len(value)} entries for {layers} layers")
    return value


class NetworkConfig(Section):
    """A stack of convolutions; every setting is one value or one for each layer.

    Attributes:
        widths: output channels of the layers that the user sizes.
        kernel_quantizer: quantizer specs of the kernels (None: float).
        input_quantizer: quantizer specs of the layers' inputs (None: float).
        kernel_planes: how many quantized kernels, each worth half of the one before, are
            summed to a layer's kernel (`larqca.quantizers.planes`). Each is a kernel of its
            own to store and to multiply with: one-bit kernels come so as near to float
            ones as their number allows. By default, as many as let it learn
            (`larqca.quantizers.registry.default_kernel_planes`), and one where `scale` is none.
        input_planes: with how many evenly spaced thresholds in (-1, 1) the input quantizer
            looks at each input; the layer reads the sum. One is the quantizer itself. By
            default, as many as let it learn (`default_input_planes`), and one where `scale` is
            none.
        scale: learned magnitudes of each layer: none, one per output channel
            (`channel`), or one per output and one per row of the kernel matrix, so that
            |W| is a rank-one product (`rank_one`: one for each neighbour's each channel), or
            the same with two for each input channel, one of the cell itself and one of all
            eight neighbours (`center`: nearly as good for 40 numbers instead of 180; see
            `reports/findings/rounding.md`). Before quantized inputs, the last two are one per input
            channel. By default, none for float layers, and where kernel or inputs are
            quantized what makes them learn: `rank_one` in perceive layers, `channel` in update
            layers (a scale of their inputs would only repeat that of the outputs before).
        bias: whether each layer adds a bias.
    """

    quantized_scale: ClassVar[Scale] = "channel"
    reads_state: ClassVar[bool] = False

    widths: list[Annotated[int, Field(ge=1, le=4096)]]
    kernel_quantizer: list[dict[str, Any] | None] = Field(default=None, validate_default=True)
    input_quantizer: list[dict[str, Any] | None] = Field(default=None, validate_default=True)
    # Before the planes, whose defaults depend on it.
    scale: list[Scale] = Field(default=None, validate_default=True)
    kernel_planes: list[Annotated[int, Field(ge=1, le=8)]] = Field(
        default=None, validate_default=True
    )
    input_planes: list[Annotated[int, Field(ge=1, le=64)]] = Field(
        default=None, validate_default=True
    )
    bias: list[bool] = Field(default=True, validate_default=True)

    @classmethod
    def layer_count(cls, widths: list[int]) -> int:
        """How many layers a stack of these widths has."""
        return len(widths)

    @field_validator(
        "kernel_quantizer", "input_quantizer", "kernel_planes", "input_planes", "scale", "bias",
        mode="before",
    )
    @classmethod
    def _one_for_each_layer(cls, value: Any, info: Any) -> Any:
        widths = info.data.get("widths")
        if widths is None:  # widths itself is wrong and has been reported
            return []
        layers = cls.layer_count(widths)
        values = _per_layer(value, layers, info.field_name)
        if info.field_name.endswith("quantizer"):
            role = info.field_name.removesuffix("_quantizer")
            return [normalize(each, role=role) for each in values]
        if info.field_name == "bias":
            return values
        # A field that is wrong is not in `data`, and has been reported.
        known = [info.data.get(field) or [None] * layers for field in _SETTLED_BEFORE]
        return [
            cls._default(info.field_name, layer, *about) if each is None else each
            for layer, (each, *about) in enumerate(zip(values, *known, strict=True))
        ]

    @classmethod
    def _default(
        cls, field: str, layer: int, kernel: QuantizerSpec | None, inputs: QuantizerSpec | None,
        scale: Scale | None,
    ) -> Any:
        """What a layer gets that says nothing of a field, given what was settled before."""
        if field == "scale":
            return cls.quantized_scale if kernel or inputs else "none"
        if scale == "none":
            return 1
        if field == "kernel_planes":
            return default_kernel_planes(kernel)
        return default_input_planes(inputs, of_state=cls.reads_state and layer == 0)

    @model_validator(mode="after")
    def _planes_have_a_quantizer(self) -> NetworkConfig:
        for role in ("kernel", "input"):
            quantizers = getattr(self, f"{role}_quantizer")
            for planes, quantizer in zip(getattr(self, f"{role}_planes"), quantizers, strict=True):
                if planes > 1:
                    check_planes(role, planes, quantizer)
        return self


class PerceiveConfig(NetworkConfig):
    """The 3x3 convolutions with which a cell sees its neighbourhood.

    Attributes:
        pad_values: what a neighbour outside the grid contributes: 0, or 1 (which keeps
            binarized inputs binary).
        neighbourhood: of each layer: `moore`, the cell and all eight around it;
            `von_neumann`, the cell and the four that share a side with it: five weights for
            nine; or `center`, the cell itself: one.
        depthwise: whether each output of a layer sees one input alone, the one of its own
            number: as many weights as places, where others have as many times inputs. No
            ReLU stands before it, so that after a layer of `center` both are a convolution
            with kernels of rank one (see `reports/findings/one_kib.md`). Its scales are `channel`
            wherever `scale` says more.
    """

    quantized_scale: ClassVar[Scale] = "rank_one"
    reads_state: ClassVar[bool] = True

    widths: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1)]
    pad_values: Literal[0, 1] = 0
    neighbourhood: list[Neighbourhood] = Field(default="moore", validate_default=True)
    depthwise: list[bool] = Field(default=False, validate_default=True)

    @field_validator("neighbourhood", "depthwise", mode="before")
    @classmethod
    def _one_for_each_perceive_layer(cls, value: Any, info: Any) -> Any:
        widths = info.data.get("widths")
        return [] if widths is None else _per_layer(value, len(widths), info.field_name)

    @model_validator(mode="after")
    def _depthwise_layers_can_be(self) -> PerceiveConfig:
        for layer, depthwise in enumerate(self.depthwise):
            if depthwise:
                self._check_depthwise(layer)
        return self

    def _check_depthwise(self, layer: int) -> None:
        where = f"depthwise layer {layer}"
        if layer == 0 or self.widths[layer] != self.widths[layer - 1]:
            raise ValueError(f"{where} must have as many outputs as inputs, those of the layer "
                             f"before it; widths are {self.widths}")
        if self.input_quantizer[layer] is not None:
            raise ValueError(f"{where} reads float inputs; set input_quantizer to none for it")

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """See `CellConfig`; what all layers have alike is one value, as when it could not be
        another."""
        content = dump(self)
        for key in ("neighbourhood", "depthwise"):
            if len(set(content[key])) == 1:
                content[key] = content[key][0]
        return _without(content, neighbourhood="moore", depthwise=False)


class UpdateConfig(NetworkConfig):
    """The 1x1 convolutions that turn a perception into a change of state.

    `widths` are those of the hidden layers; a last layer, as wide as the state,
    follows by itself, so that there is one layer more than widths.
    """

    @classmethod
    def layer_count(cls, widths: list[int]) -> int:
        """The hidden layers and the last one."""
        return len(widths) + 1


# Arguments of optimizers that are shares of what was before.
BELOW_ONE = ("momentum", "beta_1", "beta_2", "rho")
# Of latent weights that are rounded together and should stay near that.
DEFAULT_LATENT_FACTOR = 0.3


class OptimizerConfig(Section):
    """The optimizer and its learning rates.

    Attributes:
        name: `muon` (`larqca.training.muon`), with which automata learn several times
            faster, or one of Keras' optimizers (`adam` is the published one).
        learning_rate: for scales, biases and float kernels. By default it is a tenth where float
            kernels with learned scales read inputs of one bit, which else diverge, and else (of
            Muon) twice as high where weights settle.
        latent_factor: the learning rate of latent weights behind a kernel quantizer, beside
            that of everything else: one for all layers with such a kernel, or a list with one
            for each (perceive before update). Little keeps what a row starts from; by default
            it is 3 for kernels of one or two bits in all, which cannot (not for those of a
            user's own quantizers, whose bits are not known when this is read), and 1 for others
            where weights settle.
        normalize_gradients: divide each variable's gradient by its own norm.
        arguments: further arguments of the optimizer (`beta_1`, `momentum`, ...);
            `weight_decay` is that of float kernels alone.
    """

    name: Literal["muon", "adam", "sgd", "rmsprop"] = "muon"
    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    latent_factor: float | list[float] = DEFAULT_LATENT_FACTOR
    normalize_gradients: bool = True
    arguments: dict[str, float] = Field(default_factory=dict)

    @field_validator("latent_factor", mode="before")
    @classmethod
    def _positive_factors(cls, value: Any) -> Any:
        factors = value if isinstance(value, list) and value else [value]
        if not all(isinstance(each, (int, float)) and not isinstance(each, bool)
                   and 0 < each < math.inf for each in factors):  # fmt: skip
            raise ValueError("must be a number above 0, or a list of them, one for each layer "
                             f"with a quantized kernel; got {value!r}")
        return value

    @model_validator(mode="after")
    def _known_arguments(self) -> OptimizerConfig:
        from larqca.suggest import unknown

        allowed = {
            "muon": ("momentum", "rms", "weight_decay"),
            "adam": ("beta_1", "beta_2", "epsilon", "weight_decay"),
            "sgd": ("momentum", "weight_decay"),
            "rmsprop": ("rho", "momentum", "epsilon", "weight_decay"),
        }[self.name]
        for key, value in self.arguments.items():
            if key not in allowed:
                raise ValueError(unknown(f"argument of {self.name}", key, allowed))
            if value < 0 or (key in BELOW_ONE and value >= 1):
                below = " and below 1" if key in BELOW_ONE else ""
                raise ValueError(f"argument {key!r} must be at least 0{below}, got {value:g}")
        return self


class Drop(Section):
    """From this share of the iterations on, the learning rate is times `factor`."""

    after: Fraction
    factor: Annotated[float, Field(gt=0.0)]


class TrainingConfig(Section):
    """How an automaton is trained; defaults are the published recipe, but for the
    optimizer and the average, and for latent weights behind quantizers and such as settle, of
    which it has none: there they are what was found to learn best (`reports/`).

    Source: Randazzo et al., "Self-classifying MNIST Digits", Distill 2020.

    Attributes:
        regime: naive (always from the seed), persistent (from a pool of earlier
            states) or mutating (the pool, and digits exchanged under living states).
        loss: `l2` or `cross_entropy`, over the class channels of live cells.
        iterations: optimizer steps (0: keep the weights that the run starts from).
        batch_size: images an iteration.
        rollout_steps: steps of the automaton an iteration.
        pool_size: states kept between iterations.
        fresh_share: share of a batch that starts from the seed with a new digit.
        mutated_share: share of a batch that gets a new digit under an old state.
        reseed_above: states of the pool with a number larger than this start over from
            the seed, so that a few that blow up do not take the run along (None: never).
        optimizer: see `OptimizerConfig`.
        schedule: drops of the learning rate, at shares of the iterations. Weights settle at a
            constant rate, a fifth of which is left when all have, if none are named.
        clip_latents: keep latent weights within [-1, 1] after every iteration (not while they
            settle: then the largest come down to the largest level in any case).
        average: what is judged and saved at the end is a running average of all weights,
            which keeps this share of itself at every iteration (None: the last weights, as
            published). One-bit automata agree far better with it (`reports/`).
        divergence_loss: a loss beyond this ends the run as diverged.
        settle_until: until this share of the iterations the weights of quantized kernels take
            their levels for good, little by little; those that have not are float numbers
            that are trained on (`larqca.training.settling`). None: they are quantized from
            the first iteration on. `build_run_config` makes it 0.9 where nothing is said and all
            quantized kernels are of one or two bits, with learned scales, and no input of one.
        settle_first: which weights of a kernel settle before others: those `nearest` to a level,
            or `sensitive` ones, whose distance is divided by the size of their gradients. The last
            ones have none left that could make good what they cost, so that they had better be
            those that matter least: `sensitive` is the better one for one and two bits a weight
            (`reports/`). Without `settle_until` it does nothing.
        settle_power: the share of weights that are still float falls with this power of the time
            that is left; the larger it is, the earlier most settle and the more time the last ones
            take. With four bits, in 1 KiB, one run of `sensitive` with 3 was better than one of
            `nearest` with 1.5 (`reports/findings/one_kib.md`). Without `settle_until` it does
            nothing.

    Where weights settle, `build_run_config` has other defaults than this class: `sensitive`, and
    the rates named above. A configuration as it is dumped leaves `nearest` out, so that runs of
    before there was a choice keep their names: it is to be read by `model_validate`, not given
    to `build_run_config`.
    """

    regime: Literal["naive", "persistent", "mutating"] = "mutating"
    loss: Literal["l2", "cross_entropy"] = "l2"
    iterations: Annotated[int, Field(ge=0, le=10**9)] = 100_000
    batch_size: Positive = 16
    rollout_steps: Annotated[int, Field(ge=1, le=1000)] = 20
    pool_size: Positive = 160
    fresh_share: Share = 0.25
    mutated_share: Share = 0.25
    reseed_above: Annotated[float, Field(gt=0.0)] | None = None
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: list[Drop] = [Drop(after=0.3, factor=0.1), Drop(after=0.7, factor=0.01)]
    clip_latents: bool = True
    average: Fraction | None = 0.995
    divergence_loss: Annotated[float, Field(gt=0.0)] = 1e6
    settle_until: Fraction | None = None
    settle_first: Literal["nearest", "sensitive"] = "nearest"
    settle_power: Annotated[float, Field(ge=1.0, le=10.0)] = 1.5

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """See `CellConfig`."""
        dumped = _without(
            dump(self), settle_until=None, settle_first="nearest", settle_power=1.5)
        if self.settle_until is None:  # and then these mean nothing
            for field in ("settle_first", "settle_power"):
                dumped.pop(field, None)
        return dumped

    @model_validator(mode="after")
    def _fits_together(self) -> TrainingConfig:
        if self.pool_size < self.batch_size:
            raise ValueError(
                f"pool_size ({self.pool_size}) must be at least batch_size ({self.batch_size})"
            )
        if self.fresh_share + self.mutated_share > 1.0:
            raise ValueError("fresh_share and mutated_share must not add up to more than 1")
        shares = [drop.after for drop in self.schedule]
        if shares != sorted(set(shares)):
            raise ValueError(f"schedule must name growing shares of the training, got {shares}")
        return self


class EvaluationConfig(Section):
    """The published test protocol: run, exchange every image, run again.

    Attributes:
        steps: steps before the mutation, and as many after it.
        mutate: whether every image is exchanged for another half-way.
        record_every: metrics are taken at each multiple of this many steps.
        images: how many test images (None: all).
        held_out: judge on the last so many training images, and do not train on them
            (0: on test images). Whatever is chosen by such figures has not seen the test.
        batch_size: cell accuracy is pooled within batches of this many images.
        seed: of the fire masks, the noise and the exchange of images.
    """

    steps: Positive = 200
    mutate: bool = True
    record_every: Positive = 5
    images: Positive | None = None
    held_out: Annotated[int, Field(ge=0, le=10**6)] = 0
    batch_size: Positive = 1000
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class RunSource(Section):
    """Start from the weights of another run of the store, by its hash."""

    run: RunHash


class FileSource(Section):
    """Start from a model file, by the SHA-256 of its bytes."""

    file_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AutomatonConfig(Section):
    """An automaton without what is done with it."""

    cell: CellConfig = CellConfig()
    perceive: PerceiveConfig
    update: UpdateConfig


class RunConfig(AutomatonConfig):
    """One run: what is trained on what, how, and how it is judged."""

    task: Literal["classify"] = "classify"
    data: DataName = "digits"
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    start_from: RunSource | FileSource | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @property
    def quantized_kernels(self) -> list[tuple[int, dict[str, Any]]]:
        """Planes and quantizer of each layer whose kernel is quantized, perceive first."""
        return [
            (planes, spec)
            for network in (self.perceive, self.update)
            for planes, spec in zip(network.kernel_planes, network.kernel_quantizer, strict=True)
            if spec is not None
        ]

    @model_validator(mode="after")
    def _latent_factors_have_a_layer(self) -> RunConfig:
        factor, layers = self.training.optimizer.latent_factor, len(self.quantized_kernels)
        if isinstance(factor, list) and len(factor) != layers:
            raise ValueError(f"training.optimizer.latent_factor has {len(factor)} entries for "
                             f"{layers} layers with a quantized kernel")
        return self

    @model_validator(mode="after")
    def _weights_can_settle(self) -> RunConfig:
        if self.training.settle_until is not None:
            for _, spec in self.quantized_kernels:
                if looks_at_all_weights(spec):
                    raise ValueError("training.settle_until is not for kernels in "
                                     f"{label(spec)}, whose levels depend on all weights; leave it "
                                     "out, or choose a quantizer with fixed levels, such as "
                                     "ste_sign, ste_tern (without ternary_weight_networks) or "
                                     "dorefa_quantizer")
        return self

    @model_validator(mode="after")
    def _images_are_left_to_train_on(self) -> RunConfig:
        held_out, there = self.evaluation.held_out, TRAINING_IMAGES[self.data]
        if held_out >= there:
            raise ValueError(f"evaluation.held_out is {held_out:,}, but {self.data} has only "
                             f"{there:,} training images; hold out fewer")
        return self


