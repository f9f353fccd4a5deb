"""Models made of a few numbers, for answers that take one: as strict about their inputs as what they stand for."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.modes import given
from course_lib.class_embedding import NO_CLASS
from course_lib.flow_matching import TIME_SCALE
from course_lib.sampling import in_its_precision
from course_lib.unet import UNet
from course_lib.validation import check_integers

# what a model may be: a network, in either mode, or any function that is called as model(x, t, labels)
FORMS = NETWORK, EVALUATED, FUNCTION = "a network", "a network in evaluation mode", "a function"


class StandIn(nn.Module):
    """Predicts like the UNet, by a formula in which every pixel, the time and the class matter.

    No two of its inputs can be confused: neighbouring pixels, times and classes act differently, and "no class" (None
    or -1) is a case of its own. It notes how it was called. What the UNet refuses it refuses too, with the UNet's own
    error: by the UNet's checks, and by a convolution and an embedding of its own. Like any network it begins in
    training mode.

    Args:
        numbers: four numbers that make one stand-in unlike another.
        images: its images have as many channels as these; its parameters their type and device.
        num_classes: labels run from 0 to num_classes - 1; -1 is "no class".
        gain: multiplies what it predicts. One that asks for gradients stands for a network's parameters.
    Attributes:
        calls: for each call (x, t, labels) as they came in; labels None where there were none.
    """

    def __init__(
        self, numbers: Sequence[float], images: Tensor, *, num_classes: int = 10, gain: Tensor | None = None
    ) -> None:
        super().__init__()
        of_x, of_time, shift, of_class = (float(number) for number in numbers)
        self.of_time, self.shift, self.num_classes = of_time, shift, num_classes
        self.in_channels, self.size_divisor = images.shape[1], 1
        like_images = {"dtype": images.dtype, "device": images.device}
        # a pixel by itself, every channel by itself
        channels = self.in_channels
        # on "meta" nothing is drawn: what is drawn at random belongs to the answer, and the weights are given here.
        # (skip_init does the same by way of to_empty, which imports a second's worth of symbolic algebra)
        self.conv_in = nn.Conv2d(channels, channels, 1, groups=channels, device="meta")
        self.conv_in.weight = nn.Parameter(torch.full((channels, 1, 1, 1), of_x, **like_images))
        self.conv_in.bias = nn.Parameter(torch.zeros(channels, **like_images))
        self.classes = nn.Parameter(of_class * torch.cos(torch.arange(num_classes, **like_images) + 1)[:, None])
        self.gain = gain
        self.calls: list[tuple[Tensor, Tensor, Tensor | None]] = []

    def forward(self, x: Tensor, t: Tensor, class_labels: Tensor | None = None) -> Tensor:
        UNet.check_inputs(self, x, t, class_labels)
        labels = class_labels
        self.calls.append((x.detach().clone(), t.detach().clone(), None if labels is None else labels.clone()))
        per_image = torch.sin(self.of_time * t.to(self.conv_in.weight.dtype) / 100 + self.shift)
        if labels is not None:
            check_integers("class_labels", labels, NO_CLASS, self.num_classes - 1)
            of_class = F.embedding(labels.long().clamp(min=0), self.classes)[:, 0]
            per_image = per_image + of_class.masked_fill(labels == NO_CLASS, 0.0)
        per_image = per_image.reshape(-1, 1, 1, 1)
        predicted = self.conv_in(x) + per_image * torch.tanh(x.roll(1, dims=-1)) + per_image
        return predicted if self.gain is None else self.gain * predicted

    def as_given(self, form: str) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
        """This stand-in in one of the forms in which a model may come, see FORMS."""
        if form not in FORMS:
            raise ValueError(f"form is {form!r}; allowed: {', '.join(map(repr, FORMS))}")
        return PlainFunction(self) if form == FUNCTION else given(self.train(form == NETWORK))


# errors name the function that was called: for whoever reads them that is the network
StandIn.forward.__qualname__ = UNet.forward.__qualname__


class PlainFunction:
    """A function model(x, t, labels) and nothing else: no network, no other names for what goes in."""

    def __init__(self, model: StandIn) -> None:
        self.__model = model

    def __call__(self, x: Tensor, t: Tensor, labels: Tensor | None, /) -> Tensor:
        return self.__model(x, t, labels)


class VelocityStandIn:
    """A velocity field, velocity_at(x, t) with one number t for the whole batch; notes its calls like `StandIn`.

    It takes what the samplers' own velocity_at takes, and refuses the rest with the same error.

    Args:
        numbers: three numbers that make one field unlike another, and one that it is multiplied by. With zeros for
            the three, that one is the velocity everywhere and always.
        images: as for `StandIn`; where they are no images but plain numbers, x may have any shape.
    """

    def __init__(self, numbers: Sequence[float], images: Tensor) -> None:
        self.of_x, self.of_time, self.shift, self.gain = (float(number) for number in numbers)
        self.network = StandIn((1.0, 0.0, 0.0, 0.0), images) if images.ndim == 4 else None
        self.calls: list[tuple[Tensor, float]] = []

    def __call__(self, x: Tensor, t: float) -> Tensor:
        times = torch.full((len(x),), TIME_SCALE * t, device=x.device, dtype=x.dtype)
        if self.network is not None:
            in_its_precision(self.network)(x, times, None)
        self.calls.append((x.detach().clone(), float(t)))
        t = times.reshape(-1, *[1] * (x.ndim - 1)) / TIME_SCALE
        velocity = self.of_x * x + torch.sin(3 * self.of_time * t + self.shift) * torch.tanh(x.roll(1, dims=-1))
        return self.gain * (velocity + 1 + self.of_time * t * t)


# as solvers know it
VelocityStandIn.__call__.__qualname__ = "velocity_at"
