"""Flow matching: walk the straight line between an image and noise, learn the velocity, and walk it back.

Lipman et al. 2023 and Liu et al. 2023, with one change: here, as in DDPM, t = 0 is the clean image and t = 1 is pure
noise. To convert from those papers replace t by 1 - t and turn the sign of the velocity, as `from_other_direction` in
warm_ups.py does.
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.guidance import Model, guided_prediction
from course_lib.sampling import (
    Generators,
    SamplerState,
    fresh_noise,
    in_its_precision,
    labels_for,
    last_image,
    starting_noise,
    with_signature_of,
)
from course_lib.validation import (
    at_least_float32,
    check_floating,
    check_number,
    check_positive_int,
    check_same_shape,
    check_vector,
    check_within,
)

# the model sees 1000 t, so that both methods use one range of the time embedding
TIME_SCALE = 1000
TIME_SAMPLINGS = ("uniform", "logit-normal")

Velocity = Callable[[Tensor, float], Tensor]


# The flow matching of Lipman et al. 2023, section 4.1, with sigma_min = 0: the rectified flow of Liu et al. 2023.
class FlowMatching:
    """The straight path between clean images (t = 0) and noise (t = 1): the loss, and the way back.

    Args:
        time_sampling: how training draws its times: "uniform" on [0, 1] (the papers' default), or "logit-normal", the
            sigmoid of a standard normal, which spends more of the training in the middle, where the task is hardest
            (Esser et al. 2024, section 3.1).
    Raises: ValueError for another `time_sampling`.
    """

    def __init__(self, time_sampling: str = "uniform") -> None:
        if time_sampling not in TIME_SAMPLINGS:
            raise ValueError(f"time_sampling is {time_sampling!r}; allowed: {' or '.join(map(repr, TIME_SAMPLINGS))}")
        self.time_sampling = time_sampling

    def interpolate(self, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """The point on the straight line at time t: (1 - t) clean + t noise.

        Shapes: clean, noise (B, C, H, W), t (B,) in [0, 1] -> (B, C, H, W).
        Raises: ValueError for shapes that differ.
        Source: Lipman et al. 2023, equation 22 with sigma_min = 0; Liu et al. 2023, equation 1.
        """
        check_same_shape("noise", noise, "clean", clean)
        check_vector("t", t, len(clean))
        # one time an image, the same for all its pixels: (B,) -> (B, 1, 1, 1)
        t = t.reshape(-1, *[1] * (clean.ndim - 1))
        # so much of the image is left, and so much noise has come
        return (1 - t) * clean + t * noise

    def velocity(self, clean: Tensor, noise: Tensor) -> Tensor:
        """How fast `interpolate` changes as t grows, its derivative: the same at every time.

        Shapes: clean, noise (B, C, H, W) -> (B, C, H, W).
        Raises: ValueError for shapes that differ.
        Source: Lipman et al. 2023, equation 23, in our direction of time.
        """
        check_same_shape("noise", noise, "clean", clean)
        # the way from t = 0 to t = 1, which takes one unit of time
        return noise - clean

    def sample_times(self, batch_size: int, generator: torch.Generator | None = None) -> Tensor:
        """(batch_size,) times in [0, 1] drawn as `time_sampling` says, on the generator's device."""
        device = "cpu" if generator is None else generator.device
        if self.time_sampling == "uniform":
            return torch.rand(batch_size, generator=generator, device=device, dtype=torch.float32)
        return torch.sigmoid(torch.randn(batch_size, generator=generator, device=device, dtype=torch.float32))

    def loss(
        self,
        model: Model,
        images: Tensor,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
        *,
        t: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Mean squared error between the velocity of the straight line and the model's.

        Args:
            model: called as model(x_t, 1000 * t, labels), predicts the velocity.
            images: clean images (B, C, H, W) in [-1, 1]; labels: (B,) or None. The times get the images' precision: in
                bfloat16 only some 500 of the model's 1,000 are left, so give float32, and autocast does the rest.
            generator: draws the times first, then the noise.
            t, noise: (B,) and (B, C, H, W), to use these instead of drawing.
        Returns: a scalar; 1 + mean(images ** 2) on average for a model that predicts zero everywhere.
        Raises: ValueError for images of a whole number's type, a model's answer of another shape than the images, and,
            where t can be read at once (on the CPU), a t outside [0, 1].
        Source: Lipman et al. 2023, equation 23.
        """
        check_floating("images", images)
        if t is not None:
            check_vector("t", t, len(images))
            check_within("t", t, 0, 1)
        # a random time for every image (sample_times), then fresh noise (fresh_noise), unless they are given
        if t is None:
            t = self.sample_times(len(images), generator)
        if noise is None:
            noise = fresh_noise(images, generator)
        # the times go to the device of the images, and get their precision
        t = t.to(images.device, images.dtype)
        # walk along the straight line to time t
        x_t = self.interpolate(images, t, noise)
        # ask the model for the velocity there: it sees 1000 t
        predicted = model(x_t, TIME_SCALE * t, labels)
        check_same_shape("model's answer", predicted, "the images", images)
        # compare with the velocity of the line
        return F.mse_loss(predicted, self.velocity(images, noise))

    def sample_steps(
        self,
        model: Model,
        shape: tuple[int, ...],
        labels: Tensor | None = None,
        *,
        num_steps: int = 50,
        solver: str = "euler",
        guidance_scale: float = 1.0,
        generator: Generators | None = None,
        noise: Tensor | None = None,
    ) -> Iterator[SamplerState]:
        """`sample` as a generator that yields every state, the starting noise first: num_steps + 1 in all."""
        check_positive_int("num_steps", num_steps)
        if solver not in SOLVERS:
            raise ValueError(f"solver is {solver!r}; allowed: {', '.join(map(repr, SOLVERS))}")
        check_number("guidance_scale", guidance_scale)
        start = starting_noise(model, shape, generator, noise)
        labels = labels_for(shape, labels, start.device)
        predict = in_its_precision(model)

        def velocity_at(x: Tensor, t: float) -> Tensor:
            times = torch.full((len(x),), TIME_SCALE * t, device=x.device, dtype=at_least_float32(x))
            return guided_prediction(predict, x, times, labels, guidance_scale)

        @torch.no_grad()
        def walk(x: Tensor) -> Iterator[SamplerState]:
            yield SamplerState(1.0, x, None)
            for i in range(num_steps):
                t, t_next = 1 - i / num_steps, 1 - (i + 1) / num_steps
                v = velocity_at(x, t)
                clean = x - t * v  # where the straight line with this velocity ends
                # Heun's last step is Euler's, without a call at t = 0, where no noise is left and no network is trained
                # (Karras et al. 2022, algorithm 1, line 6)
                step = euler_step if solver == "heun" and t_next == 0 else SOLVERS[solver]
                x = step(velocity_at, x, t, t_next, v)
                yield SamplerState(t_next, x, clean)

        return walk(start)

    @with_signature_of(sample_steps)
    def sample(self, *args: object, **options: object) -> Tensor:
        """Draw images: start from noise at t = 1 and follow the velocity back to t = 0.

        The arguments are those of `sample_steps`.

        Args:
            model: called as model(x, 1000 * t, labels), predicts the velocity. Put it in evaluation mode first.
            shape: (B, C, H, W) of the images; labels: (B,) or None.
            num_steps: equal steps in time; each costs one model call with "euler", two with "heun" (whose last step is
                Euler's and costs one), four with "rk4" (twice that with guidance).
            guidance_scale: see `guided_prediction`.
            generator: its first draw is the starting noise. A list of one for each image gives each image its own
                noise, whatever it is drawn beside.
            noise: (B, C, H, W), to start here instead.
        Returns: (B, C, H, W), not clipped.
        Raises: ValueError for an unknown solver or num_steps below 1.
        Source: Lipman et al. 2023, section 2; Karras et al. 2022, algorithm 1, for Heun's method.
        """
        return last_image(self.sample_steps(*args, **options))


# Each solver takes one step from t to t_next (below t), given v, the velocity at (x, t).


def euler_step(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """Euler's method: follow the velocity at the start of the step. One model call.

    Args:
        velocity_at: velocity_at(x, t) is the velocity at any other point; this method has no need of it.
        x: where the step starts; v: the velocity there, computed already.
        t, t_next: from this time to that one. On the way back from noise t_next is smaller.
    Shapes: x, v (B, C, H, W) -> (B, C, H, W), the point at time t_next.
    Source: Karras et al. 2022, algorithm 1, line 5.
    """
    # the time that passes (negative on the way back) times the velocity
    return x + (t_next - t) * v


def heun_step(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """Heun's method: try an Euler step, then use the mean of the velocities at both ends. Two model calls.

    Line 6 of the source's algorithm 1, no second call at t = 0, stands in `sample_steps`.

    Args:
        velocity_at: velocity_at(x, t) is the velocity at any other point, for one model call.
        x: where the step starts; v: the velocity there, computed already.
        t, t_next: from this time to that one. On the way back from noise t_next is smaller.
    Shapes: x, v (B, C, H, W) -> (B, C, H, W), the point at time t_next.
    Source: Karras et al. 2022, algorithm 1, lines 5, 7 and 8.
    """
    # try an Euler step, and ask for the velocity where it arrives
    x_tried = x + (t_next - t) * v
    v_end = velocity_at(x_tried, t_next)
    # go back to the start, and step with the mean of the two velocities
    return x + (t_next - t) * (v + v_end) / 2


def rk4_step(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """The classical Runge-Kutta method. Fourth order, four model calls."""
    h, middle = t_next - t, (t + t_next) / 2
    v2 = velocity_at(x + h / 2 * v, middle)
    v3 = velocity_at(x + h / 2 * v2, middle)
    v4 = velocity_at(x + h * v3, t_next)
    return x + h / 6 * (v + 2 * v2 + 2 * v3 + v4)


SOLVERS = {"euler": euler_step, "heun": heun_step, "rk4": rk4_step}
