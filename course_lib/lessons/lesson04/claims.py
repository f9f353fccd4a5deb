"""What lesson 04 states, proven: sizes, strides, what is seen."""

from itertools import pairwise
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import Downsample, Upsample
from course_lib.data import load_dataset
from course_lib.document import FORWARD_PASS
from course_lib.lessons.lesson04 import figures
from course_lib.lessons.lesson04.figures import (
    SHRINKING,
    TENT,
    Layer,
    best_enlarger,
    enlarged,
    error_with_channels,
    halved_stripes,
    learned_filter,
    looks,
    nyquist_share,
    real_images,
    receptive_fields,
    strided,
    stripes,
)
from course_lib.lessons.shared.claims import claim
from course_lib.tracing import trace
from course_lib.unet import UNet
from course_lib.warm_ups import conv_output_size, overlap_counts


@claim("only one pair halves *every* even size with a kernel of 3.")
def one_stride_and_padding_halve_every_even_size() -> bool:
    halves = [
        (stride, padding)
        for stride in (1, 2, 3, 4)
        for padding in range(6)
        if all(conv_output_size(size, 3, stride, padding) == size // 2 for size in range(4, 66, 2))
    ]
    return halves == [(2, 1)]


@claim("Five of these seven settings halve 32 to 16.", "Many settings halve 32; only one is the document's.")
def five_of_seven_settings_halve() -> bool:
    settings = [(3, 2, 1), (3, 1, 1), (3, 2, 0), (2, 2, 0), (4, 2, 1), (5, 2, 2), (1, 2, 0)]
    return sum(conv_output_size(32, *setting) == 16 for setting in settings) == 5


@claim("Most of the weights of the document's network work at 8x8, with 256 channels.")
def most_weights_work_at_the_bottom() -> bool:
    with torch.device("meta"):
        rows = trace(UNet())
    by_side: dict[int, int] = {}
    for row in rows:
        if len(row.output) == 4:
            by_side[row.output[-1]] = by_side.get(row.output[-1], 0) + row.parameters
    return by_side[8] > sum(by_side.values()) / 2


@claim("Stripes of 0.125 and stripes of 0.375 cycles a pixel have become *the same picture*.")
def two_kinds_of_stripes_become_one() -> bool:
    coarse, fine = (stripes(cycles)[..., ::2, ::2] for cycles in (0.125, 0.375))
    return torch.allclose(coarse, fine, atol=1e-5)


@claim("an average weakens it before the step, blurring weights do so more, the maximum less")
def what_is_too_fine_is_weakened() -> bool:
    small = [halved_stripes(0.375, shrink) for shrink in SHRINKING.values()]
    skipped, maximum, average, blurred = (float(one.max() - one.min()) for one in small)
    return blurred < average < maximum < skipped


@claim(
    "Look at the nine learned numbers: all positive, the largest in the middle.",
    "The search began at a blur, was free to go anywhere, and found very little to improve.",
)
def the_learned_weights_are_a_blur() -> bool:
    pictures = real_images(40)
    weights = learned_filter(pictures, steps=15)

    def lost(way: Layer) -> float:
        return float(
            (enlarged(way(pictures), best_enlarger(way(pictures), pictures)) - pictures).square().mean().sqrt()
        )

    blurred = lost(SHRINKING["3x3 conv, stride 2,\nblurring weights"])
    learned = lost(lambda x: strided(x, weights))
    largest = weights.flatten().argmax() == 4
    return bool((weights > 0).all() and largest) and 0.97 < learned / blurred < 1


@claim("With four times the channels nothing is lost. The step itself destroys nothing; *fewer numbers* do.")
def all_four_numbers_of_a_square_bring_it_back() -> bool:
    errors = [error_with_channels(count) for count in (2, 3, 4)]
    return errors[0] > errors[1] > 0.05 and errors[2] < 1e-6


@claim("It is still five times as many as the picture has")
def room_for_every_detail() -> bool:
    return 64 * 16 * 16 // (3 * 32 * 32) == 5


@claim("the second `a` becomes ¼a + ½a + ¼b = ¾a + ¼b, which is what bilinear means")
def nearest_and_a_tent_are_bilinear() -> bool:
    tent = torch.tensor([1.0, 2.0, 1.0]) / 4
    x = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    ours = F.conv2d(F.interpolate(x, scale_factor=2), torch.outer(tent, tent)[None, None], padding=1)
    wanted = F.interpolate(x, scale_factor=2, mode="bilinear")
    return torch.allclose(ours[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1], atol=1e-6)


@claim("With bilinear built in, no nine weights would bring the repeated squares back.")
def no_3x3_kernel_undoes_bilinear() -> bool:
    x = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wanted = F.interpolate(x, scale_factor=2)[..., 1:-1, 1:-1].flatten()
    windows = F.unfold(F.interpolate(x, scale_factor=2, mode="bilinear"), 3)[0].T
    best = torch.linalg.lstsq(windows, wanted[:, None]).solution[:, 0]
    return bool((windows @ best - wanted).norm() > 0.1 * wanted.norm())


@claim('One of them it leaves to the reader; it is marked "follows".')
def one_line_that_resamples_follows() -> bool:
    return [step.written_out for step in FORWARD_PASS if step.name in ("downsample", "upsample")].count(False) == 1


@claim("The last window is centred at the last even pixel, 30 of 0 to 31, and ends at 31.")
def the_last_row_and_column_of_padding_are_never_seen() -> bool:
    layer = Downsample(1).requires_grad_(False)
    x = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    left_and_top = F.conv2d(F.pad(x, (1, 0, 1, 0)), layer.conv.weight, layer.conv.bias, stride=2)
    return torch.allclose(layer(x), left_and_top, atol=1e-6)


@claim("1 + 2 * 13 = 27 pixels")
def without_downsample_the_encoder_sees_27_pixels() -> bool:
    x = torch.zeros(1, 1, 41, 41, requires_grad=True)
    h = x
    for _ in range(13):
        h = F.conv2d(h, torch.ones(1, 1, 3, 3), padding=1)
    (gradient,) = torch.autograd.grad(h[0, 0, 20, 20], x)
    return int((gradient[0, 0, 20] != 0).sum()) == 27


@claim(
    "The encoder has 13 convolutions 3x3 (`conv_in`, and three levels of two blocks with two each)",
    "The picture has 32.",
)
def the_encoder_has_thirteen_convolutions_that_keep_the_size() -> bool:
    with torch.device("meta"):
        network = UNet()
    found = [
        part.stride
        for side in (network.conv_in, network.encoder)
        for part in side.modules()
        if isinstance(part, torch.nn.Conv2d) and part.kernel_size == (3, 3)
    ]
    return (found.count((1, 1)), found.count((2, 2))) == (13, 2) and 1 + 2 * 13 == 27 < 32


@claim("A window of 3 pixels slides along an axis of 8 pixels.", "It can stand in 6 places:", "8 - 3 + 1.")
def a_window_of_three_stands_in_six_places() -> bool:
    return conv_output_size(8, 3, 1, 0) == F.conv1d(torch.ones(1, 1, 8), torch.ones(1, 1, 3)).shape[-1] == 6


@claim("a block that has moved up from 8x8 would have 16 times as many pixels.", "A picture has 1,024 pixels at 32x32")
def sixteen_times_the_pixels() -> bool:
    return (32 * 32, 8 * 8, 32 * 32 // (8 * 8)) == (1024, 64, 16)


@claim(
    "Two: 28, 14, 7. A third level of halving would meet an odd 7.", "The document has two `Downsample`s, so 28 works;"
)
def twenty_eight_can_be_halved_twice() -> bool:
    h = torch.ones(1, 4, 28, 28)
    for _ in range(2):
        h = Downsample(4)(h)
    try:
        Downsample(4)(h)
    except ValueError:
        return h.shape[-1] == 7
    return False


@claim(
    "One pixel too many, and the skip connection waits with 33. Nothing fails on the way down.",
    "That is why the library's `Downsample` refuses odd sizes on the spot, and why 32 is a friendly number:",
    "it can be halved five times.",
)
def an_odd_size_fails_late_and_downsample_refuses_it_at_once() -> bool:
    skip, down = torch.zeros(1, 4, 33, 33), nn.Conv2d(4, 4, 3, stride=2, padding=1)
    back = F.interpolate(down(skip), scale_factor=2)
    h = torch.zeros(1, 4, 32, 32)
    for _ in range(5):
        h = Downsample(4)(h)
    refused = []
    for fails in (lambda: torch.cat([back, skip], dim=1), lambda: Downsample(4)(skip), lambda: Downsample(4)(h)):
        try:
            fails()
        except (RuntimeError, ValueError) as error:
            refused.append(type(error))
    return (back.shape[-1], h.shape[-1]) == (34, 1) and refused == [RuntimeError, ValueError, ValueError]


@claim(
    "Then look at `conv_output_size(32, 3, 2, padding)` for padding 0 and 1:",
    "one of them loses a pixel.",
)
def without_padding_a_pixel_is_lost() -> bool:
    x, window = torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 3, 3)
    return [F.conv2d(x, window, stride=2, padding=padding).shape[-1] for padding in (0, 1)] == [15, 16]


@claim("Some pixels are looked at four times, others once.", "There is the pattern of section 4.3 again.")
def looks_on_the_way_down_are_overlaps_on_the_way_up() -> bool:
    counts = looks(Downsample(1), side=8)
    # the same pattern written by four pixels, less the padding on the left: the way up has one row more at that end
    along = overlap_counts(4, 3, 2)[1:]
    return {1, 4} <= set(counts.flatten().tolist()) and torch.equal(counts, along[:, None] * along[None])


@claim("the gradient of a strided convolution *is* a transposed convolution.")
def the_gradient_is_a_transposed_convolution() -> bool:
    generator = torch.Generator().manual_seed(0)
    x, weight = (
        torch.randn(2, 3, 9, 9, generator=generator, requires_grad=True),
        torch.randn(5, 3, 3, 3, generator=generator),
    )
    out = F.conv2d(x, weight, stride=2)
    sent = torch.randn(out.shape, generator=generator)
    (gradient,) = torch.autograd.grad((out * sent).sum(), x)
    return torch.allclose(gradient, F.conv_transpose2d(sent, weight, stride=2), atol=1e-5)


@claim("Padding only on the right and at the bottom does not: all windows move by one pixel.")
def padding_at_the_other_sides_moves_every_window() -> bool:
    layer = Downsample(1).requires_grad_(False)
    x = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    moved = F.conv2d(F.pad(x, (0, 1, 0, 1)), layer.conv.weight, layer.conv.bias, stride=2)
    every_pixel = F.conv2d(x, layer.conv.weight, layer.conv.bias, padding=1)
    pairs = (layer(x), every_pixel[..., ::2, ::2]), (moved, every_pixel[..., 1::2, 1::2])
    return all(torch.allclose(*pair, atol=1e-6) for pair in pairs) and not torch.allclose(layer(x), moved, atol=0.1)


@claim("With blurring weights it averages; with a single 1 in the middle it skips.")
def a_strided_convolution_can_average_and_skip() -> bool:
    x, middle = real_images(4), torch.zeros(1, 1, 3, 3)
    middle[..., 1, 1] = 1
    windows = F.unfold(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=2)
    averaged = (windows * TENT.flatten()[:, None]).sum(1) / TENT.sum()
    return torch.equal(strided(x, middle), x[..., ::2, ::2]) and torch.allclose(
        strided(x, TENT[None, None]).flatten(1), averaged, atol=1e-5
    )


@claim("For these pictures a gentle average is close to the best.")
def every_start_of_the_descent_ends_near_a_gentle_average() -> bool:
    """From skipping, from a box and from random numbers: no start finds a filter that loses much less than a blur."""
    pictures, skip = real_images(40), torch.zeros(3, 3)
    skip[1, 1] = 1

    def lost(weight: torch.Tensor) -> torch.Tensor:
        small = strided(pictures, weight / weight.sum())
        return (enlarged(small, best_enlarger(small, pictures)) - pictures).square().mean().sqrt()

    blurred, ends = float(lost(TENT[None, None])), []
    random = torch.rand(3, 3, generator=torch.Generator().manual_seed(1))
    for start in (skip, torch.ones(3, 3), random):
        weight = start[None, None].clone().requires_grad_()
        optimizer = torch.optim.LBFGS([weight], max_iter=25, line_search_fn="strong_wolfe")

        def closure(weight=weight, optimizer=optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            loss = lost(weight)
            loss.backward()
            return loss

        optimizer.step(closure)
        ends.append(lost(weight.detach()).item())
    return max(ends) - min(ends) < 1e-3 and 0.97 * blurred < min(ends) < blurred


@claim("With kernel 4 all counts are equal, away from the ends.")
def kernel_four_writes_evenly() -> bool:
    written = {k: F.conv_transpose1d(torch.ones(1, 1, 8), torch.ones(1, 1, k), stride=2).flatten() for k in (3, 4)}
    inside = {k: counts[2:-2].unique().tolist() for k, counts in written.items()}
    return inside == {3: [1, 2], 4: [2]} and torch.equal(written[3].long(), overlap_counts(8, 3, 2))


@claim(
    "With equal weights kernel 4 is clean and kernel 3 is not: the overlap decides, as you counted.",
    "With random weights both are checkered, and about equally.",
)
def random_weights_checker_at_any_overlap() -> bool:
    with mock.patch.object(figures, "show"):
        three, four, ours = figures.compare_checkerboards(Upsample).values()
    equal = three["equal"] > 0.1 and four["equal"] < 1e-9
    random = min(three["random"], four["random"]) > 0.5 and abs(three["random"] - four["random"]) < 0.05
    return equal and random and max(ours.values()) < 1e-9


@claim(
    "`Upsample` cannot flicker on a constant image, whatever its weights:",
    "It only never *invents* a checkerboard where the input is flat.",
    "On an image that is not constant, the repeated squares have edges, and the convolution may sharpen them.",
)
def upsample_keeps_flat_flat_and_can_sharpen_edges() -> bool:
    layer, sharpen = Upsample(1).requires_grad_(False), torch.full((3, 3), -1.0)
    sharpen[1, 1] = 9
    flat, fine = [], []
    for seed in range(5):
        layer.conv.weight.copy_(100 * torch.randn(1, 1, 3, 3, generator=torch.Generator().manual_seed(seed)))
        out = layer(torch.ones(1, 1, 8, 8))[..., 1:-1, 1:-1]
        flat.append(float(out.max() - out.min()))
    layer.conv.bias.zero_()
    small = F.avg_pool2d(real_images(12)[11:], 2)
    for weight in (sharpen, TENT):
        layer.conv.weight.copy_(weight)
        fine.append(nyquist_share(layer(small)))
    return max(flat) < 1e-3 and fine[0] > 10 * fine[1]


@claim('`F.interpolate(x, scale_factor=2, mode="nearest")` turns every pixel into a 2x2 square.')
def nearest_repeats_every_pixel() -> bool:
    x = torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    return torch.equal(F.interpolate(x, scale_factor=2, mode="nearest"), torch.kron(x, torch.ones(2, 2)))


@claim("But then repetition is the last thing that happens, and every 2x2 square stays a square.")
def convolving_first_leaves_squares() -> bool:
    with mock.patch.object(figures, "show"):
        right, wrong = figures.plot_two_orders(Upsample(1))
    return wrong < 1e-6 < 0.01 < right


@claim(
    "After the first `Downsample` each convolution reaches two input pixels further on each side, after the second "
    "four.",
    "Without the two `Downsample`s, convolutions alone would not show a pixel the whole shoe by the end of the "
    "encoder.",
    "Two halvings let a pixel at the bottom see the whole image, by convolutions alone.",
)
def each_downsample_doubles_the_reach() -> bool:
    sides = receptive_fields(Downsample)
    steps = [later - earlier for earlier, later in pairwise(sides)]
    # conv_in and four convolutions, a Downsample, four, a Downsample, four: what each adds on both sides together
    shoe = (load_dataset("fashion-mnist").batch(torch.tensor([0]))[0][0, 0] > -1).any(dim=0).sum()
    reach = receptive_fields(None)[-1]
    return steps == 4 * [2] + [2] + 4 * [4] + [4] + 4 * [8] and reach < int(shoe) <= 32 < sides[-1]


@claim(
    "each output sees a 2x2 square, and every input pixel is looked at exactly once.",
    "There are 4 weights in place of 9 for each pair of channels.",
)
def kernel_two_looks_once_at_every_pixel() -> bool:
    layer = nn.Conv2d(1, 1, 2, stride=2)
    return bool((looks(layer) == 1).all()) and (layer.weight.numel(), Downsample(1).conv.weight.numel()) == (4, 9)


@claim("Padding to 32, as our data set does, is the safe way.")
def the_data_set_pads_28_to_32() -> bool:
    images = load_dataset("fashion-mnist").batch(torch.arange(200))[0]
    rim = torch.ones(32, 32, dtype=torch.bool)
    rim[2:-2, 2:-2] = False
    inside = images[..., ~rim].view(200, 3, 28, 28)
    return bool((images[..., rim] == -1).all() and (inside[..., 0] > -1).any() and (inside[..., -1] > -1).any())
