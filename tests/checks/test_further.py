"""Below "passed": how long the reference is, and a further thought, each of which is true and can be answered."""

import ast
import copy
import inspect
import linecache
import math
import textwrap
import types
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from helpers import Recorder, perturb, predict_by_label, randn
from torch import nn

import course_lib
from course_lib import DDPM, FlowMatching, UNet, num_groups
from course_lib.checks import check, examine
from course_lib.checks.further import below_passed, code_lines, further_thought, lines_beside
from course_lib.checks.registry import exercises, find_exercise
from course_lib.data import load_dataset
from course_lib.editing import keep_known, noise_further, redraw, split_of, strengths_of, walk
from course_lib.ema import decay_at
from course_lib.estimates import attention_multiply_adds, conv_multiply_adds, training_memory
from course_lib.evaluation.metrics import class_accuracy
from course_lib.flow_matching import euler_step, heun_step
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.self_attention import merge_heads, split_heads
from course_lib.skips import cat_skip
from course_lib.straightening import cheapest_assignment, euler_walk, guided_within, spaced_times, straight_piece
from course_lib.time_embedding import embedding_frequencies
from course_lib.warm_ups import from_other_direction, normalize_groups

CELLS = iter(range(10_000))


def in_a_cell(source, name):
    """The object that a notebook's cell defines."""
    names = vars(types.ModuleType("__main__"))
    names |= {"torch": torch, "nn": nn, "F": F, "Tensor": torch.Tensor}
    cell = f"<further {next(CELLS)}>"
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    exec(compile(source, cell, "exec"), names)
    return names[name]


# ---- lines ----

COUNTED = {
    "def f(x):\n    return x": 1,
    'def f(x):\n    """Say.\n\n    More.\n    """\n    # step\n    y = x\n\n    return y  # here': 2,
    "def f(x): return x": 1,
    "def f(x):\n    y = [\n        # first\n        x,\n    ]\n    return y": 4,
    "def f(x):\n    if x < 0:\n        raise ValueError(x)\n    check_vector(x)\n    return x": 1,
    "def f(x):\n    for one in x:\n        if one < 0:\n            raise ValueError(one)\n    return x": 1,
    "def f(x):\n    if x < 0:\n        raise ValueError(x)\n    else:\n        return x": 4,
    "class A:\n    size = 3\n\n    def __init__(self):\n        super().__init__()\n        self.a = 1": 1,
    'def f(x):\n    text = """\n    # no comment\n    """\n    return text': 4,
}


@pytest.mark.parametrize("source", COUNTED)
def test_lines_are_counted_that_one_has_to_write(source):
    assert code_lines(source) == COUNTED[source]


def test_methods_that_the_notebook_shows_do_not_count_and_helpers_do():
    source = "class A:\n    def given(self):\n        return 1\n\n    def asked(self):\n        return self.help()\n"
    source += "\n    def help(self):\n        a = 2\n        return a\n"
    assert code_lines(source, given=frozenset({"given"})) == 3
    assert code_lines(source, method="asked") == 1


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        (
            "from_pixels",
            "def from_pixels(pixels):\n    return pixels / 127.5 - 1",
            "Yours has 1 line, the reference 2.",
        ),
        (
            "Downsample",
            "class Downsample(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n"
            "        self.conv = nn.Conv2d(c, c, 3, 2, 1)\n\n    def forward(self, x):\n        h = x\n"
            "        return self.conv(h)",
            "Yours has 3 lines, the reference 2, its checks of the input not counted.",
        ),
        (
            "FlowMatching.velocity",
            "def velocity(self, clean, noise):\n    return noise - clean",
            "Yours has 1 line, the reference 1, its checks of the input not counted.",
        ),
    ],
)
def test_an_answer_from_a_notebook_stands_beside_the_reference(name, source, said):
    assert lines_beside(exercises()[name], in_a_cell(source, name.rpartition(".")[2])) == said


def test_an_answer_without_a_source_hears_about_the_reference_alone():
    assert lines_beside(exercises()["from_pixels"], torch.relu) == "The reference has 2 lines."


def test_who_passes_reads_both_and_who_does_not_reads_neither(capsys):
    right = in_a_cell("def from_pixels(pixels):\n    return pixels / 127.5 - 1", "from_pixels")
    check(right)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "passed · from_pixels. The notebook goes on with yours."
    assert second.startswith("  Yours has 1 line, the reference 2. One further thought: ")
    check(in_a_cell("def from_pixels(pixels):\n    return pixels / 127.5", "from_pixels"))
    said = capsys.readouterr().out
    assert "further thought" not in said
    assert "the reference 2" not in said


# ---- thoughts ----


@pytest.mark.parametrize("name", exercises())
def test_a_thought_is_one_or_two_sentences_with_a_question_or_none_at_all(name):
    thought = further_thought(exercises()[name])
    assert not thought or (thought[-1] in ".?" and len(thought) < 200)
    assert not thought or "?" in thought
    assert below_passed(exercises()[name], exercises()[name].answer).count("One further thought: ") == bool(thought)


def test_most_exercises_have_one_and_no_two_the_same():
    thoughts = [thought for exercise in exercises().values() if (thought := further_thought(exercise))]
    assert len(thoughts) == len(set(thoughts)) >= 25


def test_every_thought_has_an_answer_below():
    """Its exercise stands in WAYS, or a test begins with `asked("NAME", ...)`."""
    tests = [one for one in ast.parse(Path(__file__).read_text("utf-8")).body if isinstance(one, ast.FunctionDef)]
    calls = [
        part
        for one in tests
        if one.name.startswith("test_")
        for part in ast.walk(one)
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "asked"
    ]
    answered = WAYS.keys() | {ast.literal_eval(call.args[0]) for call in calls}
    assert {name for name, exercise in exercises().items() if further_thought(exercise)} == answered


# "can you do it this way?": an accepted answer of the exercise's own does, and its text shows it
WAYS = {
    "from_pixels": ("by_table", ["linspace"], ["/ ", "-="]),
    "to_pixels": ("half_added", ["0.5", "floor"], ["round"]),
    "interleave": ("reshape_and_transpose", ["reshape", "transpose"], ["for ", "cat", "stack"]),
    "TimeEmbedding": ("AsSequential", ["nn.Sequential", "return self.net(timesteps)"], ["linear1"]),
    "look_up_by_one_hot": ("by_index", ["weight[labels]"], ["@ weight"]),
    "ClassEmbedding": ("ByPaddingAtTheEnd", ["padding_idx"], ["masked_fill"]),
    "drop_labels": ("by_keeping", ["keep * labels"], ["where", "masked_fill", "for "]),
    "conv_output_size": ("length_of_a_range", ["len(range("], ["//"]),
    "overlap_counts": ("transposed_convolution", ["conv_transpose1d"], ["for ", "while "]),
    "attention_weights": ("by_einsum", ["einsum"], ["transpose"]),
    "split_heads": ("one_tensor", ["view", "permute"], ["for ", "chunk"]),
    "SelfAttention": ("Fused", ["scaled_dot_product_attention"], ["softmax"]),
    "skip_channels": ("in_one_sum", ["[:-1]"], ["if "]),
    "decoder_channels": ("paired_at_once", ["[::-1]", "zip("], [".pop("]),
    "UNet": ("Recursive", ["self.inside(depth + 1"], [".pop("]),
    "count_parameters": ("by_recursion", ["recurse=False", "children()"], []),
    "parameter_budget": ("from_parameter_names", ["named_parameters()"], ["count_parameters"]),
    "per_image": ("by_none", ["[:, None, None, None]"], ["reshape"]),
    "DDPM.add_noise": ("as_an_angle", ["angle.cos()", "angle.sin()"], []),
    "FlowMatching.interpolate": ("along_the_line", [], ["1 - t"]),
    "FlowMatching.velocity": ("from_two_points", ["interpolate"], ["noise - clean"]),
    "guided_prediction": ("both_in_one_batch", ["torch.cat([x, x])", "chunk(2)"], []),
    "DDPM.sampling_times": ("in_whole_numbers", ["//"], ["round", "linspace"]),
    "update_average": ("by_lerp", ["lerp_"], []),
    "diversity": ("all_pairs", [], ["var("]),
    "matrix_square_root": ("by_svd", ["linalg.svd"], ["eigh"]),
    "gaussian_frechet": ("by_eigenvalues", ["eigvals(cov @ other_cov)"], ["matrix_square_root"]),
    "conv_multiply_adds": ("from_the_weights", ["weights * height * width"], []),
    "hybrid": ("by_the_difference", ["blur(a - b)"], ["blur(a)", "blur(b)"]),
    "learning_rate_at": ("by_half_angle", ["** 2"], ["1 + math.cos"]),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_a_thought_asks_for_is_there_and_passes(name):
    exercise = exercises()[name]
    way, with_this, without_that = WAYS[name]
    right = next(one.right for one in exercise.alternatives if one.name == way)
    tree = ast.parse(textwrap.dedent(inspect.getsource(right)))
    text = ast.unparse(tree)
    assert all(piece in text for piece in with_this)
    assert not any(piece in text for piece in without_that)
    assert further_thought(exercise)
    assert examine(right, name, seed=5).status == "passed"


def test_sines_alone_make_a_sinusoidal_embedding():
    asked("SinusoidalPositionEmbedding", "`torch.sin` alone")

    class SinusoidalPositionEmbedding(course_lib.SinusoidalPositionEmbedding):
        def forward(self, timesteps):
            angles = timesteps[:, None] * embedding_frequencies(self.dim, timesteps.device)
            return torch.sin(torch.cat([angles, angles + math.pi / 2], dim=1))

    for seed in range(5):
        assert examine(SinusoidalPositionEmbedding, seed=seed).status == "passed"


def test_torch_cov_wants_one_row_a_feature_and_gives_no_matrix_for_a_single_one():
    asked("feature_statistics", "`torch.cov`")

    def feature_statistics(features):
        features, dim = features.double(), features.shape[1]
        return features.mean(0), torch.cov(features.T).reshape(dim, dim)

    assert examine(feature_statistics, seed=3).status == "passed"
    assert torch.cov(randn(9, 1).T).shape == ()


def asked(name, *words):
    """The thought of an exercise, which a test below answers, still says this."""
    thought = further_thought(find_exercise(None, name))
    assert words
    assert all(word in thought for word in words), thought


def test_factor_of_the_frequencies():
    asked("embedding_frequencies", "dim = 8")
    frequencies = embedding_frequencies(8, dtype=torch.float64)
    torch.testing.assert_close(frequencies[1:] / frequencies[:-1], torch.full((3,), 0.1, dtype=torch.float64))


def test_a_norm_of_each_channel_by_itself_leaves_nothing_of_a_constant():
    asked("normalize_groups", "one group for each channel", "the same number everywhere")
    assert normalize_groups(torch.full((2, 6, 4, 5), 3.0), 6).abs().max() == 0


def test_widths_with_a_single_group():
    asked("num_groups", "from 8 to 20", "All of them but one are primes")
    single = [channels for channels in range(8, 21) if num_groups(channels) == 1]
    assert single == [9, 11, 13, 17, 19]


def test_a_block_whose_second_convolution_is_zero_is_its_shortcut():
    asked("ResidualBlock", "weight and bias of `conv2` to zero")
    block = perturb(course_lib.ResidualBlock(8, 12, 6)).eval()
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    x, emb = randn(2, 8, 4, 6, dtype=torch.float32), randn(2, 6, dtype=torch.float32)
    torch.testing.assert_close(block(x, emb), block.skip_conv(x))


def test_every_second_pixel_of_stride_one_is_stride_two():
    asked("Downsample", "every second pixel", "stride 1")
    down = perturb(course_lib.Downsample(4))
    x = randn(2, 4, 6, 8, dtype=torch.float32)
    torch.testing.assert_close(F.conv2d(x, down.conv.weight, down.conv.bias, padding=1)[:, :, ::2, ::2], down(x))


def test_nine_pixels_of_the_enlarged_image_are_four_of_the_small_one():
    asked("Upsample", "nine pixels", "How many different pixels")
    numbered = torch.arange(36.0).reshape(1, 1, 6, 6)
    enlarged = F.interpolate(numbered, scale_factor=2, mode="nearest")
    windows = F.unfold(enlarged, kernel_size=3)[0].T
    assert {len(window.unique()) for window in windows} == {4}


def test_heads_that_are_split_and_merged_are_what_they_were():
    asked("merge_heads", "merge its queries")
    qkv = randn(2, 24, 3, 4)
    torch.testing.assert_close(merge_heads(split_heads(qkv, 2)[0], 3, 4), qkv[:, :8])


def test_a_skip_that_is_read_and_stays_comes_again():
    asked("cat_skip", "without taking it off")
    h, skips = randn(1, 2, 3, 3), [randn(1, 2, 3, 3, seed=1), randn(1, 3, 3, 3, seed=2)]
    read = torch.cat([h, skips[-1]], dim=1)
    torch.testing.assert_close(cat_skip(h, skips), read)


def test_to_answer_twice_the_noise_is_no_better_than_zero():
    asked("DDPM.loss", "twice as much", "says zero")
    ddpm, images, noise = DDPM(), randn(4, 3, 8, 8), randn(4, 3, 8, 8, seed=1)
    t = torch.tensor([0, 300, 600, 999])
    twice, zero = (ddpm.loss(lambda x, t, labels, k=k: k * noise, images, t=t, noise=noise) for k in (2, 0))
    torch.testing.assert_close(twice, zero)


def test_the_predicted_clean_image_and_the_noise_make_x_t_again():
    asked("DDPM.predict_clean", "`add_noise`", "What comes out?")
    ddpm, x_t, eps, t = DDPM(), randn(3, 3, 4, 4), randn(3, 3, 4, 4, seed=1), torch.tensor([0, 500, 999])
    torch.testing.assert_close(ddpm.add_noise(ddpm.predict_clean(x_t, t, eps), t, eps), x_t)


def test_the_last_step_gives_the_clean_image_whatever_the_noise():
    asked("DDPM.step", "At t = 0")
    ddpm, x_t, eps, t = DDPM(), randn(2, 3, 4, 4), randn(2, 3, 4, 4, seed=1), torch.zeros(2, dtype=torch.int64)
    clean = ddpm.predict_clean(x_t, t, eps).clamp(-1, 1)
    for seed in (2, 3):
        torch.testing.assert_close(ddpm.step(x_t, t, eps, randn(2, 3, 4, 4, seed=seed)), clean)


def test_ddim_at_eta_one_is_the_ancestral_step():
    asked("DDPM.ddim_step", "Without clipping", "eta = 1", "t_prev = t - 1")
    ddpm, x_t, eps, noise = DDPM(), randn(3, 3, 4, 4), randn(3, 3, 4, 4, seed=1), randn(3, 3, 4, 4, seed=2)
    t = torch.tensor([1, 400, 999])
    ancestral = ddpm.step(x_t, t, eps, noise, clip_denoised=False)
    torch.testing.assert_close(ddpm.ddim_step(x_t, t, t - 1, eps, 1.0, noise, clip_denoised=False), ancestral)


def test_two_euler_steps_with_one_velocity_lead_back():
    asked("euler_step", "both times with the same v")
    x, v = randn(2, 3, 4, 4), randn(2, 3, 4, 4, seed=1)
    torch.testing.assert_close(euler_step(None, euler_step(None, x, 0.8, 0.5, v), 0.5, 0.8, v), x)


def test_where_the_velocity_is_constant_heun_is_euler():
    asked("heun_step", "the same everywhere")
    x, v = randn(2, 3, 4, 4), randn(2, 3, 4, 4, seed=1)
    torch.testing.assert_close(heun_step(lambda x, t: v, x, 0.8, 0.5, v), euler_step(None, x, 0.8, 0.5, v))


def test_a_model_that_is_turned_twice_is_another_one_until_its_units_are_seen_to():
    asked("from_other_direction", "Turn a model twice", "units")
    model = lambda x, t, labels=None: x * t.reshape(-1, 1, 1, 1)  # noqa: E731
    x, t = randn(2, 3, 4, 4), torch.tensor([0.25, 0.5], dtype=torch.float64)
    turned = from_other_direction(from_other_direction(model))
    assert not torch.allclose(turned(x, t), model(x, t))
    once = from_other_direction(model)
    again = from_other_direction(lambda x, s, labels: once(x, 1000 * s, labels))
    torch.testing.assert_close(again(x, 1000 * t), model(x, t))


def test_when_the_decay_is_nine_tenths():
    asked("decay_at", "0.9999", "0.9 for the first time")
    assert next(step for step in range(1000) if decay_at(step, 0.9999) >= 0.9) == 80


def test_one_picture_over_and_over_can_be_perfect():
    asked("class_accuracy", "1.0", "one and the same")
    assert class_accuracy(torch.arange(10).repeat(5), torch.arange(10).repeat(5)) == 1.0
    assert further_thought(find_exercise(None, "diversity"))


def test_products_and_convolutions_cost_the_same_at_two_pixels_a_channel():
    asked("attention_multiply_adds", "At how many pixels")
    for channels, height, width in ((32, 8, 8), (64, 8, 16)):
        convolutions = conv_multiply_adds(channels, 4 * channels, 1, height, width)
        assert attention_multiply_adds(channels, height, width) == 2 * convolutions


def test_adding_in_place_changes_what_the_caller_holds():
    asked("add_to_every_pixel", "`h += ...`", "handed you `h`")

    def add_to_every_pixel(h, vectors):
        h += vectors[:, :, None, None]
        return h

    h, vectors = randn(2, 3, 4, 5), randn(2, 3)
    expected, before = course_lib.warm_ups.add_to_every_pixel(h, vectors), h.clone()
    torch.testing.assert_close(h, before)
    assert add_to_every_pixel(h, vectors) is h
    torch.testing.assert_close(h, expected)
    assert examine(add_to_every_pixel, seed=3).status == "failed"


def test_skips_of_four_levels_of_three_blocks():
    asked("UNet.encode", "four levels of three blocks each")
    unet = UNet(base_channels=4, channel_mults=(1, 1, 1, 1), num_res_blocks=3, image_size=8, num_heads=2)
    _, skips = unet.encode(randn(1, 4, 8, 8, dtype=torch.float32), randn(1, 16, dtype=torch.float32))
    assert len(skips) == 1 + 4 * 3 + 3 == 16


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_the_skip_of_conv_in_is_missed_most(method):
    asked("UNet.decode", "trained network", "zeros in place of one skip")
    trained = shipped_model(method)
    images, labels = load_dataset("fashion-mnist").batch(torch.arange(10))
    noise = randn(*images.shape, dtype=torch.float32)
    t = torch.full((10,), 0.5) if method == "flow" else torch.full((10,), 500)

    def loss_without(place):
        unet = copy.copy(trained.model)
        unet.decode = lambda h, skips, emb: trained.model.decode(
            h, [0 * skip if at == place else skip for at, skip in enumerate(skips)], emb
        )
        with torch.no_grad():
            return trained.process.loss(unet, images, labels, t=t, noise=noise).item()

    skips = 1 + sum(len(level.resblocks) + (level.resample is not None) for level in trained.model.encoder)
    first, *others = (loss_without(place) for place in range(skips))
    assert first > 2 * max(others)


@pytest.mark.parametrize(("parameters", "kept"), [(1000, 300), (999, 20), (7, 1000), (15_780_000, 60_000_001)])
def test_the_batch_from_which_on_images_need_more_than_parameters(parameters, kept):
    asked("training_memory", "From which batch size on", "`//`")
    for_parameters, batch = training_memory(parameters, 0, 1), 20 * parameters // kept + 1
    assert training_memory(0, kept, batch) > for_parameters >= training_memory(0, kept, batch - 1)


def test_a_step_of_walk_with_flow_matching_is_euler_s():
    asked("walk", "`x + (t_next - t) * v`", "1 - t and t")
    split, strengths = split_of(FlowMatching(), predict_by_label), strengths_of(FlowMatching())
    x, t, t_next = randn(2, 3, 4, 4), 0.8, 0.5
    v = predict_by_label(x, torch.full((2,), 1000 * t), None)
    torch.testing.assert_close(walk(split, strengths, x, [t, t_next]), x + (t_next - t) * v)


def test_the_class_that_is_drawn_comes_with_the_split():
    asked("redraw", "no class", "Which of the arguments", "the network is told")
    images, noise, told = randn(2, 3, 4, 4), randn(2, 3, 4, 4, seed=1), Recorder(predict_by_label)
    for label in (3, 7):
        labels = torch.tensor([label, label])
        redraw(split_of(FlowMatching(), told, labels), strengths_of(FlowMatching()), images, noise, 0.7, 2)
    assert [labels.tolist() for _, _, labels in told.calls] == [[3, 3]] * 2 + [[7, 7]] * 2


def test_two_noises_stand_at_right_angles():
    asked("slerp", "3,072 numbers", "which angle")
    a, b = randn(500, 3072), randn(500, 3072, seed=1)
    angles = torch.rad2deg(torch.acos(F.cosine_similarity(a, b)))
    # the cosine has mean 0 and variance 1 / 3072: one degree up or down
    spread = math.degrees(3072**-0.5)
    assert abs(angles.mean() - 90) < 4 * spread / 500**0.5
    assert angles.std() == pytest.approx(spread, rel=0.15)


def test_a_noise_that_is_kept_leaves_its_trace_in_what_is_drawn():
    asked("keep_known", "drawn afresh at every step", "kept from the first one")
    strengths, times = strengths_of(FlowMatching()), [1 - i / 20 for i in range(21)]
    covariance, mask = torch.tensor([[1, 0.9], [0.9, 1]]).double(), torch.tensor([True, False])

    def split(x, t):
        # exact for two correlated pixels of which the left one is known
        clean = x @ torch.linalg.inv((1 - t) ** 2 * covariance + t**2 * torch.eye(2)) @ covariance * (1 - t)
        return clean, (x - (1 - t) * clean) / t

    def drawn(noises):
        """The right pixel at the end, of nothing but the noises that keep_known was handed: one column a step."""
        x = torch.zeros(len(noises), 1, 1, 2).double()
        for (t, t_next), noise in zip(pairwise(times), noises.T, strict=True):
            x = walk(split, strengths, x, [t, t_next])
            x = keep_known(strengths, x, t_next, torch.zeros_like(x), mask, noise.reshape(-1, 1, 1, 1).expand_as(x))
        return x[..., 1].flatten()

    # all is linear: the share of each step's noise by itself, and that of one noise in all of them
    each, kept = drawn(torch.eye(20).double()), drawn(torch.ones(1, 20).double())
    torch.testing.assert_close(kept, each.sum().reshape(1))
    # kept, the errors of all steps add up; drawn afresh, only their squares do
    assert kept > 3 * each.square().sum().sqrt()
    assert kept > 0.25


@pytest.mark.parametrize("process", [FlowMatching(), DDPM()], ids=["flow", "ddpm"])
def test_two_jumps_into_the_noise_are_one(process):
    asked("noise_further", "0.3", "0.6", "mean and variance")
    strengths = strengths_of(process)

    def far(x, first, second):
        return noise_further(strengths, noise_further(strengths, x, first, 0, 0.3), second, 0.3, 0.6)

    mean, variance = far(1, 0, 0), far(0, 1, 0) ** 2 + far(0, 0, 1) ** 2
    at_once = noise_further(strengths, 1, 0, 0, 0.6), noise_further(strengths, 0, 1, 0, 0.6) ** 2
    signal, sigma = strengths(0.6)
    assert (mean, variance) == pytest.approx(at_once)
    assert (mean, variance) == pytest.approx((signal, sigma**2))


def test_a_third_view_is_turned_back_its_own_way_and_each_counts_a_third():
    asked("two_views", "Three views", "quarter turn")

    def three_views(splits, turns, turns_back):
        def all_three(x, t):
            seen = [split(turn(x), t) for split, turn in zip(splits, turns, strict=True)]
            turned = [[back(part) for part in parts] for back, parts in zip(turns_back, seen, strict=True)]
            return [sum(parts) / 3 for parts in zip(*turned, strict=True)]

        return all_three

    turns = [lambda x, k=k: torch.rot90(x, k, (2, 3)) for k in (0, 2, 1)]
    # a quarter turn is undone by three more, or one the other way
    turns_back = [lambda x, k=k: torch.rot90(x, k, (2, 3)) for k in (0, 2, -1)]

    def corner(x, t):
        """Sees one bright pixel in the upper left corner; the rest of x is noise."""
        clean = torch.zeros_like(x)
        clean[..., 0, 0] = 1
        return clean, (x - (1 - t) * clean) / t

    x, t = randn(2, 3, 4, 4), 0.6
    clean, noise = three_views([corner] * 3, turns, turns_back)(x, t)
    expected = torch.zeros_like(x)
    expected[..., 0, 0] = expected[..., 3, 3] = expected[..., 0, 3] = 1 / 3
    torch.testing.assert_close(clean, expected)
    torch.testing.assert_close((1 - t) * clean + t * noise, x)


def test_half_an_interval_saves_a_quarter_of_the_calls_whichever_half():
    asked("guided_within", "from 0 to 0.5", "20 evenly spaced steps", "from 0.5 to 1")

    def calls(low, high):
        model = Recorder(predict_by_label)
        for t in spaced_times(20)[:-1]:
            guided_within(model, randn(2, 3, 4, 4), t, torch.tensor([1, 2]), 2.0, low, high)
        return len(model.calls)

    assert calls(0, 1) == 40
    assert calls(0, 0.5) == calls(0.5, 1) == 30


def test_two_images_are_paired_by_their_difference():
    asked("paired_noise", "class of two images", "the difference of the two", "without any distance")

    def paired_noise(images, noise, labels):
        paired = noise.clone()
        for label in labels.unique():
            members = (labels == label).nonzero()[:, 0]
            if len(members) == 2:
                difference = images[members[0]] - images[members[1]]
                first, second = ((difference * one).sum() for one in noise[members])
                chosen = [0, 1] if first >= second else [1, 0]
            else:
                chosen = cheapest_assignment(torch.cdist(images[members].flatten(1), noise[members].flatten(1)) ** 2)
            paired[members] = noise[members][chosen]
        return paired

    swapped = 0
    for seed in range(20):
        images, noise = randn(2, 3, 4, 4, seed=seed), randn(2, 3, 4, 4, seed=100 + seed)
        shortest = min((noise, noise.flip(0)), key=lambda order: (images - order).square().sum())
        swapped += shortest is not noise
        torch.testing.assert_close(paired_noise(images, noise, torch.tensor([5, 5])), shortest)
    assert 0 < swapped < 20
    assert examine(paired_noise, seed=3).status == "passed"


def test_shift_three_and_then_shift_two_is_shift_six():
    asked("spaced_times", "Shift 3 and then shift 2")
    assert spaced_times(7, 6) == pytest.approx([2 * u / (1 + u) for u in spaced_times(7, 3)])


def test_with_all_the_stations_the_pieces_have_the_velocity_of_the_walk():
    asked("straight_piece", "a station at every time of the walk", "which velocity")
    times = spaced_times(5, 2)
    velocity = lambda x, t: torch.cos(3 * t + x)  # noqa: E731
    states = euler_walk(velocity, randn(2, 3, 4, 4), times)
    for state, t, t_next in zip(states, times, times[1:], strict=False):
        for at in (t, 0.4 * t + 0.6 * t_next):
            torch.testing.assert_close(straight_piece(torch.stack(states), times, at)[1], velocity(state, t))
