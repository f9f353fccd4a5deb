"""What holds for TimeEmbedding, and right answers written differently."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Built, Call, Trial
from course_lib.time_embedding import SinusoidalPositionEmbedding, TimeEmbedding

# float32 is good to 999 * 2^-24 in the angle at t = 999
LATE = 30
FORWARD = "return self.linear2(F.silu(self.linear1(h)))"


EXERCISE = Exercise(
    "TimeEmbedding",
    TimeEmbedding,
    __name__,
    where='the document, section 1 (assets/network.md), "Shape flow": Sinusoidal, then MLP: Linear, SiLU, Linear',
    not_for_all={
        "another_shape": "wrong_shape asks it, once the layers are known to be right",
        "assumes_float32": "waves in float32 are precise enough for its layers, whatever their type",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def example(trial: Trial) -> tuple[Built, tuple[Tensor]]:
    embed = trial.build(trial.pick(6, 10))
    times = trial.random.sample(range(1, 25), trial.pick(3, 4))
    return embed, (torch.tensor(times),)


def wrong(*changes: tuple[str, str]) -> Any:
    return edited(TimeEmbedding, *changes)


def returns(expression: str) -> Any:
    return wrong((FORWARD, f"return {expression}"))


def activation(expression: str) -> Any:
    """Another activation than SiLU in the same place."""
    return returns(f"self.linear2({expression})")


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    made, args = example(trial)
    return made.calling(*args)


@EXERCISE.harder
def of_the_networks_width(trial: Trial) -> Call:
    """0, fractions and whole times out of order, one of them twice, and a width that makes large hidden numbers."""
    times = torch.cat([4 * trial.uniform(3), torch.tensor([3.0, 0.0, 1.0, 3.0])])
    return trial.build(256).calling(times)


@holds("the object holds layers that training can change")
def no_layer_stays(trial: Trial) -> None:
    """After __init__ your object holds no parameters: no layer is made there, or none is kept, as a local variable ends
    with it. Make both in __init__, as self.linear1 and self.linear2. An optimizer takes the parameters that are there
    before forward runs, and would never train a layer that forward makes."""
    made = trial.handle.construct((6,), {}, 0)
    # what stops, and layers that torch does not see, have properties of their own
    held = isinstance(made, Failure) or bool(made.parameters or made.unregistered)
    trial.see("whether it holds any parameter after __init__", held, "TimeEmbedding(6)")


@holds("the layers have biases, as nn.Linear has by itself")
def no_bias_at_all(trial: Trial) -> None:
    """Each of your layers holds a matrix and no bias. nn.Linear has one unless bias=False takes it away, and the
    document's layers keep theirs: (dim,) numbers each."""
    dim = trial.pick(6, 10)
    made = trial.handle.construct((dim,), {}, 0)
    # other widths and other numbers of layers are asked next
    bare = not isinstance(made, Failure) and list(made.parameters.values()) == [(dim, dim)] * 2
    trial.see("whether two matrices are all it holds", bare, f"TimeEmbedding({dim})")
    if bare:
        trial.build(dim)


@holds("there are two linear layers, each dim -> dim with a bias, and no other parameters")
def wrong_layers(trial: Trial) -> None:
    """Your parameters are not those of two layers nn.Linear(dim, dim), each with its bias. Compare the shapes below
    with (dim, dim) and (dim,), two of each."""
    dim = trial.pick(6, 10)
    if not isinstance(trial.handle.construct((dim,), {}, 0), Failure):
        trial.build(dim)


@holds("times of shape (B,) give (B, dim)")
def wrong_shape(trial: Trial) -> None:
    """Your output does not have the shape (B, dim). The sinusoidal embedding makes it a matrix, and both layers leave
    that shape alone."""
    embed, (times,) = example(trial)
    value = embed(times, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    given = embed.text("", (times,), {}, False)
    trial.see("its shape", shape, given)
    if shape != (len(times), embed.args[0]):  # so that different results of one shape are told apart
        trial.see("the output", value, given)


@holds("different times give different outputs")
def deaf_to_time(trial: Trial) -> None:
    """Your output is the same for times that differ. Whatever follows then cannot know how noisy its input is."""
    embed, _ = example(trial)
    value = embed(torch.tensor([2, 3, 17]), observed=False)
    rows = value.flatten(1) if isinstance(value, Tensor) and value.ndim > 1 else torch.zeros(3, 1)
    apart = [float((rows[i] - rows[j]).abs().max()) for i, j in ((0, 1), (0, 2))] if len(rows) == 3 else [0.0]
    differ = not min(apart) <= 1e-6  # what is no number differs
    trial.see("whether t = 2, 3 and 17 give different rows", differ, embed.text("", (torch.tensor([2, 3, 17]),), {}, 0))
    if not differ:  # so that one mistake is told from another
        trial.see("the output", value)


@holds("the output is Linear(SiLU(Linear(sinusoidal(t))))")
def not_linear_silu_linear(trial: Trial) -> None:
    """You have the right two layers, and what happens to the numbers on their way is not the document's. Follow it step
    by step: the sinusoidal embedding of t itself, linear1, one SiLU, linear2, and nothing else before, between or
    after."""
    embed, args = example(trial)
    embed(*args)


@holds("times of a floating-point type give what whole numbers give")
def refuses_floats(trial: Trial) -> None:
    """Your embedding is right for integer times and not for the same times as floats, which flow matching uses."""
    embed, (times,) = example(trial)
    embed(times.float())


@holds("times between the steps work too")
def fractions_lost(trial: Trial) -> None:
    """Your output is right for whole times and wrong between them. Is t rounded, or used as an index?"""
    embed, _ = example(trial)
    embed(20 * trial.uniform(3))


@holds("a batch of one gives one row, (1, dim)")
def fails_for_one_time(trial: Trial) -> None:
    """Your code is right for several times and wrong for a single one: does a squeeze() take the batch axis away, or is
    something computed over the batch?"""
    embed, (times,) = example(trial)
    embed(times)
    embed(times[:1])


@holds("times run down the rows, also when there are as many as columns")
def confuses_batch_and_columns(trial: Trial) -> None:
    """With as many times as there are columns, or half as many, your output is wrong. Times run down the rows, (B,
    dim), however many there are."""
    for batch in (4, 8):
        trial.build(8)(torch.tensor(trial.random.sample(range(1, 25), batch)))


@holds("each row depends on its own time only")
def times_are_not_treated_alone(trial: Trial) -> None:
    """A batch whose times are out of order, with one of them twice, comes out wrong. Each row describes its own time
    and nothing else."""
    embed, _ = example(trial)
    embed(torch.tensor([9, 4, 9, 1, 0]))


@holds("any even width works, from 2 up")
def fails_for_other_widths(trial: Trial) -> None:
    """Your code is right for some widths only. Is a number written out where dim should be?"""
    for dim in (2, 4, 30):
        trial.build(dim)(torch.tensor([7, 2, 11]))


@holds("training mode changes nothing: nothing is random here")
def random_while_training(trial: Trial) -> None:
    """In evaluation all is well, and while training your output is another one. There is no dropout and no noise in the
    time embedding."""
    embed = trial.build(16)
    # many times, so that what drops one of ten does so here
    embed(torch.arange(3, 103), training=True)


@holds("the output is right up to t = 999")
def wrong_for_late_times(trial: Trial) -> None:
    """Your output is right for early times and wrong for late ones: does something clip, wrap or scale t, or compute in
    half precision?"""
    embed, _ = example(trial)
    embed(torch.tensor([0, 1, 500, 998, 999]), tolerance=LATE)


@right
class AsSequential(nn.Module):
    """All four steps in one Sequential."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(SinusoidalPositionEmbedding(dim), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.net(timesteps)


@right
class ByHand(nn.Module):
    """Weights and biases as bare parameters, the sinusoids and SiLU written out."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.half = dim // 2
        self.weight1, self.bias1 = nn.Parameter(torch.randn(dim, dim) / dim), nn.Parameter(torch.zeros(dim))
        self.weight2, self.bias2 = nn.Parameter(torch.randn(dim, dim) / dim), nn.Parameter(torch.zeros(dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        index = torch.arange(self.half, device=timesteps.device)
        args = timesteps.float().unsqueeze(1) * 10000.0 ** (-index / self.half)
        h = torch.cat((args.sin(), args.cos()), dim=1) @ self.weight1.T + self.bias1
        return h * torch.sigmoid(h) @ self.weight2.T + self.bias2


@right
class OneAfterTheOther(nn.Module):
    """Each time by itself, modules in a list, other names."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.waves = SinusoidalPositionEmbedding(dim)
        self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(2)])
        self.activation = nn.SiLU()

    def forward(self, timesteps: Tensor) -> Tensor:
        rows = []
        for one in timesteps:
            hidden = self.activation(self.layers[0](self.waves(one.reshape(1))[0]))
            rows.append(self.layers[1](hidden))
        return torch.stack(rows)


@right
class AsConvolutions(nn.Module):
    """A 1x1 convolution over a picture of one pixel is a Linear."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.waves = SinusoidalPositionEmbedding(dim)
        self.mlp = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.SiLU(), nn.Conv2d(dim, dim, 1))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.mlp(self.waves(timesteps)[:, :, None, None])[:, :, 0, 0]


@right
class Functional(TimeEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        h = F.linear(self.sinusoidal(timesteps), self.linear1.weight, self.linear1.bias)
        return torch.einsum("bi,oi->bo", F.silu(h), self.linear2.weight) + self.linear2.bias


right(activation("self.linear1(h) * torch.sigmoid(self.linear1(h))"), "sigmoid_written_out")
