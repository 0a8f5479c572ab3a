"""Settings of the training: loss, optimiser, schedule, length, evaluation, device."""

from typing import Annotated, Any, Literal, Optional

from pydantic import AfterValidator, Field, create_model, model_validator

from tui_trainer.config.base import Settings, setting

Loss = Literal["cross-entropy", "squared-error", "dice", "focal"]
Optimiser = Literal["sgd", "adam", "adamw", "rmsprop", "adagrad"]
Schedule = Literal["constant", "step", "exponential", "inverse-time", "cosine", "one-cycle", "plateau"]
Beta = Annotated[float, Field(ge=0, lt=1)]


def _some_weight(weights: tuple[float, ...]) -> tuple[float, ...]:
    if not any(weights):
        raise ValueError("at least one class needs a weight above 0")
    return weights


Weights = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(strict=False), AfterValidator(_some_weight)]


class Recipe(Settings):
    """The settings that a stage may change part-way."""

    batch_size: int = setting(128, "Batch size", "Images per step, of all processes together.", ge=1, le=1_000_000)
    loss: Loss = setting("cross-entropy", "Loss", "What is minimised: the mean of this over the batch.")
    label_smoothing: float = setting(
        0.0, "Label smoothing", "Share of the target spread evenly over all classes.", when={"loss": ("cross-entropy",)}, ge=0, lt=1
    )
    class_weights: Literal["none", "balanced"] | Weights = setting(
        "none", "Class weights", "Weight of each class: none, balanced (inverse of its frequency), or a list.", when={"loss": ("cross-entropy",)}
    )
    focal_gamma: float = setting(
        2.0, "Focal gamma", "How strongly easy images count less; 0 is cross-entropy.", when={"loss": ("focal",)}, ge=0, le=20
    )
    optimiser: Optimiser = setting("sgd", "Optimiser", "How gradients change the weights.")
    learning_rate: float = setting(0.1, "Learning rate", "Step size; its highest value under one-cycle.", gt=0, le=1e6)
    momentum: float = setting(0.0, "Momentum", "Share of the last step that carries on.", when={"optimiser": ("sgd", "rmsprop")}, ge=0, lt=1)
    nesterov: bool = setting(False, "Nesterov", "Look ahead along the momentum.", when={"optimiser": ("sgd",)})
    betas: Annotated[tuple[Beta, Beta], Field(strict=False)] = setting(
        (0.9, 0.999), "Betas", "Decay of the mean and of the squared mean of the gradients.", when={"optimiser": ("adam", "adamw")}
    )
    smoothing: float = setting(0.99, "Smoothing", "Decay of the mean squared gradient.", when={"optimiser": ("rmsprop",)}, ge=0, lt=1)
    epsilon: float = setting(
        1e-8, "Epsilon", "Added to the denominator of adaptive optimisers.", when={"optimiser": ("adam", "adamw", "rmsprop", "adagrad")}, gt=0, le=1
    )
    weight_decay: float = setting(0.0, "Weight decay", "L2 penalty on the weights (decoupled in AdamW).", ge=0, le=100)
    clip_norm: float | None = setting(None, "Clip gradient norm", "Scale gradients down to this norm when theirs is larger (default: off).", gt=0)
    schedule: Schedule = setting("constant", "Schedule", "How the learning rate moves over the stage.")
    decay: float = setting(
        0.1,
        "Decay",
        "step, exponential, plateau: factor each time; 1/t: lr / (1 + decay * epoch).",
        when={"schedule": ("step", "exponential", "inverse-time", "plateau")},
        gt=0,
        le=1000,
    )
    decay_every: float = setting(1.0, "Decay every", "Epochs between steps, or over which exponential decays once.", unit="epochs", when={"schedule": ("step", "exponential")}, gt=0)
    plateau_patience: int = setting(
        3, "Plateau patience", "Evaluations without a better validation loss before the learning rate falls.", when={"schedule": ("plateau",)}, ge=0
    )
    peak_at: float = setting(0.3, "Peak at", "Share of the steps at which one-cycle is highest.", when={"schedule": ("one-cycle",)}, gt=0, lt=1)
    start_factor: float = setting(0.04, "Start factor", "one-cycle starts at this times the learning rate.", when={"schedule": ("one-cycle",)}, gt=0, le=1)
    final_factor: float = setting(
        0.0, "Final factor", "cosine and one-cycle end at this times the learning rate.", when={"schedule": ("cosine", "one-cycle")}, ge=0, le=1
    )
    warmup: int = setting(0, "Warm-up", "Steps over which the learning rate rises from 0 before the schedule.", unit="steps", ge=0, le=100_000_000)


class StageLength(Settings):
    """How long a stage lasts: epochs or iterations."""

    epochs: float | None = setting(None, "Epochs", "Length in passes over the training set.", gt=0, le=1_000_000)
    iterations: int | None = setting(None, "Iterations", "Length in steps.", gt=0, le=1_000_000_000)

    @model_validator(mode="after")
    def _one_length(self) -> "StageLength":
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError("give the stage either epochs or iterations")
        return self


def _optional(recipe: type[Settings]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, info in recipe.model_fields.items():
        annotation: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        fields[name] = (Optional[annotation], Field(None, title=info.title, description=info.description, json_schema_extra=info.json_schema_extra))
    return fields


Stage: type[StageLength] = create_model(
    "Stage",
    __base__=StageLength,
    __doc__="Part of the training with settings of its own; what it leaves out stays as in [training].",
    **_optional(Recipe),
)


class Training(Recipe):
    """How the network is trained."""

    epochs: float = setting(10.0, "Epochs", "Length in passes over the training set.", gt=0, le=1_000_000)
    iterations: int | None = setting(None, "Iterations", "Length in steps, in place of epochs.", gt=0, le=1_000_000_000)
    stages: Annotated[tuple[Stage, ...], Field(strict=False)] = setting(
        (), "Stages", "Parts with settings of their own, in place of epochs and iterations.", max_length=1000
    )
    shuffle: bool = setting(True, "Shuffle", "Draw a new order of the images for each epoch.")
    drop_last: bool = setting(False, "Drop last", "Leave out the last batch of an epoch when it is smaller.")
    seed: int = setting(0, "Seed", "Seed of initial weights, order, dropout and augmentation.", ge=0, lt=2**63)
    evaluations_per_epoch: float = setting(1.0, "Evaluations per epoch", "How often to evaluate; below 1: every few epochs.", gt=0, le=100_000)
    evaluate_every: int | None = setting(None, "Evaluate every", "Steps between evaluations, in place of evaluations per epoch.", unit="steps", ge=1)
    evaluate_train_images: int = setting(
        10_000, "Evaluated train images", "Size of the fixed sample of training images that is evaluated (0: none).", ge=0, le=100_000_000
    )
    evaluate_test: bool = setting(
        False, "Evaluate test", "Also evaluate the test set each time, for the curves; nothing is ever chosen by it."
    )
    result: Literal["last", "best"] = setting("last", "Result", "Which weights the final figures and later uses are of: the last, or the best on validation.")
    checkpoint_minutes: float = setting(5.0, "Checkpoint every", "Longest time between checkpoints, besides those at the end of each epoch.", unit="min", gt=0, le=10_000)
    keep_checkpoints: int = setting(1, "Keep checkpoints", "How many of the newest to keep; the best, and those a person asked for, always stay.", ge=1, le=10_000)
    average: float = setting(0.0, "Weight average", "Decay per step of a running mean of the weights that is evaluated and kept in their place (0: off).", ge=0, lt=1)
    test_shifts: int = setting(0, "Test shifts", "Average predictions over the image moved by up to this in each direction and unmoved.", unit="px", ge=0, le=4)
    early_stopping: int | None = setting(
        None, "Early stopping", "Stop after this many evaluations without a better validation loss (default: off).", ge=1
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting("auto", "Device", "Where to train; auto takes a GPU if there is one.")
    threads: int | None = setting(None, "Threads", "Processor threads (default: chosen by the size of the network).", ge=1, le=1024)
    processes: int = setting(
        1,
        "Processes",
        "Each trains on its part of every batch; batch size and learning rate mean the same for any number. A GPU each; on one CPU slower than one.",
        ge=1,
        le=1024,
    )
    precision: Literal["float32", "bf16"] = setting("float32", "Precision", "bf16 computes layers in bfloat16 and keeps weights in float32.")
    gradients: Literal["autograd", "manual"] = setting(
        "autograd",
        "Gradients",
        "Who computes them: PyTorch's autograd, or the backward pass written out by hand, for lists of dense layers in float32.",
    )
    compile: bool = setting(False, "Compile", "Compile the whole step with torch.compile: pays for small dense networks and long runs.")

    @model_validator(mode="after")
    def _one_length(self) -> "Training":
        given = {"epochs", "iterations"} & self.model_fields_set
        if self.iterations is None:
            given.discard("iterations")
        if len(given) == 2:
            raise ValueError("give either epochs or iterations, not both")
        if self.gradients == "manual" and (self.compile or self.precision != "float32"):
            raise ValueError(f"gradients = manual computes in float32 and is not compiled: leave out {'compile' if self.compile else 'precision'}")
        if self.stages and given:
            raise ValueError(f"the stages give the length: leave out {' and '.join(sorted(given))}")
        return self
