"""Exercise attention_multiply_adds (lesson 12)."""

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.estimates import attention_multiply_adds

LABEL = "the multiply-adds"


def values(scene: Scene) -> None:
    scene.call(scene.pick(12, 20), scene.pick(3, 4), scene.pick(5, 7), label=LABEL)


def counts(scene: Scene, *sizes: tuple[int, int, int]) -> list[float]:
    """The answer's counts, not recorded; ends the property, recorded, if one is no number."""
    found = [scene.handle.call(None, size, {}) for size in sizes]
    for value in found:
        if isinstance(value, Failure) or not isinstance(value, int | float):
            scene.checked(LABEL, value, f"attention_multiply_adds{sizes[0]}")
            raise PropertyEnds
    return found


def only_the_number_of_pixels(scene: Scene) -> None:
    channels, height, width = scene.pick(12, 20), scene.pick(2, 3), scene.pick(5, 7)
    found = counts(scene, (channels, height, width), (channels, width, height), (channels, 1, height * width))
    given = f"{channels} channels at {height}x{width}, {width}x{height} and 1x{height * width}"
    scene.see("whether all three cost the same", len(set(found)) == 1, given)


def part_with_the_square(scene: Scene) -> None:
    channels = scene.pick(12, 20)
    one, two, three = counts(scene, (channels, 1, 1), (channels, 1, 2), (channels, 1, 3))
    # the second difference leaves what grows with the square: 2 N^2 C gives 4 C
    given = f"{channels} channels, 1, 2 and 3 pixels"
    scene.see("whether the part with N * N is 2 N * N * C", three - 2 * two + one == 4 * channels, given)


def part_with_the_pixels(scene: Scene) -> None:
    channels = scene.pick(12, 20)
    one, two = counts(scene, (channels, 1, 1), (channels, 1, 2))
    right = two - one == 4 * channels**2 + 6 * channels
    scene.see("whether the part with N is 4 N * C * C", right, f"{channels} channels, 1 and 2 pixels")


def one_pixel(scene: Scene) -> None:
    scene.call(scene.pick(8, 12), 1, 1, label=LABEL)


def many_pixels(scene: Scene) -> None:
    scene.call(4, scene.pick(20, 24), 16, label=LABEL)


def one_channel(scene: Scene) -> None:
    scene.call(1, 2, scene.pick(3, 5), label=LABEL)


def as_many_pixels_as_channels(scene: Scene) -> None:
    scene.call(64, 8, 8, label=LABEL)
    scene.call(256, 8, 8, label=LABEL)


# ---- right, written differently ----


def closed_form(channels: int, height: int, width: int) -> int:
    n = height * width
    return 4 * n * channels**2 + 2 * n**2 * channels


def head_by_head(channels: int, height: int, width: int) -> int:
    n, heads = height * width, 1
    d = channels // heads
    of_heads = heads * (n * n * d + n * n * d)
    return n * channels * 3 * channels + of_heads + n * channels * channels


def factored(channels: int, height: int, width: int) -> int:
    pixels = height * width
    return 2 * pixels * channels * (2 * channels + pixels)


RETURN = "return convolutions + products"


def mistake(name: str, formula: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(attention_multiply_adds, (RETURN, f"return {formula}")))


EXERCISES = (
    Exercise(
        name="attention_multiply_adds",
        reference=attention_multiply_adds,
        lesson="12",
        where="12.2 of the lesson, the table of the block's four products; lesson 05, its drawing",
        properties=(
            Property(
                "pixels_counted_wrongly",
                "only the number of pixels counts, height * width, not the shape of the map",
                only_the_number_of_pixels,
                "Maps with the same number of pixels should cost the same, whatever their shape. The number of pixels "
                "is height * width.",
            ),
            Property(
                "products_counted_wrongly",
                "the part that grows with the square of the pixels is 2 * N * N * C",
                part_with_the_square,
                "The two products of matrices are not counted right. For every pair of pixels, N * N, they cost C "
                "multiplications each: once for the scores, once for gathering the values.",
            ),
            Property(
                "convolutions_counted_wrongly",
                "the part that grows with the pixels is 4 * N * C * C",
                part_with_the_pixels,
                "The two 1x1 convolutions are not counted right. For every pixel the first costs C * 3C and the second "
                "C * C.",
            ),
            Property(
                "something_on_top",
                "two 1x1 convolutions and two products of matrices are counted",
                values,
                "Your count grows as it should, and something is added that does not belong there.",
            ),
            Property(
                "wrong_for_many_pixels",
                "with many pixels and few channels the products of matrices are what counts",
                many_pixels,
                "With many pixels your count is wrong: the two products grow with the *square* of their number.",
            ),
            Property(
                "wrong_for_one_pixel",
                "a single pixel attends to itself",
                one_pixel,
                "For one pixel your count is wrong. Nothing is special about it: N is 1.",
            ),
            Property(
                "wrong_for_one_channel",
                "a single channel is counted like any other number",
                one_channel,
                "For one channel your count is wrong. Is something divided by the channels, or by the heads?",
            ),
            Property(
                "wrong_where_pixels_equal_channels",
                "64 channels at 8x8, and the document's 256 channels at 8x8",
                as_many_pixels_as_channels,
                "For the document's own block your count is wrong. N and d are both 64 there: do not take one for the "
                "other.",
            ),
        ),
        misconceptions=(
            mistake(
                "products_only",
                "products",
                "You count the products of matrices and leave the two 1x1 convolutions out. At 8x8 those are the "
                "larger part.",
            ),
            mistake(
                "convolutions_only",
                "convolutions",
                "You count the convolutions and leave the two products of matrices out: queries with keys, and weights "
                "with values.",
            ),
            mistake(
                "one_product",
                "convolutions + products // 2",
                "There are *two* products: queries with keys, and then weights with values. They cost the same.",
            ),
            mistake(
                "projection_missing",
                "3 * pixels * channels**2 + products",
                "The projection at the end is missing: a fourth 1x1 convolution's worth, C to C.",
            ),
            mistake(
                "one_convolution_for_qkv",
                "2 * pixels * channels**2 + products",
                "The first convolution makes queries, keys *and* values: C to 3C, three times C * C a pixel.",
            ),
            mistake(
                "projection_of_three",
                "6 * pixels * channels**2 + products",
                "The projection at the end goes from C to C, not from 3C or to 3C: the values alone reach it.",
            ),
            mistake(
                "three_by_three",
                "9 * convolutions + products",
                "The block's convolutions are 1x1. You count them as 3x3.",
            ),
            mistake(
                "linear_in_pixels",
                "convolutions + 2 * pixels * channels",
                "The products have one weight for each *pair* of pixels: N * N of them, not N.",
            ),
            mistake(
                "channels_forgotten",
                "convolutions + 2 * pixels**2",
                "Each of the N * N weights is a dot product, and costs as many multiplications as a query is long; "
                "over all heads that is C.",
            ),
            mistake(
                "roles_exchanged",
                "convolutions + 2 * pixels * channels**2",
                "Pixels and channels have changed places in the products: N * N * C, not N * C * C.",
            ),
            mistake(
                "four_heads",
                "convolutions + 4 * products",
                "You multiply by the heads. Each head has only C / heads channels, so all together cost what one of "
                "full width costs.",
            ),
            mistake(
                "divided_by_heads",
                "convolutions + products // 4",
                "You divide by the heads. Each head is narrower, and there are as many of them: it cancels.",
            ),
            mistake(
                "twice",
                "2 * (convolutions + products)",
                "You count multiplications and additions separately. A multiply-add is one of each, and counts once.",
            ),
            mistake(
                "height_for_pixels",
                "4 * height * channels**2 + 2 * height**2 * channels",
                "You used the height as the number of pixels. It is height * width.",
            ),
            mistake(
                "softmax_counted",
                "convolutions + products + pixels**2",
                "You count the softmax. It has no multiply-adds worth mentioning: one step for each of the N * N.",
            ),
            mistake(
                "bias_counted",
                "convolutions + products + 4 * pixels * channels",
                "You count the biases: additions without a multiplication. Leave them out.",
            ),
            mistake(
                "products_added",
                "convolutions + 2 * (pixels + pixels) * channels",
                "You add the number of pixels where they multiply: every query meets every key.",
            ),
            mistake(
                "pixels_missing",
                "4 * channels**2 + products",
                "The convolutions are done for every pixel: their count times height * width.",
            ),
            mistake(
                "pairs_once",
                "convolutions + pixels * (pixels + 1) * channels",
                "You count each pair of pixels once. Query i with key j is another product than query j with key i.",
            ),
        ),
        alternatives=(
            Alternative("closed_form", closed_form),
            Alternative("head_by_head", head_by_head),
            Alternative("factored", factored),
        ),
    ),
)
