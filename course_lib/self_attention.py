"""Self-attention: let every pixel ask every other pixel (the document, section 5)."""

import math

import torch
from torch import Tensor, nn

from course_lib.group_norm import group_norm
from course_lib.validation import check_channels, check_positive_int


def split_heads(qkv: Tensor, num_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cut queries, keys and values apart, share their channels out to the heads, and put the pixels in one row.

    The channels of `qkv` are ordered q, k, v, and within each head after head: of 3C channels the first C are queries,
    and the first d of those are the queries of head 0.

    Args:
        qkv: queries, keys and values of every pixel, one behind the other along the channels.
        num_heads: number of heads; each gets d = C / num_heads channels.
    Shapes: (B, 3C, H, W) -> three tensors (B, num_heads, N, d), where N = H*W counts the pixels row by row.
    Raises: ValueError for other than four axes, or channels that cannot be shared out.
    Source: the document, section 5, "Reshape: (B,C,H,W) -> (B,heads,N,d)".

    >>> parts = split_heads(torch.zeros(4, 3 * 256, 8, 8), num_heads=4)
    >>> [tuple(part.shape) for part in parts]
    [(4, 4, 64, 64), (4, 4, 64, 64), (4, 4, 64, 64)]
    """
    check_positive_int("num_heads", num_heads)
    if qkv.ndim != 4 or qkv.shape[1] % (3 * num_heads):
        raise ValueError(f"qkv has shape {tuple(qkv.shape)}; allowed: (B, a multiple of 3 * {num_heads} heads, H, W)")
    B, C, H, W = qkv.shape[0], qkv.shape[1] // 3, qkv.shape[2], qkv.shape[3]
    # name the parts of the channel axis, in the order they lie in, and make one axis of all pixels: (B, 3, heads, d, N)
    qkv = qkv.reshape(B, 3, num_heads, C // num_heads, H * W)
    # one row a pixel: exchange the last two axes, (B, 3, heads, N, d)
    qkv = qkv.transpose(-1, -2)
    # take queries, keys and values apart
    q, k, v = qkv.unbind(dim=1)
    return q, k, v


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """How much each query (row) attends to each key (column): softmax(Q K^T / sqrt(d)).

    Args:
        q, k: queries and keys, one row of d numbers for each pixel.
    Shapes: two times (B, heads, N, d) -> (B, heads, N, N). All weights are positive, and each *row* sums to one.
    Raises: ValueError if queries and keys are not equally wide.
    Source: the document, section 5; Vaswani et al. 2017, equation 1.

    >>> attention_weights(torch.zeros(1, 1, 2, 3), torch.zeros(1, 1, 2, 3)).tolist()
    [[[[0.5, 0.5], [0.5, 0.5]]]]
    """
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"k has shape {tuple(k.shape)}; allowed: rows as wide as those of q, {q.shape[-1]}")
    # the dot product of every query with every key: (B, heads, N, N)
    scores = q @ k.transpose(-1, -2)
    # divide by the root of the width of a head, so that the spread of the scores does not grow with it
    scores = scores / math.sqrt(q.shape[-1])
    # softmax over the keys, so that every query shares out exactly 1
    return torch.softmax(scores, dim=-1)


def merge_heads(h: Tensor, height: int, width: int) -> Tensor:
    """Put the heads' channels one behind the other again, and the pixels back into an image.

    Args:
        h: what every head has gathered for every pixel.
        height, width: of the image; N = height * width.
    Shapes: (B, heads, N, d) -> (B, C, height, width), where C = heads * d, head after head.
    Raises: ValueError for other than four axes, or another number of pixels.
    Source: the document, section 5, "Reshape: (B,heads,N,d) -> (B,C,H,W)".

    >>> tuple(merge_heads(torch.zeros(4, 4, 64, 64), height=8, width=8).shape)
    (4, 256, 8, 8)
    """
    if h.ndim != 4 or h.shape[2] != height * width:
        raise ValueError(f"h has shape {tuple(h.shape)}; allowed: (B, heads, {height} * {width}, d)")
    B, num_heads, _, d = h.shape
    # channels before pixels again: exchange the last two axes, (B, heads, d, N)
    h = h.transpose(-1, -2)
    # heads and d become the channels, N becomes height and width
    return h.reshape(B, num_heads * d, height, width)


# Multi-head attention of Vaswani et al. 2017, section 3.2, over the N = H*W pixels of a feature map.
class SelfAttention(nn.Module):
    """Every pixel gathers from all pixels what its query finds in their keys, and adds it to itself.

    The document's shape table reshapes before projecting, its drawing projects first. Here the projection comes first,
    so that every head is made from all channels.

    Args:
        channels: channels of the input and of the output, divisible by `num_heads`.
        num_heads: number of independent attentions, each over channels / num_heads = d channels.
    Shapes: (B, channels, H, W) -> (B, channels, H, W).
    Raises: ValueError if `channels` is not divisible by `num_heads`, or the input has other channels.
    Source: the document, section 5.

    The rows of `qkv.weight` are ordered q, k, v, and within each head by head: rows 0 to d-1 make head 0's queries.
    """

    def __init__(self, channels: int, num_heads: int = 4) -> None:
        super().__init__()
        check_positive_int("channels", channels)
        check_positive_int("num_heads", num_heads)
        if channels % num_heads:
            raise ValueError(f"channels is {channels}; allowed: a multiple of num_heads, {num_heads}")
        self.num_heads = num_heads
        self.norm = group_norm(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, kernel_size=1)
        self.proj = nn.Conv2d(channels, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        check_channels("x", x, self.proj.in_channels)
        height, width = x.shape[-2:]
        # GroupNorm, then one 1x1 convolution makes queries, keys and values: (B, 3C, H, W)
        qkv = self.qkv(self.norm(x))
        # split them into heads: three tensors (B, heads, N, d)
        q, k, v = split_heads(qkv, self.num_heads)
        # each pixel's weighted mean of all values, head by head: (B, heads, N, N) @ (B, heads, N, d)
        h = attention_weights(q, k) @ v
        # merge the heads into an image again: (B, C, H, W)
        h = merge_heads(h, height, width)
        # project, and add to what came in
        return x + self.proj(h)
