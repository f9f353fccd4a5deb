"""Residual block: find features, and tell every pixel what time and what class it is (the document, section 3).

The document's drawing adds `t_emb[:, :, None, None]`, which has `dim` channels where the feature map has
`out_channels`. `emb_proj` makes them fit; the SiLU before it keeps it from melting into one linear map with the last
layer of the time embedding.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.group_norm import group_norm
from course_lib.validation import check_channels, check_embedding, check_positive_int, check_probability


# The residual block of Ho et al. 2020, appendix B, with the order norm, activation, convolution of He et al. 2016b.
class ResidualBlock(nn.Module):
    """Two convolutions around the addition of the embedding, and a shortcut past both.

    Args:
        in_channels, out_channels: channels of the input and of the output; at least 2 channels must come out.
        emb_dim: width of the embedding.
        dropout: probability of dropping a value before the second convolution, while training.
    Shapes: x (B, in_channels, H, W), emb (B, emb_dim) -> (B, out_channels, H, W).
    Raises: ValueError for other shapes, or a dropout outside [0, 1).
    Source: the document, section 3.
    """

    def __init__(self, in_channels: int, out_channels: int, emb_dim: int, dropout: float = 0.1) -> None:
        super().__init__()
        check_positive_int("in_channels", in_channels)
        check_positive_int("emb_dim", emb_dim)
        check_positive_int("out_channels", out_channels)
        if out_channels < 2:
            raise ValueError(f"out_channels is {out_channels}; allowed: at least 2, or the norm removes the embedding")
        check_probability("dropout", dropout)
        self.norm1 = group_norm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.emb_proj = nn.Linear(emb_dim, out_channels)
        self.norm2 = group_norm(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1)
        if in_channels == out_channels:
            self.skip_conv = nn.Identity()
        else:
            self.skip_conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        check_channels("x", x, self.conv1.in_channels)
        check_embedding("emb", emb, x.shape[0], self.emb_proj.in_features)
        # GroupNorm, SiLU, Conv3x3: (B, in_channels, H, W) -> (B, out_channels, H, W)
        h = self.conv1(F.silu(self.norm1(x)))
        # SiLU and Linear make the embedding fit: (B, out_channels); add it to every pixel
        h = h + self.emb_proj(F.silu(emb))[:, :, None, None]
        # GroupNorm, SiLU, Dropout, Conv3x3: the shape stays
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        # add the shortcut: the input itself, or a 1x1 convolution of it where the channels differ
        h = h + self.skip_conv(x)
        return h
