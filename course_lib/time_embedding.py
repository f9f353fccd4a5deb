"""Time embedding: from one number an image to a vector the whole network can use (the document, section 1)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.validation import check_positive_int, check_vector


def embedding_frequencies(
    dim: int, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> Tensor:
    """The frequencies of an embedding of width `dim`, in radians a step: from 1 down towards 1/10000.

    Frequency number i is exp(-log(10000) * i / (dim/2)), which is 1 / 10000^(2i/dim), for i = 0 .. dim/2 - 1. Each is
    the one before, times the same factor. The wider the embedding, the nearer the last one is to 1/10000.

    Args:
        dim: width of the embedding, even. Each frequency serves two columns, a sine and a cosine.
        device: where to put the result; by default where torch puts new tensors.
        dtype: precision of the result; by default torch's own, float32.
    Shapes: () -> (dim/2,).
    Raises: ValueError if `dim` is odd or below 2.
    Source: the document, section 1, "Code", the line that starts with freqs; Vaswani et al. 2017, section 3.5.
    """
    check_even_width("dim", dim)
    # count the pairs of columns
    half = dim // 2
    # number them 0, 1, .. dim/2 - 1 (hand device and dtype on to torch.arange) and divide by dim/2: from 0 to nearly 1
    exponents = torch.arange(half, device=device, dtype=dtype) / half
    # exp(-log(10000) * exponent): from 1 down towards 1/10000
    return torch.exp(-math.log(10000) * exponents)


# The position encoding of Vaswani et al. 2017, section 3.5, with time in place of position.
class SinusoidalPositionEmbedding(nn.Module):
    """Describe each time by sines and cosines of many frequencies, from 1 radian a step down towards 1/10000.

    The document's formula interleaves sines and cosines; its code puts all sines first. The two differ by a fixed
    permutation of the columns. The code's order is used here; `interleave` (exercise 1.3) gives the formula's.

    Args:
        dim: width of the embedding, even.
    Shapes: (B,) -> (B, dim). Times are usually 0 to 999; integers and fractions both work.
    Raises: ValueError if `dim` is odd or below 2, or the input is not a vector.
    Source: the document, section 1; Ho et al. 2020, appendix B.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        check_even_width("dim", dim)
        self.dim = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        check_vector("timesteps", timesteps)
        # one frequency for each pair of columns, (dim/2,), on the device of `timesteps`
        dtype = computed_in(timesteps)
        freqs = embedding_frequencies(self.dim, timesteps.device, dtype)
        # every time multiplied by every frequency: (B, 1) * (1, dim/2) -> (B, dim/2)
        args = timesteps[:, None] * freqs[None, :]
        # all sines first, then all cosines
        return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)


# The time embedding of Ho et al. 2020, appendix B, and the two layers that its code puts behind it.
class TimeEmbedding(nn.Module):
    """A sinusoidal embedding and the small network (Linear, SiLU, Linear) that learns what to make of it.

    Args:
        dim: width of the sinusoidal embedding and of both linear layers, even.
    Attributes:
        sinusoidal: the embedding without parameters.
        linear1, linear2: the first and the second layer, each from width `dim` to width `dim`.
    Shapes: (B,) -> (B, dim).
    Raises: ValueError if `dim` is odd, or the input is not a vector.
    Source: the document, section 1.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        # the sinusoidal embedding of this width
        self.sinusoidal = SinusoidalPositionEmbedding(dim)
        # two linear layers with biases, dim -> dim
        self.linear1 = nn.Linear(dim, dim)
        self.linear2 = nn.Linear(dim, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        # (B,) -> (B, dim)
        h = self.sinusoidal(timesteps).to(self.linear1.weight.dtype)  # in the precision of the layers that follow
        # Linear, SiLU, Linear: (B, dim) -> (B, dim)
        return self.linear2(F.silu(self.linear1(h)))


def computed_in(timesteps: Tensor) -> torch.dtype:
    """The precision of the angles: that of the times where they are fractions, and float32 at least.

    In bfloat16 the numbers near 1000 are four apart, and so would be the times.
    """
    own = timesteps.dtype if timesteps.is_floating_point() else torch.get_default_dtype()
    return torch.promote_types(own, torch.float32)


def check_even_width(name: str, width: int) -> None:
    allowed = "an even width of at least 2 (half sines, half cosines)"
    check_positive_int(name, width, allowed)
    if width % 2:
        raise ValueError(f"{name} is {width}; allowed: {allowed}")
