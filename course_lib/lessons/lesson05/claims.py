"""What lesson 05 states, proven: attention: scales, heads, positions."""

import inspect
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import SelfAttention
from course_lib.document import FORWARD_PASS
from course_lib.flow_matching import TIME_SCALE
from course_lib.lessons.lesson05.explore_attention import LAYERS, explore_attention, noisy_bag, queries_keys_values
from course_lib.lessons.lesson05.figures import bytes_kept_for_gradients, entropy, one_row_of_weights
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.explore_noising import image_of_class, noise_of
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.self_attention import attention_weights, merge_heads, split_heads
from course_lib.tracing import trace


def keys_that_count(scale: float) -> float:
    """Of 64 keys, in a new SelfAttention(256), by the entropy of the weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention, x = SelfAttention(256), torch.randn(8, 256, 8, 8)
    with torch.no_grad():
        q, k, _ = split_heads(attention.qkv(attention.norm(x)), 4)
    weights = torch.softmax(q @ k.transpose(-1, -2) / scale, dim=-1)
    return float((-(weights * weights.clamp_min(1e-30).log()).sum(-1)).exp().mean())


@claim("when it is new, about 9 of 64 keys would count without the division, 61 with it.")
def a_new_block_has_smaller_queries() -> bool:
    return (round(keys_that_count(1)), round(keys_that_count(8))) == (9, 61)


@claim(
    "Their dot product is a sum of `d` random numbers of variance 1.",
    "Its variance is `d`, so it typically lies `sqrt(d)` away from zero.",
)
def the_variance_of_a_dot_product_is_d() -> bool:
    q, k = torch.randn(2, 40_000, 64, generator=torch.Generator().manual_seed(0))
    products = q * k
    each = float((products.var(0) - 1).abs().mean())  # 64 numbers, each from 40,000 draws
    return each < 0.03 and abs(float(products.sum(1).var()) / 64 - 1) < 0.03


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


def error_after_training_over_the_queries(seed: int) -> float:
    """Of a small network on new maps. An error of 1 is that of the plain mean."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Conv2d(4, 32, 1), OverTheQueries(32), nn.Conv2d(32, 1, 1))
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(120):
        maps, wanted = coloured_pixels(8, generator)
        loss = F.mse_loss(network(maps), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        maps, wanted = coloured_pixels(200, generator)
        return float(F.mse_loss(network(maps), wanted) / wanted.var())


@claim(
    "a small one, trained with it for seconds (three times, from other beginnings), still learns to give every pixel "
    "the mean of all that have its colour."
)
def softmax_over_the_wrong_axis_can_be_learned_around() -> bool:
    """Without attention, pixel by pixel, the same training ends at 0.96."""
    return max(error_after_training_over_the_queries(seed) for seed in (1, 2, 3)) < 0.05


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
    "In this layer, at t = 0.3, they do not.",
    "The bag is 20 of the 64 pixels.",
    "For this one picture and this one noise its pixels give, on average and depending on the head, "
    "between 38 and 77 % of their weight to the bag; pixels of the background give it between 14 and 36 %, "
    "and in each head at most about half as much.",
    "in the middle of the bag, gives the bag 28 % in head 0, and 74 to 79 % in the other three.",
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
    half = bool((of_background < 0.51 * of_bag).all())
    return bool(middle) and half and int(bag.sum()) == 20 and (ends, began) == ([38, 77, 14, 36], [28, 74, 78, 79])


@claim(
    "in its head 1, at t = 0.3 and for this noise, 63 of the 64 pixels look first at the lowest row, and 53 of them at "
    "one and the same place; with 29 other noises at least 61 look first at that row."
)
def in_the_middle_nearly_all_look_at_the_lowest_row() -> bool:
    trained, seen = shipped_model("flow"), []
    attention = trained.model.mid_attention
    hook = attention.qkv.register_forward_hook(lambda module, inputs, output: seen.append(output))
    noise, t = torch.cat([noise_of(seed) for seed in range(30)]), torch.full((30,), 0.3)
    try:
        with torch.no_grad():
            noisy = trained.process.interpolate(image_of_class(8).expand_as(noise), t, noise)
            trained.model(noisy, TIME_SCALE * t, torch.full((30,), 8))
    finally:
        hook.remove()
    shown = torch.equal(noisy[:1], noisy_bag(0.3))  # the first of the noises is that of the explorer
    q, k, _ = split_heads(seen[0], attention.num_heads)
    first = attention_weights(q, k)[:, 1].argmax(dim=-1)
    lowest, places = (first // 8 == 7).sum(1), first[0].bincount(minlength=64)
    at_one_place = (int(places.max()), int(places.argmax()) // 8) == (53, 7)
    return shown and at_one_place and int(lowest[0]) == 63 and int(lowest.min()) >= 61


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


@claim(
    "The map has 4 times as many pixels, the matrix 16 times as many numbers.",
    "The number of parameters stays: 1x1 convolutions do not depend on the size of the image.",
)
def twice_the_side_is_sixteen_times_the_matrix() -> bool:
    """One attention takes both maps, so it has no parameter that knows their size."""
    attention, weights = SelfAttention(8, num_heads=1), []
    for side in (16, 32):
        q, k, _ = split_heads(attention.qkv(torch.zeros(1, 8, side, side)), 1)
        weights.append(attention_weights(q, k).numel())
    return ((32 * 32) // (16 * 16), weights[1] // weights[0]) == (4, 16)


@claim(
    "no attention stands between the blocks at 16x16.",
    "The six attentions that the map at the top marks stand at 8x8.",
    "Two in the encoder, one in the middle, three in the decoder. With the option, five more at 16x16.",
)
def six_attentions_and_five_more() -> bool:
    from course_lib import UNet

    counts = []
    for resolutions in ((8,), (16, 8)):
        with torch.device("meta"):
            rows = trace(UNet(base_channels=16, attention_resolutions=resolutions))
        found = [row for row in rows if row.kind == "SelfAttention"]
        sections = [sum(row.section == one for row in found) for one in ("ENCODER", "MIDDLE", "DECODER")]
        counts.append((sections, [sum(row.output[-1] == side for row in found) for side in (8, 16)]))
    return counts == [([2, 1, 3], [6, 0]), ([4, 1, 6], [6, 5])]


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


def heard_by(layer: Callable[[Tensor], Tensor], channels: int, row: int, column: int) -> Tensor:
    """Which pixels of an 8x8 map the output at (row, column) depends on: (8, 8), by the gradient."""
    x = torch.randn(1, channels, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    layer(x)[0, :, row, column].square().sum().backward()
    return x.grad[0].abs().sum(0) > 0


@claim(
    "A 3x3 convolution shows each pixel its neighbours, and no one else.",
    "Think of the smallest feature map in our network, 8x8.",
    "One attention does in a single layer what takes convolutions a whole stack.",
)
def a_convolution_hears_its_neighbours_and_attention_everyone() -> bool:
    smallest = min(step.output[-1] for step in FORWARD_PASS if len(step.output) == 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        convolutions = [nn.Conv2d(8, 8, 3, padding=1) for _ in range(7)]
        attention = SelfAttention(8, num_heads=1)
    attention.norm = nn.Identity()  # a norm hears the whole map as well
    one = heard_by(convolutions[0], 8, 4, 4)
    counts = [int(heard_by(nn.Sequential(*convolutions[:count]), 8, 7, 7).sum()) for count in (1, 6, 7)]
    nine = int(one.sum()) == 9 and bool(one[3:6, 3:6].all())
    return smallest == 8 and nine and counts == [4, 49, 64] and bool(heard_by(attention, 8, 7, 7).all())


@claim("GroupNorm, too, looks at the whole image, because it takes its mean.", "the same thing about the rest.")
def a_norm_tells_all_pixels_the_same() -> bool:
    """Where one far pixel changes, all others are scaled and moved by the same two numbers."""
    norm, x = nn.GroupNorm(1, 8), torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    other = x.clone()
    other[..., 0, 0] += 5
    before, after = (norm(one)[0].flatten(1)[:, 1:].flatten().detach() for one in (x, other))
    line = torch.stack([before, torch.ones_like(before)], dim=1)
    left = after - line @ torch.linalg.lstsq(line, after[:, None]).solution[:, 0]
    return bool(heard_by(norm, 8, 7, 7).all()) and float((after - before).abs().max()) > 0.1 > 1e-4 > float(left.std())


@claim(
    "64 if all weights are equal, 1 if one key gets everything.)",
    "Almost all keys get almost nothing, and a weight that is nearly zero passes nearly no gradient.",
    "With it, the width of the head hardly makes a difference.",
)
def the_root_of_d_keeps_the_weights_spread() -> bool:
    """A weight's gradient with respect to any score is at most the weight itself."""
    ends = [float(entropy(row)) for row in (torch.full((64,), 1 / 64), F.one_hot(torch.tensor(5), 64).float())]
    count = {
        scaled: [float(entropy(one_row_of_weights(d, scaled, 400)).mean()) for d in (16, 64, 256)]
        for scaled in (True, False)
    }
    rows = one_row_of_weights(64, False, 400)
    scores = rows.clamp_min(1e-30).log().requires_grad_()
    weights = scores.softmax(-1)
    passed = torch.autograd.functional.jacobian(lambda one: one.softmax(-1), scores[0].detach()).abs().amax(1)
    bounded = bool((passed <= weights[0].detach() + 1e-7).all())
    nearly_nothing = float((rows < 1e-3).float().mean())
    level = max(count[True]) / min(count[True]) < 1.1 and max(count[False]) / min(count[False]) > 3
    return [round(end, 3) for end in ends] == [64, 1] and level and bounded and nearly_nothing > 0.8


@claim("One 1x1 convolution makes queries, keys and values at once:")
def one_convolution_makes_all_three() -> bool:
    qkv = SelfAttention(256).qkv
    return (qkv.kernel_size, qkv.in_channels, qkv.out_channels) == ((1, 1), 256, 3 * 256)


@claim("before it, head 0 can only write into the first `d` channels.")
def a_head_writes_into_its_own_channels() -> bool:
    h = torch.zeros(1, 4, 64, 16)
    h[:, 0] = 1.0
    merged = merge_heads(h, 8, 8)
    return bool((merged[:, :16] == 1).all()) and not bool(merged[:, 16:].any())


@claim(
    "A 1x1 convolution treats every pixel by itself, so it does not care in which shape the pixels stand.",
    "With 3x3 kernels the order would matter: in one row, pixels have lost their neighbours above and below.",
)
def one_by_one_kernels_do_not_mind_the_shape() -> bool:
    x, unchanged = torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(0)), []
    for size in (1, 3):
        conv = nn.Conv2d(8, 8, size, padding=size // 2)
        in_one_row = conv(x.reshape(1, 8, 1, 64)).reshape(1, 8, 8, 8)
        unchanged.append(torch.allclose(conv(x), in_one_row, atol=1e-5))
    return unchanged == [True, False]


@claim(
    "A head could then only ask about what lies in its own quarter.",
    "Here every query is made from all 256 channels.",
)
def a_query_is_made_from_all_channels() -> bool:
    """Made from its own d channels, by a convolution of four groups, it would be made from 64."""
    x, counts = torch.randn(1, 256, 2, 2, generator=torch.Generator().manual_seed(0)), []
    for conv in (SelfAttention(256).qkv, nn.Conv2d(256, 3 * 256, 1, groups=4)):
        x = x.detach().requires_grad_()
        conv(x)[:, :64].square().sum().backward()
        counts.append(int((x.grad.abs().sum((0, 2, 3)) > 0).sum()))
    return counts[0] == 256 and counts[1] < 256


@claim(
    "The three shapes with heads, (4, 4, 64, 64), are equal, because `N = H*W` and `d = C / heads` are both 64 here."
)
def three_shapes_are_equal_where_n_is_d() -> bool:
    found = []
    for side in (8, 4):
        q, k, v = split_heads(torch.zeros(4, 3 * 256, side, side), 4)
        weights = attention_weights(q, k)
        found.append(len({q.shape, weights.shape, (weights @ v).shape}))
    return found == [1, 2]


@claim(
    "the weights of the two images take 34 MB at 32x32, and 0.13 MB at 8x8.",
    "`heads x N x N` numbers an image, for each attention.",
    "That part does grow with N²",
)
def training_keeps_the_weights() -> bool:
    """What is kept at 32x32 beyond 16 times what 8x8 keeps is the matrices.

    Where the time goes was measured once, on two cores of a server: 1.8 ns a score at 8x8, and at 32x32 19 to 23 ns,
    with 25,000 pages of memory asked for in each call; 7 ns where the memory was kept from call to call.
    """
    heads, batch, kept = 4, 2, []
    attention = SelfAttention(64, heads)
    for side in (8, 32):
        x = torch.randn(batch, 64, side, side, requires_grad=True)
        kept.append(bytes_kept_for_gradients(attention, x))
    matrices = [4 * batch * heads * side**4 for side in (8, 32)]
    others = [all_of_it - matrix for all_of_it, matrix in zip(kept, matrices, strict=True)]
    as_told = [round(matrices[0] / 1e6, 2), round(matrices[1] / 1e6)] == [0.13, 34]
    return as_told and others[0] > 0 and abs(others[1] / others[0] / 16 - 1) < 0.05


@claim("It also has convolutions and a norm, and those grow with N, not with N².", "gives the same output without")
def the_kernel_gives_the_same_output() -> bool:
    """Its multiply-adds at 32x32 beyond 16 times those of the convolutions at 8x8 are the products of attention."""
    q, k, v = torch.randn(3, 2, 4, 64, 16, generator=torch.Generator().manual_seed(0))
    same = torch.allclose(F.scaled_dot_product_attention(q, k, v), attention_weights(q, k) @ v, atol=1e-5)
    work = []
    for side in (8, 32):
        with torch.device("meta"):
            attention, x = SelfAttention(64), torch.zeros(1, 64, side, side)
        with FlopCounterMode(display=False) as counter:
            attention(x)
        by_kind = {str(kind): count for kind, count in counter.get_flop_counts()["Global"].items()}
        work.append((sum(n for kind, n in by_kind.items() if "convolution" in kind), sum(by_kind.values())))
    convolutions, others = work[1][0] / work[0][0], (work[1][1] - work[1][0]) / (work[0][1] - work[0][0])
    return same and (convolutions, others) == (16, 256)


@claim(
    "The same, up to rounding. Attention sees an unordered *heap* of pixels:",
    "A convolution would be lost:",
    "What is equal everywhere stays equal everywhere.",
)
def attention_does_not_know_the_order() -> bool:
    generator = torch.Generator().manual_seed(0)
    x, order = torch.randn(2, 8, 8, 8, generator=generator), torch.randperm(64, generator=generator)

    def put(maps: Tensor, places: Tensor) -> Tensor:
        return maps.flatten(2)[:, :, places].reshape(maps.shape)

    off = []
    for layer in (SelfAttention(8, num_heads=2).double(), nn.Conv2d(8, 8, 3, padding=1).double()):
        plain = layer(x.double()).detach()
        shuffled = put(layer(put(x.double(), order)).detach(), order.argsort())
        off.append(float((shuffled - plain).abs().max()))
    same = torch.full((1, 8, 8, 8), 0.7) + torch.arange(8.0).reshape(1, 8, 1, 1)
    told = [nn.GroupNorm(2, 8)(same).detach(), same + torch.randn(1, 8, 1, 1, generator=generator)]
    stays = all(float((maps - maps[..., :1, :1]).abs().max()) < 1e-5 for maps in told)
    return off[0] < 1e-12 < 0.1 < off[1] and stays


@claim("With shared weights all heads would gather from the same pixels, and several heads would be worth one.")
def heads_with_shared_weights_are_one() -> bool:
    generator = torch.Generator().manual_seed(0)
    weights, v = torch.rand(1, 1, 64, 64, generator=generator), torch.randn(1, 4, 64, 16, generator=generator)
    four = merge_heads(weights.expand(1, 4, 64, 64) @ v, 8, 8)
    one = merge_heads(weights @ v.transpose(1, 2).reshape(1, 1, 64, 64), 8, 8)
    return torch.allclose(four, one, atol=1e-4)


@claim(
    "It returns x, unchanged. Yes: the gradient of `proj` itself is not zero, so it moves at the first step, and the "
    "rest follows."
)
def a_block_whose_last_layer_is_zero_still_learns() -> bool:
    attention, x = SelfAttention(8, num_heads=2), torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    nn.init.zeros_(attention.proj.weight)
    nn.init.zeros_(attention.proj.bias)
    unchanged, moved = torch.equal(attention(x), x), []
    for _ in range(2):
        attention.zero_grad()
        (attention(x) - x.flip(1)).square().mean().backward()
        moved.append([bool(layer.weight.grad.any()) for layer in (attention.proj, attention.qkv)])
        with torch.no_grad():
            attention.proj.weight -= 0.1 * attention.proj.weight.grad
    return unchanged and moved == [[True, False], [True, True]]
