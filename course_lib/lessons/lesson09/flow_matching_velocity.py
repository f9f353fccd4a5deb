"""What holds for FlowMatching.velocity, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import shape_of
from course_lib.checks.trial import Call, Trial
from course_lib.flow_matching import FlowMatching

EXERCISE = Exercise(
    "FlowMatching.velocity",
    FlowMatching,
    __name__,
    where="section 9.2, the derivative of the straight line (Lipman et al. 2023, equation 23)",
    elementwise=("clean", "noise"),
    not_for_all={
        "another_shape": "no_velocity_for_each_pixel has the words for it",
        "gradients_cut": "images and noise are data: nothing learns through them",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def pair(trial: Trial, *shape: int) -> tuple[Tensor, Tensor]:
    return trial.normal(*shape), trial.normal(*shape)


def tried(trial: Trial, clean: Tensor, noise: Tensor) -> None:
    trial.build()(clean, noise, method="velocity", label="the velocity")


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.build().calling(*pair(trial, 3, 2, 4, 5), method="velocity")


@EXERCISE.harder
def large_numbers(trial: Trial) -> Call:
    """Large numbers, and channels and images each with a mean of their own."""
    clean, noise = pair(trial, 5, 3, 2, 7)
    return trial.build().calling(20 * (clean + trial.normal(5, 3, 1, 1)), 5 * noise, method="velocity")


@holds("the velocity has the shape of the images: one number for each pixel")
def no_velocity_for_each_pixel(trial: Trial) -> None:
    """What you return is no single tensor of the shape of clean and noise, (B, C, H, W): each pixel has a velocity of
    its own. Is something added up or averaged over pixels, or is there a comma too many? A gradient with respect to t
    adds up, too: each image has one t for all its pixels. The derivative of the formula has the images' shape."""
    call = ordinary_call(trial)
    value = call.value()
    trial.checked("the shape of the result", shape_of(value), call.text())
    if isinstance(value, Tensor) and value.shape != call.args[0].shape:  # so that one mistake is told from another
        trial.see("the velocity", value, call.text())


@holds("the velocity of a pixel is made of its own two numbers")
def mixes_the_pixels(trial: Trial) -> None:
    """Where one pixel of the noise is another one, the velocity of other pixels changes, too. Each pixel moves by
    itself. Is something added up or averaged over pixels? A gradient with respect to t does that: each image has one t
    for all its pixels."""
    call = ordinary_call(trial)
    clean, noise = call.args
    touched = noise.clone()
    touched[0, 0, 0, 0] += 10  # so far that what grows with the whole image, its length too, is surely another
    value, after = call.see(observed=False), call.of(clean, touched, method="velocity", observed=False)
    changed = ((after - value).abs() > 1e-6).long()
    changed[0, 0, 0, 0] = 0  # it may change, or not: that is not asked here
    trial.see("which others change with the first pixel of the noise", changed, call.text())
    if changed.any():  # so that one mistake is told from another
        trial.see("the velocity", value, call.text())


@holds("from an image of zeros to the noise, the velocity is the noise")
def wrong_from_a_grey_image(trial: Trial) -> None:
    """Start at an image of zeros: in one unit of time you get to the noise, so the velocity is the noise itself. Yours
    is not."""
    clean, noise = pair(trial, 3, 2, 4, 5)
    tried(trial, torch.zeros_like(clean), noise)


@holds("towards noise of zeros, the velocity is minus the image")
def wrong_towards_no_noise(trial: Trial) -> None:
    """Let the noise be zero: in one unit of time the image has to vanish, so the velocity is minus the image. Yours is
    not."""
    clean, noise = pair(trial, 3, 2, 4, 5)
    tried(trial, clean, torch.zeros_like(noise))


@holds("the velocity is noise - clean")
def wrong_velocity(trial: Trial) -> None:
    tried(trial, *pair(trial, 3, 2, 4, 5))


@holds("images whose numbers are all above 0, or all below, are images like others")
def range_guessed(trial: Trial) -> None:
    """Where all numbers of the images are above 0, or all below, your velocity is another one. Is a range guessed from
    the numbers, such as that of pixels from 0 to 1? What comes in is taken as it is."""
    clean, noise = pair(trial, 3, 2, 4, 5)
    for bright in (clean.abs().clamp(max=1), -clean.abs()):
        tried(trial, bright, noise)


@holds("numbers outside [-1, 1] are left as they are")
def wrong_for_large_numbers(trial: Trial) -> None:
    clean, noise = pair(trial, 3, 2, 4, 5)
    tried(trial, 7 * clean, 7 * noise)


@holds("a batch of one, equal sizes, and single pixels work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    """For other sizes your velocity is wrong. Is there a squeeze(), or a size that is written out?"""
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        tried(trial, *pair(trial, *shape))


@right
def by_sub(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return torch.sub(noise, clean)


@right
def sign_outside(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return -(clean - noise)


@right
def from_two_points(self: FlowMatching, clean: Tensor, noise: Tensor) -> Tensor:
    """What `interpolate` gives at t = 1, less what it gives at t = 0."""
    ones = torch.ones(len(clean), dtype=clean.dtype, device=clean.device)
    return self.interpolate(clean, ones, noise) - self.interpolate(clean, 0 * ones, noise)


@right
def image_by_image(self: object, clean: Tensor, noise: Tensor) -> Tensor:
    return torch.stack([n - c for c, n in zip(clean, noise, strict=True)])
