"""What a trained network can do beside drawing: change pictures, fill holes, mix, and show two things at once.

Both methods share one picture of what a network says: x at time t is `signal * clean + sigma * noise`, and the network
splits x into these two. Here t runs from 0, the clean image, to 1, pure noise, in both methods; a DDPM's time t is its
step round(1000 t) - 1. A deterministic step of either sampler puts the two parts together again in the shares of an
earlier time.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.ddpm import DDPM
from course_lib.flow_matching import TIME_SCALE, FlowMatching
from course_lib.guidance import Model, guided_prediction
from course_lib.validation import at_least_float32

# what a network sees in x at time t: (clean, noise), each shaped like x
Split = Callable[[Tensor, float], tuple[Tensor, Tensor]]
# the shares of both at time t: (signal, sigma), two numbers
Strengths = Callable[[float], tuple[float, float]]
# a change of images that keeps their shape: a blur, a turn
Change = Callable[[Tensor], Tensor]


# ---- both methods in one form ----


def strengths_of(process: DDPM | FlowMatching) -> Strengths:
    """How much of the clean image and of the noise there is at time t, from 0 (clean) to 1 (noise).

    Flow matching: (1 - t, t). DDPM: the roots of alpha-bar and of 1 - alpha-bar at step round(T t) - 1, and (1, 0) at
    t = 0.
    """

    def strengths(t: float) -> tuple[float, float]:
        if isinstance(process, FlowMatching):
            return 1 - t, t
        index = round(process.num_timesteps * t) - 1
        alpha_bar = 1.0 if index < 0 else float(process.alphas_cumprod[index])
        return alpha_bar**0.5, (1 - alpha_bar) ** 0.5

    return strengths


def split_of(
    process: DDPM | FlowMatching, model: Model, labels: Tensor | None = None, guidance_scale: float = 1.0
) -> Split:
    """The network as a function split(x, t): which clean image and which noise it sees in x at time t.

    Not clipped. At t = 0 a DDPM's network is asked at its first step.

    Args:
        model: of that process, in evaluation mode; labels (B,) or None; guidance_scale: as in `guided_prediction`.
    """
    strengths = strengths_of(process)

    @torch.no_grad()
    def split(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        if isinstance(process, FlowMatching):
            times = torch.full((len(x),), TIME_SCALE * t, dtype=at_least_float32(x), device=x.device)
            velocity = guided_prediction(model, x, times, labels, guidance_scale)
            # the two ends of the straight line through x
            return x - t * velocity, x + (1 - t) * velocity
        signal, sigma = strengths(t)
        index = max(0, round(process.num_timesteps * t) - 1)
        times = torch.full((len(x),), index, device=x.device)
        eps = guided_prediction(model, x, times, labels, guidance_scale)
        return (x - sigma * eps) / signal, eps

    return split


def walk(split: Split, strengths: Strengths, x: Tensor, times: Sequence[float]) -> Tensor:
    """Walk from one time to the next, without drawing any noise: a sampler of both methods, in either direction.

    With times that fall from 1 to 0 it draws. With flow matching that is Euler's method, with a DDPM it is DDIM without
    clipping. With times that rise it finds the noise that an image comes from.

    Args:
        split: split(x, t) is what the network sees in x at time t: (clean, noise).
        strengths: strengths(t) is (signal, sigma), the shares of both at time t.
        x: images at the first of the times.
        times: from 0 (clean) to 1 (noise), one more than there are steps; a single one is no step.
    Shapes: x (B, C, H, W) -> (B, C, H, W), the images at the last of the times.
    Source: Song, Meng and Ermon 2021, equation 12 without fresh noise; Karras et al. 2022, algorithm 1, line 5.
    """
    # from each time to the one after it
    for t, t_next in pairwise(times):
        # what the network sees in x: a clean image and noise
        clean, noise = split(x, t)
        # both together again, in the shares of the next time
        signal, sigma = strengths(t_next)
        x = signal * clean + sigma * noise
    return x


def redraw(
    split: Split, strengths: Strengths, images: Tensor, noise: Tensor, strength: float, num_steps: int = 10
) -> Tensor:
    """Noise images up to time `strength`, and walk back: what was small is drawn anew, what was large stays.

    Args:
        split, strengths: as for `walk`.
        images: clean, in [-1, 1]; noise: standard normal.
        strength: the time to begin at. Near 0 nearly nothing changes, at 1 nothing of the image is left (with a
            DDPM, nearly nothing).
        num_steps: equal steps from there to 0, each one call of `split`.
    Shapes: images, noise (B, C, H, W) -> (B, C, H, W).
    Source: Meng et al. 2022 (SDEdit), section 3.
    """
    # the images with as much noise as belongs to that time
    signal, sigma = strengths(strength)
    x = signal * images + sigma * noise
    # num_steps + 1 times, evenly from there down to 0
    times = [strength * (1 - i / num_steps) for i in range(num_steps + 1)]
    # walk along them
    return walk(split, strengths, x, times)


def noise_further(strengths: Strengths, x: Tensor, noise: Tensor, t: float, t_later: float) -> Tensor:
    """Add noise to images that have some: from time t to the noisier time t_later.

    The noise that x holds fades with the image, by the same factor. Fresh noise makes up what is missing: variances of
    independent noises add up, so it is the root of a difference of squares.

    Args:
        strengths: strengths(t) is (signal, sigma), the shares of clean image and noise at time t.
        x: images at time t, and t below 1; noise: standard normal, independent of x.
        t_later: from t to 1; at t itself x stays as it is.
    Shapes: x, noise (B, C, H, W) -> (B, C, H, W), images at time t_later.
    Source: Kingma et al. 2021 (variational diffusion models), appendix A.
    """
    # the shares at both times
    signal, sigma = strengths(t)
    signal_later, sigma_later = strengths(t_later)
    # by which factor the image fades on the way, and with it all of x
    fade = signal_later / signal
    # what is missing of the later noise: its variance, less that of the faded one (not below 0 by rounding)
    missing = max(0.0, sigma_later**2 - (fade * sigma) ** 2) ** 0.5
    # x as it has faded, and that much fresh noise
    return fade * x + missing * noise


def keep_known(strengths: Strengths, x: Tensor, t: float, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    """Where the image is known, put it back, as noisy as it should be at time t; elsewhere leave x.

    Args:
        strengths: strengths(t) is (signal, sigma), the shares of clean image and noise at time t.
        x: images on their way, at time t.
        known: clean images; what they hold outside the mask does not matter.
        mask: True where the image is known; its shape may be any that stretches to that of x.
        noise: standard normal.
    Shapes: x, known, noise (B, C, H, W), mask bool (B, C, H, W) or (1, 1, H, W) -> (B, C, H, W).
    Source: Lugmayr et al. 2022 (RePaint), equation 8.
    """
    # the known image, noised to time t
    signal, sigma = strengths(t)
    noisy = signal * known + sigma * noise
    # that where the mask is True, x where it is not
    return torch.where(mask, noisy, x)


def slerp(start: Tensor, end: Tensor, share: float) -> Tensor:
    """Walk along the arc of a sphere from `start` to `end`, each image on its own.

    Of two noises of one length everything between them has that length, too. A straight line cuts through the inside.
    Images of zeros have no direction: what comes is nan.

    Args:
        share: how much of the way: 0 is start, 1 is end.
    Shapes: start, end (B, C, H, W) -> (B, C, H, W).
    Source: Shoemake 1985, section 3.3; Song, Meng and Ermon 2021, appendix D.5.
    """
    # each image as one long vector: (B, C*H*W)
    a, b = start.flatten(1), end.flatten(1)
    # the cosine of the angle between the two of each row: (B, 1)
    cosine = (a * b).sum(dim=1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True))
    # not quite zero, where sin(angle) would be, and the weights 0 / 0
    angle = torch.acos(cosine.clamp(-1, 1)).clamp(min=1e-3)
    # the two weights: sin((1 - share) * angle) / sin(angle), and sin(share * angle) / sin(angle)
    weight_a = torch.sin((1 - share) * angle) / torch.sin(angle)
    weight_b = torch.sin(share * angle) / torch.sin(angle)
    # the weighted sum, in the shape of the images
    return (weight_a * a + weight_b * b).reshape(start.shape)


def two_views(split: Split, other_split: Split, turn: Change, turn_back: Change) -> Split:
    """A split that sees one thing in x as it stands and another in x turned: their mean, as x stands.

    Args:
        split: sees x as it stands; other_split: sees turn(x).
        turn: moves pixels about, such as half a turn; turn_back: undoes it.
    Returns: a function split(x, t) that gives (clean, noise), each shaped like x. It calls both once.
    Source: Geng, Park and Owens 2024 (Visual Anagrams), section 3.
    """

    def both(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        # what the first sees
        clean, noise = split(x, t)
        # what the other sees in the turned picture, turned back
        other_clean, other_noise = other_split(turn(x), t)
        other_clean, other_noise = turn_back(other_clean), turn_back(other_noise)
        # the mean of the two, for the clean image and for the noise
        return (clean + other_clean) / 2, (noise + other_noise) / 2

    return both


def hybrid(far_split: Split, near_split: Split, blur: Change) -> Split:
    """A split whose coarse part is what one network call sees, and whose fine part is what another one sees.

    Args:
        far_split: gives what one sees from far away, blur(...) of it.
        near_split: gives what one sees from near by, the rest, that which blur takes away.
        blur: keeps the coarse part of images.
    Returns: a function split(x, t) that gives (clean, noise), each shaped like x. It calls both once.
    Source: Geng, Park and Owens 2024 (Factorized Diffusion), section 3.
    """

    def both(x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        # what each of the two sees: (clean, noise)
        far, near = far_split(x, t), near_split(x, t)
        # for both parts: the coarse of the first, and of the second what is not coarse
        clean, noise = (blur(a) + b - blur(b) for a, b in zip(far, near, strict=True))
        return clean, noise

    return both


def gaussian_blur(images: Tensor, width: float) -> Tensor:
    """Each pixel becomes a mean of its surroundings, weighted by a bell curve of standard deviation `width` pixels.

    Beyond the border the outermost pixels go on. Width 0 changes nothing.

    Shapes: (B, C, H, W) -> (B, C, H, W).
    Raises: ValueError for a negative width.
    """
    if not width >= 0:
        raise ValueError(f"width is {width}; allowed: 0 or more pixels")
    if width == 0:
        return images
    reach = int(4 * width + 0.5)
    places = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    bell = torch.exp(-0.5 * (places / width) ** 2)
    bell = bell / bell.sum()
    channels = images.shape[1]
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    # a bell in two dimensions is a product of two in one: first across, then down
    across = F.conv2d(padded, bell.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(across, bell.reshape(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
