"""From a trained model to images: the choices that the commands leave open are made here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from numbers import Integral

import torch
from torch import Tensor

from course_lib.ddpm import DDPM
from course_lib.defaults import usual_defaults
from course_lib.sampling import SamplerState, last_image
from course_lib.seeds import PICTURES, generator_for
from course_lib.training.saved_model import TrainedModel
from course_lib.validation import check_number, check_positive_int

IMAGE_SHAPE = (3, 32, 32)
BATCH_SIZE = 100


@usual_defaults()
def draw_states(
    trained: TrainedModel,
    labels: Tensor,
    *,
    seed: int = 0,
    num_steps: int | None = None,
    solver: str | None = None,
    guidance_scale: float = 1.0,
    numbers: Sequence[int] | None = None,
) -> Iterator[SamplerState]:
    """Every state from noise to image, for the classes `labels` (B,); the same seed gives the same images.

    An image depends on the seed, its class and its number within the class, and not on what is drawn beside it.

    Args:
        num_steps: None for 50 (a DDPM with solver "ddpm" named: all of its 1000).
        solver: "euler" (default), "heun" or "rk4" for flow matching; "ddpm" (ancestral, the default) or "ddim" for a
            DDPM. The fresh noise of the ancestral steps covers up what a small network predicts wrong near t = T;
            DDIM carries it along (assets/weights/ddpm.md has the figures).
        guidance_scale: see `guided_prediction`.
        numbers: each image's number within its class; None counts them from 0.
    Raises: ValueError for a solver that the model's method does not have, num_steps below 1, a seed below 0, or a scale
        that is not a number.
    """
    check_seed(seed)
    check_number("guidance_scale", guidance_scale)
    counted = zip(labels.tolist(), numbers_in_class(labels) if numbers is None else numbers, strict=True)
    # one generator an image; "no class" is -1, and counters begin at 0
    generators = [generator_for(seed, label + 1, number, stream=PICTURES) for label, number in counted]
    shape = (len(labels), *IMAGE_SHAPE)
    options = {"guidance_scale": guidance_scale, "generator": generators}
    num_steps = default_steps(trained, solver) if num_steps is None else num_steps
    if not isinstance(trained.process, DDPM):
        options["solver"] = solver or "euler"
    elif solver in (None, "ddpm", "ddim"):
        options["method"] = solver or "ddpm"
    else:
        raise ValueError(f"solver is {solver!r}; allowed for a DDPM: 'ddpm' or 'ddim'")
    return trained.process.sample_steps(trained.model, shape, labels, num_steps=num_steps, **options)


def check_seed(seed: int) -> None:
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**63:
        raise ValueError(f"seed is {seed!r}; allowed: a whole number of at least 0, below 2**63")


def default_steps(trained: TrainedModel, solver: str | None) -> int:
    """50, or as many as a DDPM has, for its ancestral sampler and where they are fewer."""
    steps = trained.process.num_timesteps if isinstance(trained.process, DDPM) else 50
    return steps if solver == "ddpm" else min(50, steps)


def numbers_in_class(labels: Tensor) -> list[int]:
    """Each image's number within its class, from 0.

    >>> numbers_in_class(torch.tensor([3, 3, 5, 3]))
    [0, 1, 0, 2]
    """
    seen: Counter[int] = Counter()
    numbers = []
    for label in labels.tolist():
        numbers.append(seen[label])
        seen[label] += 1
    return numbers


def batches_of(
    trained: TrainedModel, labels: Tensor, batch_size: int = BATCH_SIZE, **options: object
) -> Iterator[Iterator[SamplerState]]:
    """`draw_states` for one batch of `labels` after the other: the same images, in a batch's memory."""
    check_positive_int("batch_size", batch_size)
    counted = numbers_in_class(labels)
    for start in range(0, max(1, len(labels)), batch_size):
        part = slice(start, start + batch_size)
        yield draw_states(trained, labels[part], numbers=counted[part], **options)


@usual_defaults()
def draw_images(trained: TrainedModel, labels: Tensor, *, batch_size: int = BATCH_SIZE, **options: object) -> Tensor:
    """The images (B, 3, 32, 32) in [-1, 1] at the end of `draw_states`, which see for the options.

    Raises: FloatingPointError if the network's pictures are not numbers.
    """
    batches = batches_of(trained, labels, batch_size, **options)
    return torch.cat([finished(last_image(states)) for states in batches])


def finished(images: Tensor) -> Tensor:
    """Images clipped to [-1, 1]. Raises: FloatingPointError where there is nothing to see."""
    if not images.isfinite().all():
        raise FloatingPointError(
            "the network's pictures hold nan or infinite values: its training has diverged, or the guidance is far too "
            "large"
        )
    return images.clamp(-1, 1)
