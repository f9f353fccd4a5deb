"""From a trained model to images: the choices that the commands leave open are made here."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.ddpm import DDPM
from course_lib.defaults import usual_defaults
from course_lib.sampling import SamplerState, last_image
from course_lib.training.saved_model import TrainedModel

IMAGE_SHAPE = (3, 32, 32)


@usual_defaults()
def draw_states(
    trained: TrainedModel,
    labels: Tensor,
    *,
    seed: int = 0,
    num_steps: int | None = None,
    solver: str | None = None,
    guidance_scale: float = 1.0,
) -> Iterator[SamplerState]:
    """Every state from noise to image, for the classes `labels` (B,); the same seed gives the same images.

    Args:
        num_steps: None for 50 (a DDPM with solver "ddpm" named: all of its 1000).
        solver: "euler" (default), "heun" or "rk4" for flow matching; "ddpm" (ancestral, the default) or "ddim" for a
            DDPM. The fresh noise of the ancestral steps covers up what a small network predicts wrong near t = T;
            DDIM carries it along (assets/weights/ddpm.md has the figures).
        guidance_scale: see `guided_prediction`.
    Raises: ValueError for a solver that the model's method does not have, or num_steps below 1.
    """
    shape = (len(labels), *IMAGE_SHAPE)
    options = {"guidance_scale": guidance_scale, "generator": torch.Generator().manual_seed(seed)}
    num_steps = default_steps(trained, solver) if num_steps is None else num_steps
    if not isinstance(trained.process, DDPM):
        options["solver"] = solver or "euler"
    elif solver in (None, "ddpm", "ddim"):
        options["method"] = solver or "ddpm"
    else:
        raise ValueError(f"solver is {solver!r}; allowed for a DDPM: 'ddpm' or 'ddim'")
    return trained.process.sample_steps(trained.model, shape, labels, num_steps=num_steps, **options)


def default_steps(trained: TrainedModel, solver: str | None) -> int:
    """50, or for a DDPM's ancestral sampler all of its steps."""
    ancestral = isinstance(trained.process, DDPM) and solver == "ddpm"
    return trained.process.num_timesteps if ancestral else 50


@usual_defaults()
def draw_images(trained: TrainedModel, labels: Tensor, **options: object) -> Tensor:
    """The images (B, 3, 32, 32) in [-1, 1] at the end of `draw_states`, which see for the options."""
    return last_image(draw_states(trained, labels, **options)).clamp(-1, 1)
