"""What holds for SinusoidalPositionEmbedding, and right answers written differently."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.mistakes import edited
from course_lib.checks.properties import type_of
from course_lib.checks.trial import Built, Call, Trial
from course_lib.time_embedding import SinusoidalPositionEmbedding, embedding_frequencies

# sin(t * f) in float32 is good to 999 * 2^-24 at t = 999, on whatever way it was computed
LATE = 30
RETURN = "return torch.cat([torch.sin(args), torch.cos(args)], dim=-1)"


EXERCISE = Exercise(
    "SinusoidalPositionEmbedding",
    SinusoidalPositionEmbedding,
    __name__,
    where='the document, section 1 (assets/network.md), "Code": freqs, args, cat([sin(args), cos(args)], dim=-1)',
    elementwise=("timesteps",),
    not_for_all={
        "another_shape": "wrong_shape asks it, once it is known that there are no parameters",
        "gradients_cut": "nothing learns through a time",
        "assumes_float32": "its own property asks for what late times need; the model's times are float32",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def small_whole_times(trial: Trial, batch: int) -> Tensor:
    """Different whole times, small enough for float32 to give sines at full precision."""
    first = trial.random.sample(range(1, 25), batch)
    return torch.tensor([float(t) for t in first])


def example(trial: Trial) -> tuple[Built, tuple[Tensor]]:
    embed = trial.build(trial.pick(8, 12))
    return embed, (small_whole_times(trial, trial.pick(2, 3)),)


def unrecorded(trial: Trial, embed: Built, times: Tensor) -> Tensor | None:
    """The embedding of `times`, not recorded; None, and recorded, if it is no matrix (B, dim) of real numbers."""
    value = embed(times, observed=False)
    if isinstance(value, Tensor) and value.shape == (len(times), embed.args[0]) and value.is_floating_point():
        return value
    trial.see("the output", value, embed.text("", (times,), {}, False))
    return None


def at_zero(trial: Trial, look: Callable[[Tensor], Any]) -> None:
    """The row for t = 0, and other times, too, if `look` sees something else in it than in the right one."""
    embed, (times,) = example(trial)
    zero, half = torch.zeros(2), embed.args[0] // 2
    value = unrecorded(trial, embed, zero)
    if value is not None:
        right = torch.cat([torch.zeros(half), torch.ones(half)])
        fine = not difference(look(value[0]), look(right))
        trial.see("the row", right if fine else value[0], embed.text("", (zero,), {}, False))
        if not fine:
            trial.see("the output", value)  # so that one mistake is told from another
            embed(times, label="the output for other times")


def wrong(old: str, new: str) -> Any:
    return edited(SinusoidalPositionEmbedding, (old, new))


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    made, args = example(trial)
    return made.calling(*args)


@EXERCISE.harder
def of_fractions_out_of_order(trial: Trial) -> Call:
    """0, fractions and whole times out of order, some of them twice, in more pairs of columns than times."""
    # early ones: at late times each way of computing an angle rounds it otherwise
    times = torch.cat([small_whole_times(trial, 3), torch.zeros(1), 9 * trial.uniform(3)])
    return trial.build(trial.pick(20, 28)).calling(times[[4, 0, 3, 2, 4, 1, 5, 0]])


@holds("there is nothing to learn here: no parameters")
def has_parameters(trial: Trial) -> None:
    """Your embedding registers parameters. This one is a fixed formula; what can be learned comes after it, in
    TimeEmbedding."""
    made = trial.handle.construct((8,), {}, 0)
    if not isinstance(made, Failure) and made.parameters:
        trial.build(8)


@holds("an object made with another width gives as many columns as that")
def width_written_out(trial: Trial) -> None:
    """Objects of two widths give equally many columns, and each should have as many as its own dim. __init__ is given
    dim, and self.dim keeps it for forward: is a width written out as a number where self.dim belongs? Each of the dim/2
    frequencies gives two columns, a sine and a cosine."""
    times, shapes = small_whole_times(trial, 3), []
    for dim in (8, 12):
        value = trial.build(dim).calling(times).value()  # an error is the next property's
        shapes.append(tuple(value.shape) if isinstance(value, Tensor) else ())
    same = len(shapes[0]) == 2 and shapes[0][0] == 3 and shapes[0] == shapes[1]
    # other shapes are the next property's
    expected = ((3, 8), (3, 12))
    given = f"SinusoidalPositionEmbedding(8) and SinusoidalPositionEmbedding(12), both with {times.tolist()}"
    trial.see("the two shapes", tuple(shapes) if same else expected, given)


@holds("times of shape (B,) give an embedding of shape (B, dim)")
def wrong_shape(trial: Trial) -> None:
    """Your output does not have the shape (B, dim): dim/2 sines and dim/2 cosines for each time, in one
    row. Print the shapes on the way: angles (B, dim/2), sines and cosines the same, and both side by side (B, dim)."""
    embed, (times,) = example(trial)
    value = embed(times, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    given = embed.text("", (times,), {}, False)
    trial.see("its shape", shape, given)
    if shape != (len(times), embed.args[0]):  # so that different results of one shape are told apart
        trial.see("the output", value, given)


@holds("sines and cosines are numbers in floating point")
def no_floating_point(trial: Trial) -> None:
    """Sines and cosines are numbers in floating point, and yours come back as another type, see below. Is the result
    converted, or written into a tensor of another type?"""
    embed, (times,) = example(trial)
    value, given = embed(times, observed=False), embed.text("", (times,), {}, False)
    kind = "floating point" if isinstance(value, Tensor) and value.is_floating_point() else type_of(value)
    trial.see("its type", kind, given)
    if kind != "floating point":  # so that one mistake is told from another
        trial.see("the output", value, given)


@holds("the same time three times gives the same row three times")
def rows_of_one_time_differ(trial: Trial) -> None:
    """One and the same time, given three times, gives rows that differ. A row is made of its own time alone. Do rows
    get mixed by a reshape or a view where a transpose belongs? Those two only cut the numbers anew, in the order in
    which they lie; .T turns (dim, B) into (B, dim). Or does something besides the time come in, the row's place in the
    batch or chance?"""
    embed, (times,) = example(trial)
    one = times[:1].repeat(3)
    value = unrecorded(trial, embed, one)
    if value is not None:
        same = torch.allclose(value, value[:1].expand_as(value), atol=1e-4, equal_nan=True)
        trial.see("whether the three rows are the same", same, embed.text("", (one,), {}, False))
        if not same:  # so that one mistake is told from another
            trial.see("the output", value)
            embed(times, label="the output for other times")


@holds("the row of a time stays as it is when the other times of the batch change")
def row_depends_on_other_times(trial: Trial) -> None:
    """The row of a time changes when another time of the batch does. A row is made of its own time alone, or the same
    time would look different in every batch. Is t divided by the largest of them, is their mean taken away, or is
    something added up along the batch?"""
    embed, _ = example(trial)
    times = small_whole_times(trial, 3)
    other = torch.cat([times[:1], 25 + times[1:]])
    # an object for each: what stays on it from call to call is asked about below
    first, second = unrecorded(trial, embed, times), unrecorded(trial, trial.build(*embed.args), other)
    if first is not None and second is not None:
        same = torch.allclose(first[0], second[0], atol=1e-4, equal_nan=True)
        given = embed.text("", (times,), {}, False)
        trial.see("whether the first row stays as it is", same, f"{given}, and with two other times behind the first")
        if not same:  # so that one mistake is told from another
            trial.see("the output", first)
            trial.see("the output for the other times", second)


@holds("at t = 0 the row holds zeros, the sines, and ones, the cosines")
def sines_or_cosines_missing(trial: Trial) -> None:
    """At t = 0 your row is one and the same number from its beginning to its end. Sines are 0 there and cosines are 1,
    and dim/2 of each are asked for: is there a sine and a cosine for each frequency, both of the angle t * freqs, side
    by side?"""
    at_zero(trial, lambda row: bool((row - row[0]).abs().max() < 1e-5))


@holds("at t = 0 the angles are 0, so the row is dim/2 zeros (sines), then dim/2 ones (cosines)")
def wrong_at_time_zero(trial: Trial) -> None:
    """At t = 0 every angle is 0: sin 0 = 0 and cos 0 = 1, so the row has to be dim/2 zeros followed by dim/2 ones.
    Yours is another one, see below: is the angle 0 at t = 0, and where do the ones stand?"""
    at_zero(trial, lambda row: row)


@holds("columns i and dim/2 + i are sine and cosine of one angle: their squares add up to 1")
def pairs_leave_the_unit_circle(trial: Trial) -> None:
    """In your output the squares of column i and of column dim/2 + i do not add up to 1, as the squares of the sine and
    the cosine of one angle do."""
    embed, (times,) = example(trial)
    value = unrecorded(trial, embed, times)
    if value is not None:
        sines, cosines = value.chunk(2, dim=1)
        radius = (sines**2 + cosines**2).sqrt()
        trial.see("the length of each (sine, cosine) pair", radius, embed.text("", (times,), {}, False))
        if not torch.allclose(radius, torch.ones_like(radius), atol=1e-5):
            trial.see("the output", value)


@holds("columns 0 and dim/2 are sin(t) and cos(t), for frequency 1")
def fastest_wave_is_not_one_radian_a_step(trial: Trial) -> None:
    """The first frequency is 1, so columns 0 and dim/2 should be sin(t) and cos(t). Yours are not: is t scaled, moved
    or rounded before the sine, or does the list of frequencies start elsewhere?"""
    embed, (times,) = example(trial)
    value = unrecorded(trial, embed, times)
    if value is not None:
        pair = value[:, [0, embed.args[0] // 2]]
        trial.see("columns 0 and dim/2", pair, embed.text("", (times,), {}, False))
        if not torch.allclose(pair, torch.stack([times.sin(), times.cos()], dim=1), atol=1e-4):
            trial.see("the output", value)


@holds("column i is sin(t * freqs[i]), column dim/2 + i is cos(t * freqs[i])")
def wrong_frequencies(trial: Trial) -> None:
    """The fastest pair of columns is right and slower ones are not. The frequencies are exp(-log(10000) * i / (dim/2)),
    and column i and column dim/2 + i belong to the same one."""
    embed, args = example(trial)
    embed(*args)


@holds("each call has rows of its own times, also a second call of the same object")
def second_call_has_other_times(trial: Trial) -> None:
    """The first call comes out right, and a second call of the same object, with other times, does not. Does something
    stay on self from one call to the next, such as a table behind `if not hasattr`, or frequencies that change in
    place? What depends on the times is computed from the times of each call."""
    embed, (first,) = example(trial)
    second = 25 - first  # whole times from 1 to 24 as well, and none at the place where it was
    given = f"{embed.text('', (second,), {}, False)}, after a call of the same object with {first.tolist()}"
    if unrecorded(trial, embed, first) is not None:
        value = embed(second, observed=False)
        right = SinusoidalPositionEmbedding(embed.args[0])(second)
        same = isinstance(value, Tensor) and not difference(value, right)
        trial.see("the output of the second call", right if same else value, given)


@holds("times between the steps work too: t = 0.5 is not t = 0")
def fractions_lost(trial: Trial) -> None:
    """Your embedding is right for whole times and wrong between them, and flow matching uses every time between 0 and
    1000. Is t rounded somewhere, or used as an index?"""
    embed, _ = example(trial)
    embed(20 * trial.uniform(3))
    embed(trial.uniform(3))


@holds("times of type int64 give what the same times as floats give")
def refuses_whole_numbers(trial: Trial) -> None:
    """Your embedding is right for floats and not for integers, and DDPM hands its times over as int64. Multiplying an
    integer tensor by a float tensor gives floats by itself; other operations may not."""
    embed, (times,) = example(trial)
    embed(times.long())
    embed(times.int())


@holds("times run down the rows, also when there are as many of them as frequencies or columns")
def confuses_batch_and_frequencies(trial: Trial) -> None:
    """With as many times as there are frequencies, or columns, your embedding is wrong. In the product (B, 1) * (1,
    dim/2) every time meets every frequency, however many there are."""
    for batch in (4, 8):
        trial.build(8)(small_whole_times(trial, batch))


@holds("a batch of one time gives one row, (1, dim)")
def fails_for_one_time(trial: Trial) -> None:
    """Your embedding is right for several times and wrong for a single one: is there a squeeze() that takes the batch
    axis away?"""
    embed, (times,) = example(trial)
    embed(times)
    embed(times[:1])


@holds("each row depends on its own time only")
def times_are_not_treated_alone(trial: Trial) -> None:
    """A batch whose times are out of order, with one of them twice, comes out wrong. Each row describes its own time
    and nothing else."""
    # Rows in another order, and a time repeated.
    embed, _ = example(trial)
    embed(torch.tensor([9.0, 4.0, 9.0, 1.0, 0.0]))


@holds("any even width works, from 2 up")
def fails_for_other_widths(trial: Trial) -> None:
    """Your embedding is right for some widths and wrong for others. Is there a number written out, or a division by
    dim/2 - 1, which is 0 for the smallest width?"""
    for dim in (2, 4, 30):
        trial.build(dim)(small_whole_times(trial, 3))


@holds("the formula holds up to t = 999")
def wrong_for_late_times(trial: Trial) -> None:
    """Your embedding is right for early times and wrong for late ones. Does something round, clip or wrap t, or compute
    in half precision?"""
    embed, _ = example(trial)
    for late in (torch.tensor([0, 1, 500, 998, 999]), torch.tensor([999.0, 250.5, 731.0])):
        embed(late, tolerance=LATE)


@holds("the formula holds for the network's own width, 256")
def fails_for_the_networks_width(trial: Trial) -> None:
    """Small widths are right, the network's 256 is not. Nothing but dim/2 depends on the width."""
    trial.build(256)(torch.tensor([0, 3, 100, 999]), tolerance=LATE)


@right
class Buffered(nn.Module):
    """Frequencies as a buffer, the product as an outer one."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("rates", torch.exp(-math.log(10000) * torch.arange(dim // 2).float() / (dim // 2)))

    def forward(self, timesteps: Tensor) -> Tensor:
        angles = torch.einsum("b,f->bf", timesteps.to(self.rates.dtype), self.rates)
        return torch.hstack([angles.sin(), angles.cos()])


@right
class OverThePower(nn.Module):
    """The formula's own division, t / 10000^(2i/dim), written into an empty result."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.width = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        even = torch.arange(0, self.width, 2, device=timesteps.device)
        angles = timesteps.unsqueeze(1) / 10000 ** (even / self.width)
        result = torch.empty(len(timesteps), self.width, device=timesteps.device)
        result[:, : self.width // 2] = torch.sin(angles)
        result[:, self.width // 2 :] = torch.cos(angles)
        return result


@right
class ByLoops(nn.Module):
    """Number by number, with Python's own sine."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, timesteps: Tensor) -> Tensor:
        half = self.dim // 2
        rows = []
        for t in timesteps.tolist():
            angles = [t / 10000 ** (i / half) for i in range(half)]
            rows.append([math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles])
        return torch.tensor(rows, device=timesteps.device)


@right
class ByNumpy(SinusoidalPositionEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = np.power(10000.0, -np.arange(0, self.dim, 2) / self.dim)
        args = np.outer(timesteps.detach().cpu().numpy(), freqs)
        both = np.concatenate([np.sin(args), np.cos(args)], axis=1)
        return torch.from_numpy(both).float().to(timesteps.device)


@right
class ColumnByColumn(SinusoidalPositionEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = embedding_frequencies(self.dim).tolist()
        sines = [torch.sin(timesteps * frequency) for frequency in freqs]
        return torch.stack(sines + [torch.cos(timesteps * frequency) for frequency in freqs], dim=1)


@right
class ShiftedSine(SinusoidalPositionEmbedding):
    """A cosine is a sine a quarter turn earlier; complex numbers hold both."""

    def forward(self, timesteps: Tensor) -> Tensor:
        freqs = embedding_frequencies(self.dim, timesteps.device)
        turned = torch.polar(torch.ones_like(timesteps[:, None] * freqs), timesteps[:, None] * freqs)
        return torch.cat([turned.imag, turned.real], dim=1)


right(
    wrong(
        RETURN,
        "both = torch.stack([args.sin(), args.cos()], dim=-1).flatten(1)\n"
        "        return torch.cat([both[:, 0::2], both[:, 1::2]], dim=1)",
    ),
    "permuted_from_the_formulas_order",
)
