"""The course's UNet as a UNet2DModel of diffusers. This file lies beside the weights and is loaded with them.

The layers are diffusers' own. Three numbers are others than its configuration can say: the time's sinusoids are as wide
as the embedding, every GroupNorm has at least four channels a group, every attention has the same number of heads.
"""

import torch
from diffusers import UNet2DModel
from diffusers.configuration_utils import register_to_config
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.unets.unet_2d import UNet2DOutput
from torch import Tensor, nn


class CourseUNet(UNet2DModel):
    """Predicts noise (DDPM) or velocity (flow matching). The arguments are those of course_lib.UNet.

    Shapes: sample (B, in_channels, H, W), timestep one number or (B,), class_labels (B,) int64 or None.
    """

    @register_to_config
    def __init__(
        self,
        in_channels: int = 3,
        base_channels: int = 64,
        channel_mults: tuple[int, ...] = (1, 2, 4),
        num_res_blocks: int = 2,
        attention_resolutions: tuple[int, ...] = (8,),
        image_size: int = 32,
        num_classes: int = 10,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        with_attention = [image_size // 2**level in attention_resolutions for level in range(len(channel_mults))]
        emb_dim = 4 * base_channels
        super().__init__(
            sample_size=image_size,
            in_channels=in_channels,
            out_channels=in_channels,
            block_out_channels=tuple(mult * base_channels for mult in channel_mults),
            layers_per_block=num_res_blocks,
            down_block_types=tuple("AttnDownBlock2D" if has else "DownBlock2D" for has in with_attention),
            up_block_types=tuple("AttnUpBlock2D" if has else "UpBlock2D" for has in reversed(with_attention)),
            attention_head_dim=None,
            norm_num_groups=1,
            dropout=dropout,
            freq_shift=0,
            flip_sin_to_cos=False,
            num_class_embeds=num_classes + 1,  # the last row, of zeros, is "no class"
        )
        self.time_proj = Timesteps(emb_dim, flip_sin_to_cos=False, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(emb_dim, emb_dim)
        for module in self.modules():
            if isinstance(module, nn.GroupNorm):
                module.num_groups = most_groups(module.num_channels)
            elif isinstance(module, Attention):
                module.heads = num_heads
                module.scale = (module.inner_dim // num_heads) ** -0.5
        self.class_label, self.guidance_scale = None, 1.0

    def draw_class(self, class_label: int | None, guidance_scale: float = 1.0) -> None:
        """Whatever calls the network without labels, as a DDPMPipeline does, gets this class from now on, guided."""
        self.class_label, self.guidance_scale = class_label, guidance_scale

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor | float,
        class_labels: Tensor | None = None,
        return_dict: bool = True,
    ) -> UNet2DOutput | tuple[Tensor]:
        if not torch.is_tensor(timestep):
            timestep = torch.tensor(timestep, device=sample.device)  # UNet2DModel would cut off what follows the point
        wanted = -1 if self.class_label is None else self.class_label
        scale = self.guidance_scale if class_labels is None and wanted != -1 else 1.0
        if class_labels is None:
            class_labels = torch.full((len(sample),), wanted, device=sample.device)
        prediction = self.predict(sample, timestep, class_labels)
        if scale != 1:
            without = self.predict(sample, timestep, torch.full_like(class_labels, -1))
            prediction = without + scale * (prediction - without)
        return UNet2DOutput(sample=prediction) if return_dict else (prediction,)

    def predict(self, sample: Tensor, timestep: Tensor, class_labels: Tensor) -> Tensor:
        rows = torch.where(class_labels < 0, self.class_embedding.num_embeddings - 1, class_labels)
        return super().forward(sample, timestep, rows).sample


def most_groups(channels: int) -> int:
    """The largest number of groups, at most 32, that divides the channels and leaves at least four a group."""
    return max([1, *(groups for groups in range(1, 33) if channels % groups == 0 and channels // groups >= 4)])
