"""Take one part out of a UNet that is already built, and leave everything else as it is."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.self_attention import SelfAttention
from course_lib.unet import UNet


class WithoutSkip(nn.Module):
    """A decoder block that is given zeros where the skip lies: same shapes and parameters, no detail from the encoder.

    The convolution's weights on those channels are still there, but nothing can pass through them: GroupNorm turns
    a group of zeros into its bias.
    """

    def __init__(self, block: nn.Module, channels_of_h: int) -> None:
        super().__init__()
        self.block = block
        self.channels_of_h = channels_of_h

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h, skip = x[:, : self.channels_of_h], x[:, self.channels_of_h :]
        return self.block(torch.cat([h, torch.zeros_like(skip)], dim=1), emb)


class ZeroEmbedding(nn.Module):
    """Zeros (B, dim) in place of an embedding: the network is never told."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, values: Tensor) -> Tensor:
        return torch.zeros(len(values), self.dim, device=values.device)


def cut_the_skips(network: UNet) -> None:
    """Every decoder block gets zeros in place of its skip."""
    channels = network.mid_resblock2.conv2.out_channels
    for level in network.decoder:
        for index, block in enumerate(level.resblocks):
            level.resblocks[index] = WithoutSkip(block, channels)
            channels = block.conv2.out_channels


def hide_the_time(network: UNet) -> None:
    """The embedding holds the class alone."""
    network.time_embed = ZeroEmbedding(network.time_embed.linear2.out_features)


def hide_the_class(network: UNet) -> None:
    """The embedding holds the time alone."""
    network.class_embed = ZeroEmbedding(network.class_embed.embedding.embedding_dim)


def remove_attention(network: UNet) -> None:
    """No attention anywhere, the middle included."""
    replace_modules(network, SelfAttention, lambda attention: nn.Identity())


def one_channel_a_group(network: UNet) -> None:
    """Every GroupNorm has as many groups as channels, and so removes what the embedding adds (lesson 03)."""
    replace_modules(network, nn.GroupNorm, lambda norm: nn.GroupNorm(norm.num_channels, norm.num_channels))


def remove_shortcuts(network: UNet) -> None:
    """Residual blocks without their shortcut: the output of the second convolution, and nothing added to it."""
    for block in network.modules():
        if hasattr(block, "skip_conv"):
            block.skip_conv = NoShortcut()


class NoShortcut(nn.Module):
    """Zero, to be added where the block's input would be."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(())


def replace_modules(network: nn.Module, kind: type, make: Callable[[nn.Module], nn.Module]) -> None:
    """Put `make(module)` in the place of every module of this kind."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kind):
                setattr(parent, name, make(child))
