"""Below "passed": how long the reference is, and a further thought, each of which is true and can be answered."""

import ast
import inspect
import linecache
import math
import textwrap
import types

import pytest
import torch
import torch.nn.functional as F
from helpers import perturb, randn
from torch import nn

import course_lib
from course_lib import DDPM, num_groups
from course_lib.checks import check, examine
from course_lib.checks.further import below_passed, code_lines, further_thought, lines_beside
from course_lib.checks.registry import exercises, find_exercise
from course_lib.ema import decay_at
from course_lib.estimates import attention_multiply_adds, conv_multiply_adds
from course_lib.evaluation.metrics import class_accuracy
from course_lib.flow_matching import euler_step, heun_step
from course_lib.self_attention import merge_heads, split_heads
from course_lib.skips import cat_skip
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
    class SinusoidalPositionEmbedding(course_lib.SinusoidalPositionEmbedding):
        def forward(self, timesteps):
            angles = timesteps[:, None] * embedding_frequencies(self.dim, timesteps.device)
            return torch.sin(torch.cat([angles, angles + math.pi / 2], dim=1))

    for seed in range(5):
        assert examine(SinusoidalPositionEmbedding, seed=seed).status == "passed"


def test_torch_cov_wants_one_row_a_feature_and_gives_no_matrix_for_a_single_one():
    def feature_statistics(features):
        features, dim = features.double(), features.shape[1]
        return features.mean(0), torch.cov(features.T).reshape(dim, dim)

    assert examine(feature_statistics, seed=3).status == "passed"
    assert torch.cov(randn(9, 1).T).shape == ()


def asked(name, *words):
    """The thought of an exercise, which a test below answers, still says this."""
    thought = further_thought(find_exercise(None, name))
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
