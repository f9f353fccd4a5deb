"""What lesson 04 states, proven: sizes, strides, what is seen."""

import torch
import torch.nn.functional as F

from course_lib import Downsample
from course_lib.document import FORWARD_PASS
from course_lib.lessons.lesson04.figures import (
    SHRINKING,
    Layer,
    best_enlarger,
    enlarged,
    error_with_channels,
    halved_stripes,
    learned_filter,
    real_images,
    strided,
    stripes,
)
from course_lib.lessons.shared.claims import claim
from course_lib.tracing import trace
from course_lib.unet import UNet
from course_lib.warm_ups import conv_output_size


@claim("only one pair halves *every* even size with a kernel of 3.")
def one_stride_and_padding_halve_every_even_size() -> bool:
    halves = [
        (stride, padding)
        for stride in (1, 2, 3, 4)
        for padding in range(6)
        if all(conv_output_size(size, 3, stride, padding) == size // 2 for size in range(4, 66, 2))
    ]
    return halves == [(2, 1)]


@claim("Five of these seven settings halve 32 to 16.")
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
    "It began at a blur, was free to go anywhere, and found very little to improve.",
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


@claim("It can stand in 6 places:", "8 - 3 + 1.")
def a_window_of_three_stands_in_six_places() -> bool:
    return conv_output_size(8, 3, 1, 0) == F.conv1d(torch.ones(1, 1, 8), torch.ones(1, 1, 3)).shape[-1] == 6


@claim("a block that has moved up from 8x8 would have 16 times as many pixels.", "A picture has 1,024 pixels at 32x32")
def sixteen_times_the_pixels() -> bool:
    return (32 * 32, 8 * 8, 32 * 32 // (8 * 8)) == (1024, 64, 16)


@claim("A third level of halving would meet an odd 7.", "The document has two `Downsample`s, so 28 works;")
def twenty_eight_can_be_halved_twice() -> bool:
    h = torch.ones(1, 4, 28, 28)
    for _ in range(2):
        h = Downsample(4)(h)
    try:
        Downsample(4)(h)
    except ValueError:
        return h.shape[-1] == 7
    return False
