"""What holds for per_image, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.properties import mixes_devices, shape_of, type_of
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.ddpm import per_image
from course_lib.lessons.lesson08.per_image_watched import watched

EXERCISE = Exercise(
    "per_image",
    per_image,
    __name__,
    where="lesson 08, section 8.3, the table of shapes",
    watched=watched,
    not_for_all={
        "another_shape": "its own has the words for (B, 1, 1, 1)",
        "another_type": "type_of_the_table has the words for it",
        "mixes_the_batch": "a table has no batch axis",
        "gradients_cut": "a table is looked up, nothing is learned through it",
        "assumes_float32": "type_of_the_table has the words for it",
        "assumes_the_cpu": "it is the table that stays behind, and no new tensor",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def inputs(trial: Trial, batch: int, size: tuple[int, int, int], T: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """A table without equal entries, times in no order, images."""
    times = torch.randperm(T, generator=trial.generator)[:batch]
    return trial.uniform(T), times, trial.normal(batch, *size)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*inputs(trial, 3, (2, 5, 4)))


@EXERCISE.harder
def times_that_come_twice(trial: Trial) -> Call:
    """Times that come twice, the first and the last among them, and a table with numbers above 1."""
    table, t, x = inputs(trial, 8, (3, 4, 2), T=trial.pick(11, 20))
    t[1], t[2], t[5], t[6] = 0, len(table) - 1, t[3], 0
    return trial.calling(4 * table, t, x)


@holds("one number for each image, with three axes of length one behind: (B, 1, 1, 1)")
def another_shape(trial: Trial) -> None:
    """The shape is not (B, 1, 1, 1). Broadcasting compares shapes from the right, so the batch has to stand four places
    from the right, with three axes of length one behind it."""
    call = ordinary_call(trial)
    trial.checked("its shape", shape_of(call.value()), call.text())


@holds("image b gets the number that stands in the table at its time, table[t[b]]")
def other_numbers(trial: Trial) -> None:
    """The shape is right and the numbers are others. Image b gets table[t[b]], as it stands in the table."""
    trial.call(*inputs(trial, 3, (2, 5, 4)))
    trial.call(*inputs(trial, 6, (3, 4, 2), T=trial.pick(11, 20)))


@holds("the numbers of the table stay as they are: above 1, below 0, and 0 itself")
def numbers_of_the_table_changed(trial: Trial) -> None:
    """Where the table holds numbers above 1, below 0, or 0 itself, yours are others. Image b gets the number as it
    stands there, whatever it is: is it kept within bounds (clamp), or are all divided by the largest?"""
    table, t, x = inputs(trial, 4, (2, 3, 5))
    for other in (-1 - table, 1 + 4 * table, torch.where(torch.arange(len(table)) == t[1], 0.0, table)):
        trial.call(other, t, x)


@holds("time 0 is the first entry of the table, the last time its last")
def ends_of_the_table(trial: Trial) -> None:
    """In the middle of the table your numbers are right, at its ends they are not. t counts from 0, and nothing has to
    be moved or limited."""
    table, _, x = inputs(trial, 4, (2, 3, 3), T=trial.pick(5, 8))
    last = len(table) - 1
    trial.call(table, torch.tensor([0, last, 0, last - 1]), x)
    trial.call(table[:1], torch.zeros(4, dtype=torch.int64), x)


@holds("it is right when batch, channels, height, width and table are all of length 4")
def wrong_where_sizes_agree(trial: Trial) -> None:
    """Where all axes are equally long your result is wrong. The batch is the first axis: is an axis found by its
    length?"""
    trial.call(*inputs(trial, 4, (4, 4, 4), T=4))


@holds("a batch of one image gives (1, 1, 1, 1)")
def loses_a_batch_of_one(trial: Trial) -> None:
    """Your code is right for several images and wrong for one. Is there a squeeze(), or a size written as a number?"""
    trial.call(*inputs(trial, 1, (3, 2, 5)))
    trial.call(*inputs(trial, 1, (1, 1, 1)))


@holds("what is in the images does not matter")
def looks_into_the_images(trial: Trial) -> None:
    """Images that hold infinity change your result. Only their number of axes, type and device are asked for."""
    table, t, x = inputs(trial, 3, (2, 3, 4))
    trial.call(table, t, torch.full_like(x, float("inf")))


@holds("the result has the type of the images, whatever the table's")
def type_of_the_table(trial: Trial) -> None:
    """Your result does not have the type of the images, see below. What is only looked up has the table's type, float64
    in the schedule, and torch.tensor makes float32 of Python's numbers, whatever the images are. An image times a
    number of more digits would become another type than the network's, which refuses it. Give the result x's own type,
    whichever that is: .to(x.dtype), or .to(x)."""
    table, t, x = inputs(trial, 3, (2, 3, 4))
    for of_table, of_images in ((torch.float64, torch.float32), (torch.float32, torch.float64)):
        value = trial.calling(table.to(of_table), t, x.to(of_images)).value()
        given = f"a table in {of_table}, images in {of_images}".replace("torch.", "")
        if isinstance(value, Failure):
            trial.see("the result", value, given)
            raise PropertyEnds
        trial.see("its type", type_of(value), given)


@holds("the result is on the device of the images, wherever the table is")
def device_of_the_table(trial: Trial) -> None:
    """With the images on a GPU, your result could not be multiplied with them. The table is on the CPU then:
    .to(x.device) brings it there."""
    value = ordinary_call(trial).value(elsewhere=True)
    trial.see("whether the result can be multiplied with the images", not mixes_devices(value), "images elsewhere")


@right
def by_view(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(x)[t].view(len(x), 1, 1, 1)


@right
def by_none(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(device=x.device, dtype=x.dtype)[t][:, None, None, None]


@right
def by_gather(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    picked = torch.gather(table.to(x.device), 0, t).to(x.dtype)
    return picked.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1)


@right
def by_index_select(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(x.device).index_select(0, t).type_as(x).reshape(x.size(0), *(1,) * (x.dim() - 1))


@right
def one_by_one(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    found = [table[time] for time in t.tolist()]
    return torch.stack(found).to(x).reshape(-1, 1, 1, 1)
