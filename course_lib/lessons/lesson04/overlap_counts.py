"""Exercise overlap_counts (lesson 04)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.resampling import overlap_counts


def length(scene: Scene) -> None:
    for kernel_size, stride in ((3, 2), (2, 2), (2, 3), (5, scene.pick(1, 2, 3))):
        args = (scene.random.randrange(3, 9), kernel_size, stride)
        value, given = scene.handle.call(None, args, {}), f"overlap_counts{args}"
        if isinstance(value, Failure):
            scene.checked("the length", value, given)
        sized = isinstance(value, tuple) or (isinstance(value, Tensor) and value.ndim == 1)
        scene.see("the length", len(value) if sized else value, given)


def kernel_three_stride_two(scene: Scene) -> None:
    scene.call(scene.random.randrange(4, 9), 3, 2)


def gaps(scene: Scene) -> None:
    for kernel_size, stride in ((1, 2), (2, 2), (2, 3), (3, 5)):
        scene.call(scene.random.randrange(3, 7), kernel_size, stride)


def overlaps(scene: Scene) -> None:
    for kernel_size, stride in ((4, 2), (5, 2), (4, 3), (5, 3), (7, 3)):
        scene.call(scene.random.randrange(4, 8), kernel_size, stride)


def stride_one(scene: Scene) -> None:
    scene.call(scene.random.randrange(4, 9), scene.pick(1, 2, 3), 1)
    scene.call(3, 5, 1)


def one_pixel(scene: Scene) -> None:
    scene.call(1, scene.pick(2, 3, 4), scene.pick(1, 2, 3))


def whole_numbers(scene: Scene) -> None:
    value = scene.handle.call(None, (4, 3, 2), {})
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "overlap_counts(4, 3, 2)")


def by_name(scene: Scene) -> None:
    scene.call(stride=scene.pick(2, 3), size=scene.random.randrange(3, 7), kernel_size=4)


def transposed_convolution(size: int, kernel_size: int, stride: int) -> Tensor:
    written = F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel_size), stride=stride)
    return written[0, 0].round().long()


def bincount(size: int, kernel_size: int, stride: int) -> Tensor:
    places = torch.arange(size)[:, None] * stride + torch.arange(kernel_size)[None, :]
    return torch.bincount(places.flatten(), minlength=(size - 1) * stride + kernel_size)


def asking_each_output(size: int, kernel_size: int, stride: int) -> Tensor:
    outputs = range((size - 1) * stride + kernel_size)
    return torch.tensor([sum(0 <= o - i * stride < kernel_size for i in range(size)) for o in outputs])


def two_loops(size: int, kernel_size: int, stride: int) -> Tensor:
    counts = [0] * ((size - 1) * stride + kernel_size)
    for i in range(size):
        for k in range(kernel_size):
            counts[i * stride + k] += 1
    return torch.tensor(counts, dtype=torch.int64)


def gradient_of_a_convolution(size: int, kernel_size: int, stride: int) -> Tensor:
    with torch.enable_grad():
        x = torch.zeros(1, 1, (size - 1) * stride + kernel_size, requires_grad=True)
        F.conv1d(x, torch.ones(1, 1, kernel_size), stride=stride).sum().backward()
    return x.grad.flatten().round().long()


def shifted_copies(size: int, kernel_size: int, stride: int) -> Tensor:
    rows = torch.zeros(size, (size - 1) * stride + kernel_size, dtype=torch.long)
    for i, row in enumerate(rows):
        row[i * stride : i * stride + kernel_size] = 1
    return rows.sum(dim=0)


ZEROS = "torch.zeros((size - 1) * stride + kernel_size, dtype=torch.int64)"
LOOP = "for i in range(size):"
ADD = "counts[i * stride : i * stride + kernel_size] += 1"
RETURN = "return counts"
MIDDLE_EVERYWHERE = "counts = torch.tensor([len(range(o % stride, kernel_size, stride)) for o, _ in enumerate(counts)])"


def arguments(scene: Scene) -> tuple:
    return scene.random.randrange(3, 7), scene.pick(2, 3, 4), scene.pick(1, 2, 3)


EXERCISES = (
    Exercise(
        name="overlap_counts",
        reference=overlap_counts,
        lesson="04",
        where="the docstring's second line: which outputs does input pixel i write to?",
        properties=(
            Property(
                "wrong_length",
                "the result is (size - 1) * stride + kernel_size long, one number an output pixel",
                length,
                "The length is not that of the output. The last of the `size` input pixels begins at "
                "(size - 1) * stride, and writes kernel_size pixels from there: add the two.",
            ),
            Property(
                "miscounted",
                "kernel 3 and stride 2 give 1 1 2 1 2 ... 1 1",
                kernel_three_stride_two,
                "The length is right and the counts are not. Draw kernel 3 and stride 2 as in the lesson, one line an "
                "input pixel: input i marks i * stride and the kernel_size - 1 pixels after it, and a column's marks "
                "are its count.",
            ),
            Property(
                "wrong_where_nothing_overlaps",
                "where the kernel is no longer than the stride each pixel is written once or never",
                gaps,
                "For kernel 3 and stride 2 you are right. Where the kernel is as short as the stride or shorter "
                "nothing overlaps, and between two input pixels gaps may stay empty, with a count of 0.",
            ),
            Property(
                "wrong_for_longer_kernels",
                "with longer kernels three or more input pixels may write to one output pixel",
                overlaps,
                "Short kernels work, longer ones do not: more than two input pixels may then meet in one output "
                "pixel. Let every input pixel add its own 1 to every place it writes to.",
            ),
            Property(
                "wrong_at_stride_one",
                "at stride 1 the counts rise, stay, and fall",
                stride_one,
                "At stride 1 each input pixel lands beside the last, so kernel_size of them overlap; fewer at the "
                "ends. Your counts differ there.",
            ),
            Property(
                "wrong_for_a_single_pixel",
                "one input pixel writes once to each of kernel_size pixels",
                one_pixel,
                "A single input pixel gives kernel_size ones. Does your code assume that there are at least two?",
            ),
            Property(
                "other_argument_names",
                "the arguments are called size, kernel_size, stride",
                by_name,
                "Given in order the arguments work, given by name they do not. Keep the signature: size, kernel_size, "
                "stride.",
            ),
            Property(
                "wrong_type",
                "the counts are int64",
                whole_numbers,
                "Your counts are right, in another type than int64, torch's own for whole numbers: dtype=torch.int64.",
            ),
            keeps_random_state(arguments=arguments),
        ),
        misconceptions=(
            Misconception(
                "not_added_up",
                "You write a 1 where you should add one. A second input pixel that writes to the same place is then "
                "not noticed, and the overlap is what this function is about: += instead of =.",
                edited(overlap_counts, ("] += 1", "] = 1")),
            ),
            Misconception(
                "stride_not_in_the_start",
                "Your input pixels land one pixel apart. In a transposed convolution they land `stride` pixels apart: "
                "input i begins at i * stride.",
                edited(overlap_counts, (ADD, "counts[i : i + kernel_size] += 1")),
            ),
            Misconception(
                "writes_stride_pixels",
                "Each of your input pixels writes `stride` pixels. It writes one for every weight of the kernel, "
                "kernel_size of them, and that is why neighbours overlap.",
                edited(overlap_counts, (ADD, "counts[i * stride : (i + 1) * stride] += 1")),
            ),
            Misconception(
                "kernel_and_stride_swapped",
                "Kernel and stride have changed places inside: input pixels land `stride` apart and write kernel_size "
                "pixels each.",
                edited(overlap_counts, (ADD, "counts[i * kernel_size : i * kernel_size + stride] += 1")),
            ),
            Misconception(
                "kernel_and_stride_swapped_everywhere",
                "You use kernel_size as the stride and stride as the kernel, in the length and in the loop.",
                edited(
                    overlap_counts,
                    (ZEROS, "torch.zeros((size - 1) * kernel_size + stride, dtype=torch.int64)"),
                    (ADD, "counts[i * kernel_size : i * kernel_size + stride] += 1"),
                ),
            ),
            Misconception(
                "starts_a_kernel_apart",
                "Your input pixels land kernel_size apart, so nothing ever overlaps. Their distance is the stride.",
                edited(overlap_counts, (ADD, "counts[i * kernel_size : (i + 1) * kernel_size] += 1")),
            ),
            Misconception(
                "slice_one_short",
                "Your slice ends one pixel early. In Python the end of a slice is not part of it, so "
                "start : start + kernel_size is already kernel_size pixels long.",
                edited(overlap_counts, ("i * stride + kernel_size] +=", "i * stride + kernel_size - 1] +=")),
            ),
            Misconception(
                "slice_one_long",
                "Your slice is one pixel too long: start : start + kernel_size holds kernel_size pixels, without + 1.",
                edited(overlap_counts, ("i * stride + kernel_size] +=", "i * stride + kernel_size + 1] +=")),
            ),
            Misconception(
                "last_input_missing",
                "The last input pixel never writes. range(size) runs from 0 to size - 1 by itself.",
                edited(overlap_counts, (LOOP, "for i in range(size - 1):")),
            ),
            Misconception(
                "first_input_missing",
                "The first input pixel never writes: pixels are counted from 0.",
                edited(overlap_counts, (LOOP, "for i in range(1, size):")),
            ),
            Misconception(
                "counts_begin_at_one",
                "You begin with ones. Before anything is written, every count is 0.",
                edited(overlap_counts, ("torch.zeros", "torch.ones")),
            ),
            Misconception(
                "centred_on_the_input",
                "You let each pixel write to both sides of i * stride. That is what padding does; without padding "
                "input i begins to write at i * stride.",
                edited(
                    overlap_counts,
                    (ADD, "counts[max(i * stride - kernel_size // 2, 0) : i * stride + (kernel_size + 1) // 2] += 1"),
                ),
            ),
            Misconception(
                "one_pixel_late",
                "Each of your patches begins one pixel late. Input 0 writes to output 0 first: its slice begins at "
                "i * stride, without + 1.",
                edited(overlap_counts, (ADD, "counts[i * stride + 1 : i * stride + kernel_size + 1] += 1")),
            ),
            Misconception(
                "one_stride_late",
                "Each of your patches begins one stride late, as if pixels were counted from 1: input i begins at "
                "i * stride, with i from 0.",
                edited(overlap_counts, (ADD, "counts[(i + 1) * stride : (i + 1) * stride + kernel_size] += 1")),
            ),
            Misconception(
                "all_in_one_place",
                "You add kernel_size to a single output pixel. Its weights go to kernel_size *different* pixels, one "
                "each, side by side.",
                edited(overlap_counts, (ADD, "counts[i * stride] += kernel_size")),
            ),
            Misconception(
                "patch_with_holes",
                "Your patch has holes: the stride is used as the step inside it. A patch is kernel_size pixels side by "
                "side; only the beginnings of patches are a stride apart.",
                edited(overlap_counts, ("i * stride + kernel_size] +=", "i * stride + kernel_size : stride] +=")),
            ),
            Misconception(
                "negative_slice",
                "You centre each patch, and the first slice begins below 0: Python then counts from the end, and "
                "nothing is written. Without padding input i begins at i * stride.",
                edited(
                    overlap_counts,
                    (ADD, "counts[i * stride - kernel_size // 2 : i * stride + kernel_size // 2 + 1] += 1"),
                ),
            ),
            Misconception(
                "index_added",
                "You add the number of the input pixel, i, instead of 1. We ask how many write, not which.",
                edited(overlap_counts, ("] += 1", "] += i")),
            ),
            Misconception(
                "patch_too_long",
                "Your patches are kernel_size * stride pixels long. The stride sets where a patch begins, not how far "
                "it reaches.",
                edited(overlap_counts, (ADD, "counts[i * stride : i * stride + kernel_size * stride] += 1")),
            ),
            Misconception(
                "only_the_excess",
                "You count the input pixels beyond the first. Where nothing overlaps, one input pixel writes, and the "
                "count is 1.",
                edited(overlap_counts, (RETURN, "return counts - 1")),
            ),
            Misconception(
                "true_or_false",
                "You return whether something is written or overlaps, True or False. The question is how many input "
                "pixels write: whole numbers.",
                edited(overlap_counts, (RETURN, "return counts > 1")),
            ),
            Misconception(
                "only_the_largest",
                "You return a single number, the largest count. One count for each output pixel is asked for.",
                edited(overlap_counts, (RETURN, "return counts.max()")),
            ),
            Misconception(
                "size_times_stride",
                "Your result is size * stride long. That would be right if each input pixel wrote to `stride` pixels "
                "of its own; the last one reaches further, to (size - 1) * stride + kernel_size.",
                edited(overlap_counts, (ZEROS, "torch.zeros(size * stride, dtype=torch.int64)")),
            ),
            Misconception(
                "length_of_size_times_stride_plus_kernel",
                "Your result is one stride too long: only size - 1 strides lie between the first input pixel and the "
                "last.",
                edited(overlap_counts, (ZEROS, "torch.zeros(size * stride + kernel_size, dtype=torch.int64)")),
            ),
            Misconception(
                "length_one_short",
                "Your result is one pixel short. Pixels 0 to n - 1 are n pixels.",
                edited(
                    overlap_counts, (ZEROS, "torch.zeros((size - 1) * stride + kernel_size - 1, dtype=torch.int64)")
                ),
            ),
            Misconception(
                "counts_of_the_convolution",
                "You count on the input side of an ordinary convolution: how many windows look at each of `size` "
                "pixels. Here we go up: how many of the `size` pixels write to each of the many output pixels?",
                edited(
                    overlap_counts,
                    (ZEROS, "torch.zeros(size, dtype=torch.int64)"),
                    (LOOP, "for i in range((size - kernel_size) // stride + 1):"),
                ),
            ),
            Misconception(
                "no_ends",
                "You give every pixel the count of the middle. The first and last pixels have fewer neighbours that "
                "reach them: let each input pixel add its ones in a loop, and the ends come out by themselves.",
                edited(
                    overlap_counts,
                    (ADD, MIDDLE_EVERYWHERE),
                ),
            ),
            Misconception(
                "padding_cut_off",
                "You cut pixels off at the ends, as padding does in a transposed convolution. Here there is no "
                "padding: all (size - 1) * stride + kernel_size pixels stay.",
                edited(overlap_counts, (RETURN, "return counts[1:-1]")),
            ),
            Misconception(
                "kernel_size_added",
                "You add kernel_size where one input pixel adds 1: we count pixels, not weights.",
                edited(overlap_counts, ("] += 1", "] += kernel_size")),
            ),
            Misconception(
                "returns_inside_the_loop",
                "Your return stands inside the loop, so that only the first input pixel gets to write. Move it left.",
                edited(overlap_counts, (ADD, ADD + "; return counts")),
            ),
            Misconception(
                "returns_a_list",
                "Your counts are right and they are a Python list: make a tensor of them, torch.tensor(counts).",
                edited(overlap_counts, (RETURN, "return counts.tolist()")),
            ),
            Misconception(
                "returns_floats",
                "Your counts are right and they are floats. Counts are whole numbers: dtype=torch.int64 (a plain "
                "torch.zeros is float32).",
                edited(overlap_counts, (", dtype=torch.int64", "")),
            ),
            Misconception(
                "returns_shares",
                "You divide the counts, by their largest or their sum. Return how many input pixels write, as it is.",
                edited(overlap_counts, (RETURN, "return counts / counts.max()")),
            ),
            Misconception(
                "two_dimensional",
                "You return a picture. This function speaks about one axis; the picture is the outer product of two "
                "of its results, and comes after the exercise.",
                edited(overlap_counts, (RETURN, "return counts[:, None] * counts[None, :]")),
            ),
            Misconception(
                "batch_and_channel_axes_kept",
                "Your counts still have the batch and channel axes that conv_transpose1d wants. Take them off: [0, 0].",
                edited(overlap_counts, (RETURN, "return counts[None, None]")),
            ),
            Misconception(
                "same_everywhere",
                "You write kernel_size // stride everywhere, which is the count in the middle where the two divide. "
                "At the ends fewer pixels write, and a remainder makes the counts alternate.",
                lambda size, kernel_size, stride: torch.full(
                    ((size - 1) * stride + kernel_size,), kernel_size // stride
                ),
            ),
            Misconception(
                "same_everywhere_rounded_up",
                "You write kernel_size / stride everywhere, rounded up. At the ends fewer pixels write, and a "
                "remainder makes the counts alternate.",
                lambda size, kernel_size, stride: torch.full(
                    ((size - 1) * stride + kernel_size,), -(-kernel_size // stride)
                ),
            ),
            Misconception(
                "never_added",
                "Your counts are all 0: the loop does not reach the tensor that you return, or adds nothing to it.",
                lambda size, kernel_size, stride: torch.zeros((size - 1) * stride + kernel_size, dtype=torch.int64),
            ),
            Misconception(
                "true_and_false",
                "You return whether any pixel writes, true or false. The question is how many do.",
                edited(overlap_counts, (RETURN, "return counts > 0")),
            ),
            Misconception(
                "total_only",
                "You return one number, the sum. Each output pixel has a count of its own.",
                edited(overlap_counts, (RETURN, "return int(counts.sum())")),
            ),
            Misconception(
                "end_of_the_slice_without_start",
                "Your slice ends at kernel_size, wherever it starts. It is kernel_size pixels long: i * stride : i * "
                "stride + kernel_size.",
                edited(overlap_counts, (ADD, "counts[i * stride : kernel_size] += 1")),
            ),
            Misconception(
                "end_of_the_slice_without_stride",
                "Your slice starts at i * stride and ends at i + kernel_size, so it gets shorter and shorter. Its end "
                "is i * stride + kernel_size.",
                edited(overlap_counts, (ADD, "counts[i * stride : i + kernel_size] += 1")),
            ),
            Misconception(
                "writes_one_pixel",
                "Each of your input pixels writes to one output pixel. It writes to kernel_size of them, side by side.",
                edited(overlap_counts, (ADD, "counts[i * stride] += 1")),
            ),
            Misconception(
                "one_input_too_many",
                "You let size + 1 pixels write. range(size) gives size of them, from 0 on.",
                edited(overlap_counts, (LOOP, "for i in range(size + 1):")),
            ),
            Misconception(
                "stride_nowhere",
                "The stride has no effect, neither on the length nor on the places: your input pixels land side by "
                "side.",
                edited(
                    overlap_counts,
                    (ZEROS, "torch.zeros(size - 1 + kernel_size, dtype=torch.int64)"),
                    (ADD, "counts[i : i + kernel_size] += 1"),
                ),
            ),
            Misconception(
                "number_of_the_pixel",
                "You write the number of the input pixel, i. Count: each pixel adds 1.",
                edited(overlap_counts, (ADD, "counts[i * stride : i * stride + kernel_size] = i")),
            ),
        ),
        alternatives=(
            Alternative("transposed_convolution_of_ones", transposed_convolution),
            Alternative("bincount", bincount),
            Alternative("asking_each_output", asking_each_output),
            Alternative("two_loops", two_loops),
            Alternative("gradient_of_a_convolution", gradient_of_a_convolution),
            Alternative("shifted_copies", shifted_copies),
        ),
    ),
)
