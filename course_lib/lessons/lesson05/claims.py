"""What lesson 05 states, proven: attention: scales, heads, positions."""

import inspect

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import SelfAttention
from course_lib.lessons.lesson05.explore_attention import LAYERS, explore_attention, noisy_bag, queries_keys_values
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.explore_noising import image_of_class, noise_of
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.self_attention import attention_weights, merge_heads, split_heads


def keys_that_count(scale: float) -> float:
    """Of 64 keys, in a new SelfAttention(256), by the entropy of the weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention, x = SelfAttention(256), torch.randn(8, 256, 8, 8)
    with torch.no_grad():
        q, k, _ = split_heads(attention.qkv(attention.norm(x)), 4)
    weights = torch.softmax(q @ k.transpose(-1, -2) / scale, dim=-1)
    return float((-(weights * weights.clamp_min(1e-30).log()).sum(-1)).exp().mean())


@claim("9 of 64 keys would count in yours without the division, 61 with it")
def a_new_block_has_smaller_queries() -> bool:
    return (round(keys_that_count(1)), round(keys_that_count(8))) == (9, 61)


@claim("Its variance is `d`, so it typically lies `sqrt(d)` away from zero.")
def the_variance_of_a_dot_product_is_d() -> bool:
    q, k = torch.randn(2, 40_000, 64, generator=torch.Generator().manual_seed(0))
    return abs(float((q * k).sum(1).var()) / 64 - 1) < 0.03


class OverTheQueries(SelfAttention):
    """The block with softmax over the wrong axis."""

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = split_heads(self.qkv(self.norm(x)), self.num_heads)
        weights = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, dim=-2)
        return x + self.proj(merge_heads(weights @ v, *x.shape[-2:]))


def coloured_pixels(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Maps of pixels with one of three colours and a value each, and the mean value of every pixel's colour."""
    colours = F.one_hot(torch.randint(3, (count, 64), generator=generator)).float()
    values = torch.randn(count, 64, 1, generator=generator)
    means = colours.transpose(1, 2) @ values / colours.sum(dim=1)[..., None]
    maps = torch.cat([colours, values], dim=-1).transpose(1, 2)
    return maps.reshape(count, 4, 8, 8), (colours @ means).reshape(count, 1, 8, 8)


@claim(
    "a small one, trained with it for seconds, still learns to give every pixel the mean of all that have its colour."
)
def softmax_over_the_wrong_axis_can_be_learned_around() -> bool:
    """An error of 1 is that of the plain mean. Without attention, pixel by pixel, training ends at 0.96."""
    generator = torch.Generator().manual_seed(1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = nn.Sequential(nn.Conv2d(4, 32, 1), OverTheQueries(32), nn.Conv2d(32, 1, 1))
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(200):
        maps, wanted = coloured_pixels(16, generator)
        loss = F.mse_loss(network(maps), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        maps, wanted = coloured_pixels(200, generator)
        return float(F.mse_loss(network(maps), wanted) / wanted.var()) < 0.05


@claim("Its time runs from 0 (clean) to 1 (nothing but noise), and here t is 0.3.")
def the_explorer_counts_time_from_0_to_1() -> bool:
    clean, noise = image_of_class(8), noise_of(0)
    starts = inspect.signature(explore_attention).parameters["t"].default
    return starts == 0.3 and torch.equal(noisy_bag(0.0), clean) and torch.equal(noisy_bag(1.0), noise)


@claim(
    "Behind a `transpose` that order is no longer the one in memory",
    "to put two such axes into one, `reshape` makes a copy, and `view` refuses.",
)
def reshape_reads_in_the_order_of_the_axes() -> bool:
    tiny = torch.arange(6).reshape(2, 3)
    tiny.T.view(3, 2, 1)  # no two axes become one: it may
    try:
        tiny.T.view(6)
    except RuntimeError:
        return tiny.T.reshape(6).tolist() == [0, 3, 1, 4, 2, 5]
    return False


@claim(
    "The bag is 20 of the 64 pixels.",
    "between 52 and 83 % of their weight to the bag; pixels of the background give it between 10 and 29 %.",
    "in the middle of the bag, gives the bag 17 % in head 0, and 62 to 75 % in the other three.",
)
def pixels_of_the_bag_hear_the_bag() -> bool:
    qkv, heads = queries_keys_values(0.3, "decoder.0.attentions.1")
    q, k, _ = split_heads(qkv, heads)
    bag = F.adaptive_avg_pool2d(image_of_class(8)[:, :1], 8).flatten() > 0
    to_bag = (100 * attention_weights(q, k)[0, :, :, bag].sum(-1)).round(decimals=2)
    of_bag, of_background = to_bag[:, bag].mean(1), to_bag[:, ~bag].mean(1)
    began = to_bag[:, 4 * 8 + 4].round().tolist()
    ends = [float(edge.round()) for part in (of_bag, of_background) for edge in (part.min(), part.max())]
    middle = bag.reshape(8, 8)[3:6, 3:6].all()
    return bool(middle) and int(bag.sum()) == 20 and (ends, began) == ([52, 83, 10, 29], [17, 75, 72, 62])


@claim("in its head 2, at t = 0.3, all 64 pixels look first at one and the same place, in the lowest row.")
def in_the_middle_all_look_at_one_place() -> bool:
    qkv, heads = queries_keys_values(0.3, "mid_attention")
    q, k, _ = split_heads(qkv, heads)
    place = attention_weights(q, k)[0, 2].argmax(dim=-1).unique()
    return len(place) == 1 and int(place) // 8 == 7


@claim("So it has four attentions: one in the encoder, one in the middle, two in the decoder.")
def the_shipped_network_has_four_attentions() -> bool:
    model = shipped_model("flow").model
    found = [name for name, part in model.named_modules() if isinstance(part, SelfAttention)]
    blocks = [len(level.resblocks) for level in (*model.encoder, *model.decoder)]
    return found[-1] in LAYERS and sorted(found) == sorted(LAYERS) and blocks == [1, 1, 1, 2, 2, 2]


@claim("Before the first attention, at 8x8, every pixel has heard from the border.")
def every_pixel_at_8x8_has_heard_from_the_border() -> bool:
    """Means over windows of a picture of ones, through the convolutions of the document's encoder as far as 8x8."""
    h, window = torch.ones(1, 1, 32, 32, dtype=torch.float64), torch.ones(1, 1, 3, 3, dtype=torch.float64) / 9
    for stride in (1, *(1, 1, 1, 1, 2) * 2):
        h = F.conv2d(h, window, padding=1, stride=stride)
    return tuple(h.shape[-2:]) == (8, 8) and bool((h < 1 - 1e-9).all())


@claim("One number for each *pair* of pixels")
def weights_are_pairs() -> bool:
    return tuple((torch.zeros(64, 16) @ torch.zeros(64, 16).T).shape) == (64, 64)


@claim("The map has 4 times as many pixels, the matrix 16 times as many numbers.")
def twice_the_side_is_sixteen_times_the_matrix() -> bool:
    return ((32 * 32) // (16 * 16), (32 * 32) ** 2 // (16 * 16) ** 2) == (4, 16)


@claim("Two in the encoder, one in the middle, three in the decoder. With the option, five more at 16x16.")
def six_attentions_and_five_more() -> bool:
    from course_lib import UNet

    counts = []
    for resolutions in ((8,), (16, 8)):
        with torch.device("meta"):
            model = UNet(base_channels=16, attention_resolutions=resolutions)
        counts.append(sum(isinstance(part, SelfAttention) for part in model.modules()))
    return counts == [6, 11]


@claim(
    "256 channels become four groups of `d = 64`, and each group attends by itself.",
    "With four heads `N` and `d` are both 64 there.",
)
def four_heads_of_64() -> bool:
    q, _, _ = split_heads(torch.zeros(2, 3 * 256, 8, 8), 4)
    return tuple(q.shape) == (2, 4, 64, 64)


@claim("From 8x8 to 32x32 there are 16 times as many pixels.")
def sixteen_times_the_pixels_are_256_times_the_pairs() -> bool:
    return (32 * 32 // (8 * 8), (32 * 32) ** 2 // (8 * 8) ** 2) == (16, 256)


@claim("All scores of a row are equal, so all weights are 1/N:")
def equal_keys_get_equal_weights() -> bool:
    q, key = torch.randn(2, 1, 4, 64, 16, generator=torch.Generator().manual_seed(0))
    return torch.allclose(attention_weights(q, key[:, :, :1].expand_as(q)), torch.tensor(1 / 64))
