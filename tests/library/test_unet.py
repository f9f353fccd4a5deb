"""The whole network: it hears time and class, it equals the network of diffusers, its skips are last in, first out."""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, perturb, randn, relative_difference
from torch import Tensor, nn

from course_lib import ResidualBlock, UNet

WIDTHS = [16, 24, 32, 40, 48, 64]


def small_unet(base_channels: int = 16, **options: object) -> UNet:
    torch.manual_seed(base_channels)
    return UNet(base_channels=base_channels, num_res_blocks=1, image_size=16, **options).eval()


@pytest.fixture(scope="module")
def default_unet() -> UNet:
    torch.manual_seed(0)
    return perturb(UNet()).eval()


def block_inputs(unet: UNet, x: Tensor, t: Tensor, labels: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """What every residual block of the network is given in one pass, by the block's name."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    hooks = [
        block.register_forward_hook(lambda _block, inputs, _output, name=name: seen.update({name: inputs}))
        for name, block in unet.named_modules()
        if isinstance(block, ResidualBlock)
    ]
    with torch.no_grad():
        unet(x, t, labels)
    for hook in hooks:
        hook.remove()
    return seen


def block_responses(unet: UNet, to: str) -> dict[str, float]:
    """How much each block's output changes, its feature map held fixed, when the time or the class changes.

    Holding the map fixed matters: otherwise a block that hears nothing would pass on what an earlier one heard.
    """
    x = randn(2, 3, 16, 16, dtype=torch.float32)
    t, labels = torch.tensor([5, 100]), torch.tensor([1, 8])
    before = block_inputs(unet, x, t, labels)
    after = block_inputs(unet, x, t + 800 if to == "time" else t, (labels + 3) % 10 if to == "class" else labels)
    blocks = dict(unet.named_modules())
    with torch.no_grad():
        return {
            name: relative_difference(blocks[name](h, after[name][1]), blocks[name](h, emb))
            for name, (h, emb) in before.items()
        }


@pytest.mark.parametrize("to", ["time", "class"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_residual_blocks_output_changes_with_time_and_class_at_every_width(width: int, to: str) -> None:
    responses = block_responses(small_unet(width), to)
    assert len(responses) == 3 * 1 + 2 + 3 * 2
    assert min(responses.values()) > 1e-3, responses


@pytest.mark.parametrize("to", ["time", "class"])
def test_with_one_channel_a_group_every_block_is_deaf(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_lib.residual_block.group_norm", lambda channels: nn.GroupNorm(channels, channels))
    unet = small_unet(32)
    responses = block_responses(unet, to)
    assert max(responses.values()) < 1e-5, responses
    x, t, labels = randn(2, 3, 16, 16, dtype=torch.float32), torch.tensor([5, 100]), torch.tensor([1, 8])
    with torch.no_grad():
        assert relative_difference(unet(x, t + 800, labels + 1), unet(x, t, labels)) < 1e-4


@pytest.mark.parametrize("width", WIDTHS)
def test_the_whole_output_changes_with_time_and_class_at_every_width(width: int) -> None:
    unet = small_unet(width)
    x, t, labels = randn(1, 3, 16, 16, dtype=torch.float32), torch.tensor([5]), torch.tensor([1])
    with torch.no_grad():
        before = unet(x, t, labels)
        assert relative_difference(unet(x, t + 800, labels), before) > 1e-3
        assert relative_difference(unet(x, t, labels + 1), before) > 1e-3


# ---- against diffusers ----


class PreciseTimeProjection(nn.Module):
    """The document's code in float64 (diffusers always computes it in float32)."""

    def forward(self, t: Tensor) -> Tensor:
        angles = t.double()[:, None] * torch.exp(-math.log(10000) * torch.arange(128, dtype=torch.float64) / 128)
        return torch.cat([angles.sin(), angles.cos()], dim=1)


def copy_layer(theirs: nn.Module, ours: nn.Module, copied: set[nn.Parameter]) -> None:
    """Copy one convolution, linear layer, norm or table; a 1x1 convolution may stand for a linear layer."""
    for name, parameter in theirs.named_parameters():
        source = getattr(ours, name)
        parameter.data.copy_(source.data.reshape(parameter.shape))
        copied.add(source)


def copy_resblock(theirs: nn.Module, ours: ResidualBlock, copied: set[nn.Parameter]) -> None:
    names = ["norm1", "conv1", "norm2", "conv2"]
    for theirs_layer, ours_layer in [
        *((getattr(theirs, name), getattr(ours, name)) for name in names),
        (theirs.time_emb_proj, ours.emb_proj),
        *([(theirs.conv_shortcut, ours.skip_conv)] if theirs.conv_shortcut is not None else []),
    ]:
        copy_layer(theirs_layer, ours_layer, copied)


def copy_attention(theirs: nn.Module, ours: nn.Module, copied: set[nn.Parameter]) -> None:
    copy_layer(theirs.group_norm, ours.norm, copied)
    copy_layer(theirs.to_out[0], ours.proj, copied)
    weights, biases = ours.qkv.weight[:, :, 0, 0].chunk(3), ours.qkv.bias.chunk(3)
    for layer, weight, bias in zip((theirs.to_q, theirs.to_k, theirs.to_v), weights, biases, strict=True):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)
    copied.update(ours.qkv.parameters())


def diffusers_twin(ours: UNet) -> nn.Module:
    """diffusers' UNet2DModel with our weights, our embedding width and our numbers of groups."""
    diffusers = pytest.importorskip("diffusers")
    embeddings = pytest.importorskip("diffusers.models.embeddings")
    theirs = diffusers.UNet2DModel(
        sample_size=32,
        block_out_channels=(64, 128, 256),
        layers_per_block=2,
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        freq_shift=0,
        flip_sin_to_cos=False,
        norm_eps=1e-5,
        downsample_padding=1,
        attention_head_dim=64,
        num_class_embeds=10,
    )
    # the document's sinusoids are as wide as the embedding; diffusers' are base_channels wide
    theirs.time_proj = embeddings.Timesteps(256, flip_sin_to_cos=False, downscale_freq_shift=0)
    theirs.time_embedding = embeddings.TimestepEmbedding(256, 256)
    for module in theirs.modules():
        if isinstance(module, nn.GroupNorm):
            channels = module.num_channels
            module.num_groups = max(g for g in range(1, 33) if channels % g == 0 and channels // g >= 4)

    copied: set[nn.Parameter] = set()
    copy_layer(theirs.time_embedding.linear_1, ours.time_embed.linear1, copied)
    copy_layer(theirs.time_embedding.linear_2, ours.time_embed.linear2, copied)
    copy_layer(theirs.class_embedding, ours.class_embed.embedding, copied)
    copy_layer(theirs.conv_in, ours.conv_in, copied)
    for their_levels, our_levels in [(theirs.down_blocks, ours.encoder), (theirs.up_blocks, ours.decoder)]:
        for their_level, our_level in zip(their_levels, our_levels, strict=True):
            for their_block, our_block in zip(their_level.resnets, our_level.resblocks, strict=True):
                copy_resblock(their_block, our_block, copied)
            attentions = getattr(their_level, "attentions", [])
            for their_attention, our_attention in zip(attentions, our_level.attentions, strict=bool(attentions)):
                copy_attention(their_attention, our_attention, copied)
            resamplers = getattr(their_level, "downsamplers", None) or getattr(their_level, "upsamplers", None) or []
            for resampler in resamplers:
                copy_layer(resampler.conv, our_level.resample.conv, copied)
    copy_resblock(theirs.mid_block.resnets[0], ours.mid_resblock1, copied)
    copy_attention(theirs.mid_block.attentions[0], ours.mid_attention, copied)
    copy_resblock(theirs.mid_block.resnets[1], ours.mid_resblock2, copied)
    copy_layer(theirs.conv_norm_out, ours.norm_out, copied)
    copy_layer(theirs.conv_out, ours.conv_out, copied)

    # nothing was forgotten on either side
    assert copied == set(ours.parameters())
    assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in ours.parameters())
    return theirs.eval()


def test_the_default_network_equals_that_of_diffusers_in_float32(default_unet: UNet) -> None:
    theirs = diffusers_twin(default_unet)
    x, t, labels = randn(2, 3, 32, 32, dtype=torch.float32), torch.tensor([0, 999]), torch.tensor([3, 9])
    with torch.no_grad():
        assert relative_difference(default_unet(x, t, labels), theirs(x, t, labels).sample) < 1e-4
        theirs.class_embedding = None
        assert relative_difference(default_unet(x, t), theirs(x, t).sample) < 1e-4


def test_the_default_network_equals_that_of_diffusers_in_float64_on_a_wide_image() -> None:
    torch.manual_seed(1)
    ours = perturb(UNet()).double().eval()
    theirs = diffusers_twin(ours).double()
    theirs.time_proj = PreciseTimeProjection()
    x, t, labels = randn(2, 3, 12, 20), torch.tensor([1.0, 642.5], dtype=torch.float64), torch.tensor([0, 7])
    with torch.no_grad():
        assert relative_difference(ours(x, t, labels), theirs(x, t, labels).sample) < 1e-12


# ---- wiring ----


def forward_with_nine_skips_by_index(unet: UNet, x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
    """The document's trace, every skip named by the order in which it was made: s[0] first, s[8] last."""
    emb = unet.time_embed(t) + unet.class_embed(labels)
    e0, e1, e2 = unet.encoder
    s: list[Tensor] = [unet.conv_in(x)]
    s.append(e0.resblocks[0](s[0], emb))
    s.append(e0.resblocks[1](s[1], emb))
    s.append(e0.resample(s[2]))
    s.append(e1.resblocks[0](s[3], emb))
    s.append(e1.resblocks[1](s[4], emb))
    s.append(e1.resample(s[5]))
    s.append(e2.attentions[0](e2.resblocks[0](s[6], emb)))
    s.append(e2.attentions[1](e2.resblocks[1](s[7], emb)))

    h = unet.mid_resblock2(unet.mid_attention(unet.mid_resblock1(s[8], emb)), emb)

    d0, d1, d2 = unet.decoder
    h = d0.attentions[0](d0.resblocks[0](torch.cat((h, s[8]), 1), emb))
    h = d0.attentions[1](d0.resblocks[1](torch.cat((h, s[7]), 1), emb))
    h = d0.attentions[2](d0.resblocks[2](torch.cat((h, s[6]), 1), emb))
    h = d0.resample(h)
    h = d1.resblocks[0](torch.cat((h, s[5]), 1), emb)
    h = d1.resblocks[1](torch.cat((h, s[4]), 1), emb)
    h = d1.resblocks[2](torch.cat((h, s[3]), 1), emb)
    h = d1.resample(h)
    h = d2.resblocks[0](torch.cat((h, s[2]), 1), emb)
    h = d2.resblocks[1](torch.cat((h, s[1]), 1), emb)
    h = d2.resblocks[2](torch.cat((h, s[0]), 1), emb)
    return unet.conv_out(F.silu(unet.norm_out(h)))


def test_forward_uses_nine_skips_last_in_first_out(default_unet: UNet) -> None:
    x, t, labels = randn(2, 3, 16, 24, dtype=torch.float32), torch.tensor([3, 700]), torch.tensor([2, -1])
    with torch.no_grad():
        assert_close(default_unet(x, t, labels), forward_with_nine_skips_by_index(default_unet, x, t, labels))


def test_decoder_blocks_receive_the_channels_of_the_documents_skips(default_unet: UNet) -> None:
    received = [[block.conv1.in_channels for block in level.resblocks] for level in default_unet.decoder]
    assert received == [
        [256 + 256, 256 + 256, 256 + 128],
        [256 + 128, 128 + 128, 128 + 64],
        [128 + 64, 64 + 64, 64 + 64],
    ]


def test_no_labels_at_all_equals_minus_one_for_every_image(default_unet: UNet) -> None:
    x, t = randn(3, 3, 8, 8, dtype=torch.float32), torch.tensor([0, 500, 999])
    with torch.no_grad():
        assert_close(default_unet(x, t), default_unet(x, t, torch.full((3,), -1)))


def test_the_label_or_time_of_one_image_changes_only_that_images_output(default_unet: UNet) -> None:
    x, t, labels = randn(3, 3, 8, 8, dtype=torch.float32), torch.tensor([5, 500, 999]), torch.tensor([1, 2, 3])
    other_labels, other_t = torch.tensor([1, -1, 3]), torch.tensor([5, 20, 999])
    with torch.no_grad():
        before = default_unet(x, t, labels)
        for after in (default_unet(x, t, other_labels), default_unet(x, other_t, labels)):
            assert_close(after[[0, 2]], before[[0, 2]])
            assert relative_difference(after[1], before[1]) > 1e-3


def test_an_image_gets_the_same_answer_alone_and_in_a_batch(default_unet: UNet) -> None:
    x, t, labels = randn(3, 3, 8, 8, dtype=torch.float32), torch.tensor([5, 500, 999]), torch.tensor([1, -1, 3])
    with torch.no_grad():
        batch = default_unet(x, t, labels)
        for i in range(3):
            alone = default_unet(x[i : i + 1], t[i : i + 1], labels[i : i + 1])
            assert relative_difference(batch[i : i + 1], alone) < 1e-5


def test_evaluation_mode_is_reproducible_and_training_mode_drops_values() -> None:
    unet = small_unet(dropout=0.3)
    x, t, labels = randn(2, 3, 16, 16, dtype=torch.float32), torch.tensor([5, 500]), torch.tensor([1, 2])
    with torch.no_grad():
        first = unet(x, t, labels)
        torch.rand(7)  # the global random numbers play no part
        assert_close(unet(x, t, labels), first)
        unet.train()
        assert relative_difference(unet(x, t, labels), unet(x, t, labels)) > 1e-3


def test_attention_stands_at_the_named_resolutions_and_in_the_middle() -> None:
    unet = UNet(base_channels=16, attention_resolutions=(16, 8))
    found = [name for name, module in unet.named_modules() if type(module).__name__ == "SelfAttention"]
    assert found == [
        *(f"encoder.{level}.attentions.{i}" for level in (1, 2) for i in (0, 1)),
        "mid_attention",
        *(f"decoder.{level}.attentions.{i}" for level in (0, 1) for i in (0, 1, 2)),
    ]
