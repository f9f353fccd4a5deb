"""DDPM: add noise in a thousand small steps, learn to predict it, and walk back (Ho, Jain and Abbeel 2020).

Symbols of the paper and names here: x_0 is `clean`, epsilon is `noise` where it is added and `eps` where it is
predicted, alpha-bar is `alphas_cumprod`. The paper counts t from 1 to T; here t runs from 0 to T - 1, and t = -1
stands for the clean image itself.
"""

import numbers
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    check_floating,
    check_integers,
    check_number,
    check_positive_int,
    check_same_shape,
    check_vector,
    values_are_free_to_read,
)


def per_image(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    """Look up one number for each image, in a shape that multiplies the images: table[t] as (B, 1, 1, 1).

    Args:
        table: one number for each time, such as `alphas_cumprod`.
        t: each image's own time.
        x: the images. Only their number of axes, type and device matter; the result has the same type and device.
    Shapes: table (T,), t (B,) int64, x (B, C, H, W) -> (B, 1, 1, 1).

    >>> table, t = torch.tensor([0.5, 0.25, 0.125]), torch.tensor([2, 0])
    >>> per_image(table, t, torch.zeros(2, 3, 8, 8)).flatten().tolist()
    [0.125, 0.5]
    """
    # the table in the type of the images, and where they are
    table = table.to(x.dtype).to(x.device)  # the type first: Apple's GPUs have no float64
    # one number for each image: (B,)
    numbers = table[t]
    # an axis of length one for each other axis of the images: (B, 1, 1, 1)
    return numbers.reshape(-1, *[1] * (x.ndim - 1))


# The diffusion model of Ho et al. 2020, sections 2 and 3, with the sampler of Song, Meng and Ermon 2021, section 4.
class DDPM(nn.Module):
    """The noise schedule, and everything that follows from it: noising, the loss, the steps back.

    The schedule is computed and kept in float64, and cast to the images' type where it is used. In float32,
    1 - alphas_cumprod would have only four correct digits at t = 0.

    Args:
        num_timesteps: number of noising steps T.
        beta_start, beta_end: variance added by the first and by the last step; linear in between.
    Attributes:
        betas, alphas_cumprod: (T,) buffers, float64.
    Raises: ValueError for T below 1, variances that do not satisfy 0 < beta_start <= beta_end < 1, or so many or so
        large ones that nothing of an image is left, from which no sampler comes back.
    Source: Ho et al. 2020, section 4 for the schedule.
    """

    def __init__(self, num_timesteps: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02) -> None:
        super().__init__()
        check_positive_int("num_timesteps", num_timesteps)
        check_number("beta_start", beta_start)
        check_number("beta_end", beta_end)
        if not 0 < beta_start <= beta_end < 1:
            raise ValueError(
                f"beta_start, beta_end are {beta_start}, {beta_end}; allowed: 0 < beta_start <= beta_end < 1"
            )
        self.num_timesteps = int(num_timesteps)
        betas = torch.linspace(beta_start, beta_end, self.num_timesteps, dtype=torch.float64)
        alphas_cumprod = torch.cumprod(1 - betas, dim=0)
        if values_are_free_to_read(alphas_cumprod) and not alphas_cumprod[-1] >= torch.finfo(torch.float32).tiny:
            raise ValueError(
                f"num_timesteps, beta_start, beta_end are {num_timesteps}, {beta_start}, {beta_end}, which leave "
                f"{alphas_cumprod[-1]:.1e} of an image; allowed: what float32 can tell from 0, at least 1.2e-38"
            )
        # not saved with a model's weights: the three numbers above say it all
        self.register_buffer("betas", betas, persistent=False)
        self.register_buffer("alphas_cumprod", alphas_cumprod, persistent=False)

    def _apply(self, fn: Callable, recurse: bool = True) -> "DDPM":
        # .to(device) moves the schedule; .half() and the like must not round it
        exact = dict(self._buffers)
        try:
            super()._apply(fn, recurse)
            moved = {name: table.to(self._buffers[name].device) for name, table in exact.items()}
            # what came back unchanged in type was moved right, also from where there are no numbers (the device "meta")
            self._buffers.update(
                {name: table for name, table in moved.items() if self._buffers[name].dtype != table.dtype}
            )
        except TypeError:  # Apple's GPUs have no float64: the schedule stays where it is, see per_image
            self._buffers.update(exact)
        return self

    # ---- forward: from image to noise ----

    def add_noise(self, clean: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Jump straight to time t: sqrt(alpha-bar_t) clean + sqrt(1 - alpha-bar_t) noise.

        Shapes: clean, noise (B, C, H, W), t (B,) int64 from 0 to T-1 -> (B, C, H, W).
        Raises: ValueError for shapes that differ, a whole number's type, and, where t can be read at once (on the CPU),
            for a t outside that range.
        Source: Ho et al. 2020, equation 4.
        """
        check_same_shape("noise", noise, "clean", clean)
        t = self.checked_times("t", t, clean)
        # how much of the image is left at each image's own time: the root of alpha-bar, (B, 1, 1, 1)
        signal = per_image(self.alphas_cumprod, t, clean).sqrt()
        # how much noise there is: the root of 1 - alpha-bar, (B, 1, 1, 1)
        sigma = per_image(1 - self.alphas_cumprod, t, clean).sqrt()
        # that much of the image, plus that much of the noise
        return signal * clean + sigma * noise

    def sample_times(self, batch_size: int, generator: torch.Generator | None = None) -> Tensor:
        """(batch_size,) times drawn evenly from 0 to T-1, on the generator's device."""
        device = "cpu" if generator is None else generator.device
        return torch.randint(self.num_timesteps, (batch_size,), generator=generator, device=device)

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
        """Mean squared error between the noise that was added and the noise the model sees.

        Args:
            model: called as model(x_t, t, labels), predicts the noise.
            images: clean images (B, C, H, W) in [-1, 1]; labels: (B,) or None.
            generator: draws the times first, then the noise.
            t, noise: (B,) and (B, C, H, W), to use these instead of drawing.
        Returns: a scalar; 1 on average for a model that predicts zero everywhere.
        Raises: ValueError for images of a whole number's type, and a model's answer of another shape than the images.
        Source: Ho et al. 2020, equation 14 (L_simple) and algorithm 1.
        """
        check_floating("images", images)
        # a random time for every image, unless times were given: self.sample_times
        if t is None:
            t = self.sample_times(len(images), generator)
        t = t.to(images.device)
        # fresh noise for every pixel, unless it was given: fresh_noise
        if noise is None:
            noise = fresh_noise(images, generator)
        # jump to these times
        x_t = self.add_noise(images, t, noise)
        # ask the model what was added
        eps = model(x_t, t, labels)
        check_same_shape("model's answer", eps, "the images", noise)
        # compare, pixel by pixel
        return F.mse_loss(eps, noise)

    # ---- reverse: from noise to image ----

    def predict_clean(self, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        """Turn a prediction of the noise into one of the clean image: add_noise solved for clean.

        Shapes: x_t, eps (B, C, H, W), t (B,) -> (B, C, H, W), not clipped.
        Source: Ho et al. 2020, equation 15.
        """
        check_same_shape("eps", eps, "x_t", x_t)
        t = self.checked_times("t", t, x_t)
        # how much image and how much noise there is at each image's own time, as in add_noise
        signal = per_image(self.alphas_cumprod, t, x_t).sqrt()
        sigma = per_image(1 - self.alphas_cumprod, t, x_t).sqrt()
        # take the noise away, then bring what is left back to full strength
        return (x_t - sigma * eps) / signal

    def step(
        self,
        x_t: Tensor,
        t: Tensor,
        eps: Tensor,
        noise: Tensor | None = None,
        clip_denoised: bool = True,
    ) -> Tensor:
        """One ancestral step back, from t to t - 1: a draw from q(x_{t-1} | x_t, clean) at the predicted clean image.

        Args:
            x_t, eps: (B, C, H, W); t: (B,) int64 from 0 to T-1.
            noise: (B, C, H, W); None draws it. Images at t = 0 get none.
            clip_denoised: clip the predicted clean image to [-1, 1] first.
        Returns: (B, C, H, W), the images at time t - 1 (at t = 0: the predicted clean image).
        Source: Ho et al. 2020, equations 6 and 7, with the smaller variance (beta-tilde).
        """
        t = self.checked_times("t", t, x_t)
        # what the clean image seems to be; clipped, if asked for
        clean = self.predict_clean(x_t, t, eps)
        if clip_denoised:
            clean = clean.clamp(-1, 1)
        # alpha-bar and 1 - alpha-bar, now and one step earlier (1 and 0 before the first): alpha_bar_and_sigma2
        _, sigma2 = self.alpha_bar_and_sigma2(t, x_t)
        alpha_bar_prev, sigma2_prev = self.alpha_bar_and_sigma2(t - 1, x_t)
        # the variance that this step had added, on the way to noise
        beta = per_image(self.betas, t, x_t)
        # equation 7, the mean: the clean image and x_t, each with its weight
        mean = (alpha_bar_prev.sqrt() * beta * clean + (1 - beta).sqrt() * sigma2_prev * x_t) / sigma2
        # equation 7, the variance (beta-tilde): exactly zero at t = 0
        variance = beta * sigma2_prev / sigma2
        # the mean, and noise of that variance
        if noise is None:
            noise = fresh_noise(x_t, None)
        check_same_shape("noise", noise, "x_t", x_t)
        return mean + variance.sqrt() * noise

    def ddim_step(
        self,
        x_t: Tensor,
        t: Tensor,
        t_prev: Tensor,
        eps: Tensor,
        eta: float = 0.0,
        noise: Tensor | None = None,
        clip_denoised: bool = True,
    ) -> Tensor:
        """One DDIM step, from t straight to any earlier t_prev.

        Args:
            x_t, eps: (B, C, H, W); t: (B,) int64 from 0 to T-1; t_prev: (B,) int64 from -1 (the clean image) to T-1.
            eta: 0 is deterministic (and may also go forward in time), 1 adds as much noise as the ancestral step.
            noise: (B, C, H, W), used where eta > 0; None draws it.
            clip_denoised: clip the predicted clean image to [-1, 1]; the direction towards x_t keeps the model's own
                eps. (`sample` passes the eps that fits the clipped image instead.)
        Raises: ValueError for times out of range, or eta outside [0, 1].
        Source: Song, Meng and Ermon 2021, equations 12 and 16.
        """
        check_number("eta", eta, "from 0 (deterministic) to 1 (ancestral)")
        if not 0 <= eta <= 1:
            raise ValueError(f"eta is {eta}; allowed: from 0 (deterministic) to 1 (ancestral)")
        t, t_prev = self.checked_times("t", t, x_t), self.checked_times("t_prev", t_prev, x_t, lowest=-1)
        if eta > 0 and values_are_free_to_read(t) and (t_prev >= t).any():
            raise ValueError(f"t_prev is {t_prev.tolist()}; allowed with eta above 0: earlier than t, {t.tolist()}")
        # what the clean image seems to be; clipped, if asked for
        clean = self.predict_clean(x_t, t, eps)
        if clip_denoised:
            clean = clean.clamp(-1, 1)
        # alpha-bar and 1 - alpha-bar, at t and at t_prev (1 and 0 at t_prev = -1): alpha_bar_and_sigma2
        alpha_bar, sigma2 = self.alpha_bar_and_sigma2(t, x_t)
        alpha_bar_prev, sigma2_prev = self.alpha_bar_and_sigma2(t_prev, x_t)
        # equation 16, squared: the variance of the fresh noise
        variance = eta**2 * (sigma2_prev / sigma2) * (sigma2 - alpha_bar / alpha_bar_prev * sigma2_prev)
        # equation 12: the clean image, and the predicted noise with what the fresh noise leaves of 1 - alpha-bar
        x_prev = alpha_bar_prev.sqrt() * clean + (sigma2_prev - variance).clamp(min=0).sqrt() * eps
        # fresh noise, only where eta is above 0
        if eta > 0:
            noise = fresh_noise(x_t, None) if noise is None else noise
            check_same_shape("noise", noise, "x_t", x_t)
            x_prev = x_prev + variance.sqrt() * noise
        return x_prev

    def sample_steps(
        self,
        model: Model,
        shape: tuple[int, ...],
        labels: Tensor | None = None,
        *,
        method: str = "ddpm",
        num_steps: int | None = None,
        guidance_scale: float = 1.0,
        generator: Generators | None = None,
        clip_denoised: bool = True,
        noise: Tensor | None = None,
    ) -> Iterator[SamplerState]:
        """`sample` as a generator that yields every state, the starting noise first: num_steps + 1 in all."""
        if method not in ("ddpm", "ddim"):
            raise ValueError(f"method is {method!r}; allowed: 'ddpm' or 'ddim'")
        times = self.sampling_times(self.num_timesteps if num_steps is None else num_steps)
        check_number("guidance_scale", guidance_scale)
        start = starting_noise(model, shape, generator, noise)
        labels = labels_for(shape, labels, start.device)
        predict = in_its_precision(model)

        @torch.no_grad()
        def walk(x: Tensor) -> Iterator[SamplerState]:
            yield SamplerState(times[0], x, None)
            for now, then in zip(times, [*times[1:], -1], strict=True):
                t, t_prev = (torch.full((len(x),), time, device=x.device) for time in (now, then))
                eps = guided_prediction(predict, x, t, labels, guidance_scale)
                clean = self.predict_clean(x, t, eps)
                if clip_denoised:
                    # clipping changes what the noise must have been: without this, DDIM carries the excess along
                    clean = clean.clamp(-1, 1)
                    eps = self.noise_left(x, t, clean)
                # what is clipped already, the steps may clip again
                if method == "ddpm" and then == now - 1:
                    x = self.step(x, t, eps, fresh_noise(x, generator), clip_denoised)
                elif method == "ddpm":  # several times at once: eta = 1 is the ancestral step
                    x = self.ddim_step(x, t, t_prev, eps, 1.0, fresh_noise(x, generator), clip_denoised)
                else:
                    x = self.ddim_step(x, t, t_prev, eps, clip_denoised=clip_denoised)
                yield SamplerState(then, x, clean)

        return walk(start)

    @with_signature_of(sample_steps)
    def sample(self, *args: object, **options: object) -> Tensor:
        """Draw images: start from noise and walk back to the clean image.

        The arguments are those of `sample_steps`.

        Args:
            model: called as model(x, t, labels), predicts the noise. Put it in evaluation mode first.
            shape: (B, C, H, W) of the images; labels: (B,) or None.
            method: "ddpm" (ancestral, random) or "ddim" (deterministic).
            num_steps: model calls at guidance 1, from 1 to T; None for all T. Fewer than T are spread evenly, the
                first at T-1.
            guidance_scale: see `guided_prediction`.
            generator: its first draw is the starting noise. A list of one for each image gives each image its own
                noise, whatever it is drawn beside.
            clip_denoised: clip every predicted clean image to [-1, 1], and go on with the noise that fits the clipped
                image (as in Dhariwal and Nichol's code; diffusers calls it use_clipped_model_output).
            noise: (B, C, H, W), to start here instead.
        Returns: (B, C, H, W), within [-1, 1] where clip_denoised.
        Raises: ValueError for an unknown method or a number of steps out of range.
        Source: Ho et al. 2020, algorithm 2; Song et al. 2021, section 4.
        """
        return last_image(self.sample_steps(*args, **options))

    def sampling_times(self, num_steps: int) -> list[int]:
        """The times a sampler with `num_steps` model calls visits, latest first: evenly spaced, the first T-1.

        Cut 0 ... T into `num_steps` equal parts; a time is the upper end of a part, rounded to the nearest whole
        number, minus 1 (t counts from 0). The last step then goes from the last of them to the clean image, at -1.

        Raises: ValueError unless `num_steps` is a whole number from 1 to T.
        Source: Lin et al. 2024, table 2, "trailing".

        >>> DDPM(num_timesteps=1000).sampling_times(4)
        [999, 749, 499, 249]
        """
        allowed = f"a whole number from 1 to num_timesteps, {self.num_timesteps}"
        check_positive_int("num_steps", num_steps, allowed)
        if num_steps > self.num_timesteps:
            raise ValueError(f"num_steps is {num_steps}; allowed: {allowed}")
        # the upper end of each part, the highest first: T * num_steps / num_steps, then T * (num_steps - 1) / num_steps
        ends = [self.num_timesteps * (num_steps - i) / num_steps for i in range(num_steps)]
        # to the nearest whole number, and one less, because t counts from 0
        return [round(end) - 1 for end in ends]

    # ---- helpers ----

    def noise_left(self, x_t: Tensor, t: Tensor, clean: Tensor) -> Tensor:
        """The noise in x_t if `clean` is the image under it: add_noise solved for noise."""
        alpha_bar, sigma2 = self.alpha_bar_and_sigma2(t, x_t)
        return (x_t - alpha_bar.sqrt() * clean) / sigma2.sqrt()

    def checked_times(self, name: str, t: Tensor | int | Sequence[int], x: Tensor, lowest: int = 0) -> Tensor:
        """Times as a (B,) tensor on the images' device, from a tensor, a list, or one number for the whole batch."""
        check_floating("clean or x_t", x)
        if isinstance(t, numbers.Integral) and not isinstance(t, bool):
            t = torch.full((len(x),), int(t), device=x.device)
        elif isinstance(t, list | tuple) and all(isinstance(time, numbers.Integral) for time in t):
            t = torch.tensor([int(time) for time in t], device=x.device)
        check_vector(name, t, len(x))
        check_integers(name, t, lowest, self.num_timesteps - 1)
        return t.long().to(x.device)

    def alpha_bar_and_sigma2(self, t: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """alpha-bar and 1 - alpha-bar at each image's time; exactly 1 and 0 at t = -1, the clean image."""
        at_clean = (t < 0).reshape(-1, *[1] * (x.ndim - 1))
        alpha_bar = per_image(self.alphas_cumprod, t.clamp(min=0), x)
        sigma2 = per_image(1 - self.alphas_cumprod, t.clamp(min=0), x)
        return alpha_bar.masked_fill(at_clean, 1.0), sigma2.masked_fill(at_clean, 0.0)
