"""What a learner sees below a sentence: inputs, shapes, short values, errors; and a line that gives it once more."""

import contextlib
import io

import pytest
import torch
from torch import nn

from course_lib.checks import check, examine
from course_lib.checks.again import CODE


def seen(answer, exercise=None, seed=1):
    """The line of the verdict that says what came back."""
    message = examine(answer, exercise, seed=seed).message
    return next(line for line in message.splitlines() if line.startswith("Seen: "))


def from_pixels(pixels):
    return (pixels.float() - 100) / 127.5


def to_pixels(images):
    return ((images + 1) * 100).round().clamp(0, 255).to(torch.uint8)


def add_noise(self, clean, t, noise):
    return self.alphas_cumprod.to(clean)[t].sqrt()[:, None, None, None] * clean + 0.5 * noise


def interpolate(self, clean, t, noise):
    t = (t**2)[:, None, None, None]
    return (1 - t) * clean + t * noise


def velocity(self, clean, noise):
    return 2 * noise - clean


def look_up_by_one_hot(weight, labels):
    return weight[(labels + 1) % len(weight)]


@pytest.mark.parametrize(
    ("answer", "exercise", "made_from"),
    [
        (from_pixels, None, ["for 0, -1 was expected, -0.784314 came"]),
        (to_pixels, None, ["for ", " was expected, "]),
        (add_noise, "DDPM.add_noise", ["for clean ", " t ", " and noise "]),
        (interpolate, "FlowMatching.interpolate", ["for clean ", " t 0.", " and noise "]),
        (velocity, "FlowMatching.velocity", ["for clean ", " and noise "]),
        (look_up_by_one_hot, None, ["for "]),
    ],
)
def test_a_wrong_number_is_shown_with_what_it_is_made_from(answer, exercise, made_from):
    for part in made_from:
        assert part in seen(answer, exercise)


def test_the_input_that_is_shown_is_the_one_at_that_place():
    shown = seen(to_pixels).partition("for ")[2]
    given, expected, came = (
        float(word.rstrip(",.")) for word in (shown.split()[0], shown.split()[1], shown.split()[4])
    )
    assert round((given + 1) * 127.5) == expected
    assert round((given + 1) * 100) == came


def attention_weights(q, k):
    return q


def split_heads(qkv, num_heads):
    return qkv.chunk(3, dim=1)


def merge_heads(h, height, width):
    return h.flatten(1)


def class_accuracy(predicted, wanted):
    return (predicted == wanted).double()


def normalize_groups(x, groups, eps=1e-5):
    return x.mean()


@pytest.mark.parametrize(
    "answer",
    [attention_weights, split_heads, merge_heads, class_accuracy, normalize_groups],
    ids=lambda one: one.__name__,
)
def test_shapes_are_shown_as_shapes(answer):
    line = seen(answer)
    assert "value number" not in line
    assert "yours " in line
    assert "expected " in line
    assert line.count("(") >= 1


def skip_channels(base_channels, channel_mults, num_res_blocks):
    return [base_channels] * 9


def overlap_counts(size, kernel_size, stride):
    return torch.ones((size - 1) * stride + kernel_size, dtype=torch.int64)


def sampling_times(self, num_steps):
    # the length T counts, or that is what is heard of
    return [*range(num_steps - 1), self.num_timesteps]


def test_short_values_are_shown_whole():
    assert "yours 64, 64, 64, 64, 64, 64, 64, 64, 64; expected 64, 64, 64, 64, 128, 128, 128, 256, 256" in seen(
        skip_channels
    )
    assert "yours 1, 1, 1, 1, 1, 1, 1, 1, 1; expected 1, 1, 2, 1, 2, 1, 2, 1, 1" in seen(overlap_counts)
    assert "yours 0, 1, 2, " in seen(sampling_times, "DDPM.sampling_times")


def test_of_long_values_the_first_part_that_differs_is_shown():
    def decoder_channels(base_channels, channel_mults, num_res_blocks):
        return [[(256, 256), (256, 256), (256, 128)], [(1, 1)] * 3, [(2, 2)] * 3]

    assert "value 2 of 3: yours (1, 1), (1, 1), (1, 1); expected (256, 128), (128, 128), (128, 64)" in seen(
        decoder_channels
    )


def test_nothing_is_called_nothing():
    def num_groups(channels):
        print(channels)

    assert "got nothing (None)" in seen(num_groups)


def test_an_error_is_shown_where_a_yes_would_hide_it():
    class ResidualBlock(nn.Module):
        def __init__(self, in_channels, out_channels, emb_dim, dropout=0.1):
            super().__init__()
            from course_lib.group_norm import group_norm

            self.norm1, self.norm2 = group_norm(in_channels), group_norm(out_channels)
            self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
            self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
            self.emb_proj = nn.Linear(emb_dim, out_channels)
            self.dropout = nn.Dropout(dropout)
            self.skip_conv = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

        def forward(self, x, emb):
            h = self.conv1(torch.relu(self.norm1(x))) + emb[:, :, None, None]
            return self.skip_conv(x) + self.conv2(self.dropout(torch.relu(self.norm2(h))))

    message = examine(ResidualBlock, seed=1).message
    assert "got True" not in message
    assert "must match the size of tensor" in message
    assert "In your line: h = self.conv1(" in message


# ---- once more ----


def line_of(message):
    return next(line.strip() for line in message.splitlines() if CODE in line)


WRONG = {
    "num_groups": ("def num_groups(channels):\n    return 1\n", "num_groups", "num_groups"),
    "DDPM.step": (
        "def step(self, x_t, t, eps, noise=None, clip_denoised=True):\n    return x_t\n",
        "DDPM.step",
        "step",
    ),
    "Downsample": (
        "class Downsample(nn.Module):\n    def __init__(self, channels):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)\n"
        "    def forward(self, x):\n        return self.conv(x)\n",
        "Downsample",
        "Downsample",
    ),
    "decay_at": ("def decay_at(step, decay):\n    return decay\n", "decay_at", "decay_at"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_last_line_gives_the_verdict_once_more(name):
    """As in a notebook: after the check, and with the reference under the answer's name."""
    code, exercise, variable = WRONG[name]
    names = {"nn": nn, "check": check, "__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(f"{code}\n{variable} = check({variable}, {exercise!r})", names)
    line = line_of(printed.getvalue())
    *statements, last = line.partition("#")[0].split("; ")
    exec("; ".join(statements), names)
    result = eval(last, names)
    assert result.status == "failed"
    told = [" ".join(text.split()) for text in (result.message, printed.getvalue())]
    assert told[0] in told[1]
    assert line_of(result.message) == line


def test_another_seed_examines_what_is_given():
    code, _, _ = WRONG["num_groups"]
    names = {"check": check, "examine": examine}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(f"{code}\nnum_groups = check(num_groups)", names)
    seed = int(line_of(printed.getvalue()).partition("seed=")[2].partition(")")[0])
    assert eval(f"examine(num_groups, seed={seed})", names).status == "failed"
    assert eval(f"examine(num_groups, seed={seed + 1})", names).status == "passed"
    assert eval("examine(num_groups)", names).status == "passed"


def test_an_answer_of_another_name_says_which_exercise_it_answers():
    def mine(channels):
        return 1

    assert 'examine(mine, "num_groups", seed=3)' in examine(mine, "num_groups", seed=3).message
    assert CODE not in examine(lambda channels: 1, "num_groups", seed=3).message
    assert (
        CODE not in examine(examine, "num_groups", seed=3).message
        or "examine(examine" in examine(examine, "num_groups", seed=3).message
    )
