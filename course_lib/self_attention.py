"""Self-attention: let every pixel ask every other pixel (the document, section 5)."""

import math

import torch
from torch import Tensor, nn

from course_lib.group_norm import group_norm
from course_lib.validation import check_channels, check_positive_int


# Multi-head attention of Vaswani et al. 2017, section 3.2, over the N = H*W pixels of a feature map.
class SelfAttention(nn.Module):
    """Every pixel gathers from all pixels what its query finds in their keys, and adds it to itself.

    The document's shape table reshapes before projecting, its drawing projects first. With 1x1 convolutions both give
    the same numbers; here the projection comes first.

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
        B, C, H, W = x.shape
        # GroupNorm, then one 1x1 convolution makes queries, keys and values: (B, 3C, H, W)
        qkv = self.qkv(self.norm(x))
        # three tensors, the channels split into heads, the pixels in one row: 3 times (B, heads, N, d)
        q, k, v = qkv.reshape(B, 3, self.num_heads, C // self.num_heads, H * W).transpose(-1, -2).unbind(dim=1)
        # how much each query (row) attends to each key (column), rows summing to one: (B, heads, N, N)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1)
        # each pixel's weighted mean of all values, then back to an image: (B, heads, N, d) -> (B, C, H, W)
        h = (weights @ v).transpose(-1, -2).reshape(B, C, H, W)
        # project, and add to what came in
        return x + self.proj(h)
