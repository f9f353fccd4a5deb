"""Everything a training run is made of, and four profiles: smoke, laptop, lesson, gpu."""

import dataclasses
import json
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field

from course_lib.ddpm import DDPM
from course_lib.flow_matching import TIME_SAMPLINGS, FlowMatching
from course_lib.training.schedule import SCHEDULES

METHODS = ("ddpm", "flow")
OPTIMIZERS = ("adamw", "muon")
PAIRINGS = ("random", "within-classes")
Process = DDPM | FlowMatching


@dataclass(frozen=True)
class TrainingConfig:
    """A training run, complete: the same config and seed give the same weights.

    Attributes:
        method: "ddpm" or "flow".
        data: a name that `load_dataset` knows.
        unet: arguments of `UNet`; the number of classes comes from the data.
        steps: optimizer steps; batch_size: images a step, over all processes together.
        optimizer: "adamw", or "muon" for the matrices and AdamW for the rest (see `Muon`).
        learning_rate: after `warmup_steps` of linear warm-up; schedule: then "constant", or "cosine" down to zero.
        beta2, weight_decay: of AdamW (beta1 is 0.9).
        grad_clip: largest norm of the whole gradient.
        ema_decay: see `EMA`.
        class_dropout: share of labels replaced by "no class", for guidance.
        time_sampling: of `FlowMatching`; DDPM draws its times evenly.
        pairing: of `FlowMatching`, which noise an image gets: a "random" one, or "within-classes" that of its batch and
            class which makes the lines shortest (see `paired_noise`).
        start_from: "" for random weights, or the run (folder or .safetensors file) whose average to begin with.
        seed: of the weights, the order of the images, the times, the noise and dropout.
        checkpoint_every, sample_every, log_every: steps between checkpoints, sample grids, lines of metrics.
    Numbers of numpy become Python's, and lists in `unet` tuples, so that a config equals what its file gives back.

    Raises: ValueError that names the field, what came and what is allowed.
    """

    method: str = "flow"
    data: str = "fashion-mnist"
    unet: dict = field(default_factory=dict)
    steps: int = 1000
    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 2e-4
    warmup_steps: int = 0
    schedule: str = "constant"
    beta2: float = 0.999
    weight_decay: float = 0.01
    grad_clip: float = 1.0
    ema_decay: float = 0.9999
    class_dropout: float = 0.1
    time_sampling: str = "uniform"
    pairing: str = "random"
    start_from: str = ""
    seed: int = 0
    checkpoint_every: int = 1000
    sample_every: int = 1000
    log_every: int = 20

    def __post_init__(self) -> None:
        for entry in dataclasses.fields(self):
            object.__setattr__(self, entry.name, of_its_type(entry.name, getattr(self, entry.name), entry.type))
        for names, fits, allowed in (
            ("method", METHODS.__contains__, ", ".join(map(repr, METHODS))),
            ("optimizer", OPTIMIZERS.__contains__, ", ".join(map(repr, OPTIMIZERS))),
            ("schedule", SCHEDULES.__contains__, ", ".join(map(repr, SCHEDULES))),
            ("time_sampling", TIME_SAMPLINGS.__contains__, ", ".join(map(repr, TIME_SAMPLINGS))),
            ("pairing", PAIRINGS.__contains__, ", ".join(map(repr, PAIRINGS))),
            (
                "steps batch_size checkpoint_every sample_every log_every",
                lambda value: value >= 1,
                "a whole number of at least 1",
            ),
            ("learning_rate grad_clip", lambda value: value > 0, "a number above 0"),
            ("ema_decay class_dropout beta2", lambda value: 0 <= value < 1, "at least 0 and below 1"),
            ("warmup_steps weight_decay", lambda value: value >= 0, "0 or more"),
            ("seed", lambda value: 0 <= value < 2**31, f"a whole number from 0 to {2**31 - 1}"),
        ):
            for name in names.split():
                if not fits(getattr(self, name)):
                    raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {allowed}")

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "TrainingConfig":
        """Read what `to_json` wrote. Raises: ValueError if the text is something else."""
        try:
            return cls(**json.loads(text))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"config is not that of a training run ({error})") from None


def of_its_type(name: str, value: object, kind: type) -> object:
    """`value` as the plain str, int, float or dict that the field `name` announces.

    Raises: ValueError for another type, and for a float that is infinite or not a number.
    """
    if kind is float and isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if kind is int and isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if kind is str and isinstance(value, str):
        return value
    if kind is dict and isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: plain(f"{name}[{key!r}]", entry) for key, entry in value.items()}
    allowed = {float: "a finite number", int: "a whole number", str: "text", dict: "a dict of names and values"}[kind]
    raise ValueError(f"{name} is {value!r}; allowed: {allowed}")


def plain(name: str, value: object) -> object:
    """An argument of the network as JSON can keep it: text, a number, True, False or None, or a tuple of these."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple):
        return tuple(plain(name, entry) for entry in value)
    raise ValueError(f"{name} is {value!r}; allowed: text, finite numbers, and lists of these")


# an average over more than this share of a run would still hold its random beginning
LARGEST_EMA_SHARE = 0.2


def ema_decay_within(decay: float, steps: int) -> float:
    """`decay`, or less where a run of `steps` steps is too short for it; 0.9 at least, ten steps."""
    return min(decay, max(0.9, 1 - 1 / max(1.0, LARGEST_EMA_SHARE * steps)))


def make_process(config: TrainingConfig) -> Process:
    """The process that `config.method` names."""
    return DDPM() if config.method == "ddpm" else FlowMatching(config.time_sampling)


def process_for(config: TrainingConfig, given: Process | None, schedule: str) -> Process:
    """The process that was given, or else the one that `config.method` names.

    Args:
        schedule: `schedule_of` the process that the network was trained with, where that is known.
    Raises: ValueError for the library's process of the other method, and for another noise schedule.
    """
    process = make_process(config) if given is None else given
    if isinstance(process, FlowMatching if config.method == "ddpm" else DDPM):
        raise ValueError(f"process is {type(process).__name__}; allowed: that of the method, {config.method!r}")
    own = schedule_of(process)
    if own and schedule and own != schedule:
        raise ValueError(f"process has {own}; allowed: what the network was trained with, {schedule} (give `process`)")
    return process


def schedule_of(process: Process) -> str:
    """What a config does not say of a process: its noise schedule, in words; "" where it has none."""
    table = getattr(process, "alphas_cumprod", None)
    return "" if table is None else f"{len(table)} steps, alpha-bar from {table[0]:.6g} to {table[-1]:.6g}"


SMALL_UNET = {"base_channels": 16, "channel_mults": (1, 2, 4), "num_res_blocks": 1, "dropout": 0.0}

# what a lesson trains: one to two minutes on two cores, enough to see clothes
LESSON = TrainingConfig(
    unet=SMALL_UNET,
    steps=600,
    batch_size=32,
    learning_rate=5e-3,
    warmup_steps=50,
    schedule="cosine",
    beta2=0.99,
    ema_decay=0.99,
    time_sampling="logit-normal",
    checkpoint_every=100,
    sample_every=600,
    log_every=10,
)

# about five minutes on two cores: chosen by the measurements in the README
LAPTOP = dataclasses.replace(
    LESSON,
    steps=1300,
    batch_size=48,
    optimizer="muon",
    pairing="within-classes",
    ema_decay=0.995,
    checkpoint_every=200,
    sample_every=700,
    log_every=20,
)

PROFILES = {
    # seconds: proves that everything works, learns next to nothing
    "smoke": dataclasses.replace(
        LAPTOP,
        steps=30,
        batch_size=16,
        learning_rate=4e-3,
        warmup_steps=5,
        beta2=0.999,
        ema_decay=0.9,
        checkpoint_every=10,
        sample_every=30,
        log_every=5,
    ),
    "laptop": LAPTOP,
    "lesson": LESSON,
    # the document's network, with the recipe of Tong et al. 2024 for flow matching
    # (lr 2e-4 constant after warm-up, batch 128, EMA 0.9999, dropout 0.1, clipping, flips)
    "gpu": TrainingConfig(
        data="cifar10",
        unet={"dropout": 0.1},
        steps=400_000,
        batch_size=128,
        learning_rate=2e-4,
        warmup_steps=5000,
        weight_decay=0.0,
        checkpoint_every=5000,
        sample_every=10_000,
        log_every=100,
    ),
}
