"""Time embedding: from one number an image to a vector the whole network can use (the document, section 1)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.validation import check_vector


# The position encoding of Vaswani et al. 2017, section 3.5, with time in place of position.
class SinusoidalPositionEmbedding(nn.Module):
    """Describe each time by sines and cosines of many frequencies, from 1 down to nearly 1/10000 radian a step.

    The document's formula interleaves sines and cosines; its code puts all sines first. The two differ by a fixed
    permutation of the columns. The code's order is used here.

    Args:
        dim: width of the embedding, even.
    Shapes: (B,) -> (B, dim). Times are usually 0 to 999; integers and fractions both work.
    Raises: ValueError if `dim` is odd or below 2, or the input is not a vector.
    Source: the document, section 1; Ho et al. 2020, appendix B.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim < 2 or dim % 2:
            raise ValueError(f"dim is {dim}; allowed: an even width of at least 2 (half sines, half cosines)")
        self.dim = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        check_vector("timesteps", timesteps)
        # one frequency for each pair of columns: exp(-log(10000) * i / (dim/2)) for i = 0 .. dim/2 - 1
        half = self.dim // 2
        dtype = timesteps.dtype if timesteps.is_floating_point() else torch.get_default_dtype()
        exponents = torch.arange(half, device=timesteps.device, dtype=dtype) / half
        freqs = torch.exp(-math.log(10000) * exponents)
        # every time multiplied by every frequency: (B, 1) * (1, dim/2) -> (B, dim/2)
        args = timesteps[:, None] * freqs[None, :]
        # all sines first, then all cosines
        return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)


class TimeEmbedding(nn.Module):
    """A sinusoidal embedding and the small network (Linear, SiLU, Linear) that learns what to make of it.

    Args:
        dim: width of the sinusoidal embedding and of both linear layers, even.
    Shapes: (B,) -> (B, dim).
    Raises: ValueError if `dim` is odd, or the input is not a vector.
    Source: the document, section 1.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.sinusoidal = SinusoidalPositionEmbedding(dim)
        self.linear1 = nn.Linear(dim, dim)
        self.linear2 = nn.Linear(dim, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        # (B,) -> (B, dim), in the precision of the layers that follow
        h = self.sinusoidal(timesteps).to(self.linear1.weight.dtype)
        # Linear, SiLU, Linear: (B, dim) -> (B, dim)
        return self.linear2(F.silu(self.linear1(h)))
