"""Exercise per_image (lesson 08)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.properties import mixes_devices
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.lessons.lesson08.per_image_watched import watched
from course_lib.ddpm import per_image


def inputs(scene: Scene, batch: int, size: tuple[int, int, int], T: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """A table without equal entries, times in no order, images."""
    times = torch.randperm(T, generator=scene.generator)[:batch]
    return scene.uniform(T), times, scene.normal(batch, *size)


def shape(scene: Scene) -> None:
    args = inputs(scene, 3, (2, 5, 4))
    value = scene.handle.call(None, args, {})
    found = tuple(value.shape) if isinstance(value, Tensor) else value
    scene.checked("its shape", found, "per_image(tensor (9,), tensor (3,), tensor (3, 2, 5, 4))")


def numbers(scene: Scene) -> None:
    scene.call(*inputs(scene, 3, (2, 5, 4)))
    scene.call(*inputs(scene, 6, (3, 4, 2), T=scene.pick(11, 20)))


def ends_of_the_table(scene: Scene) -> None:
    table, _, x = inputs(scene, 4, (2, 3, 3), T=scene.pick(5, 8))
    last = len(table) - 1
    scene.call(table, torch.tensor([0, last, 0, last - 1]), x)
    scene.call(table[:1], torch.zeros(4, dtype=torch.int64), x)


def equal_sizes(scene: Scene) -> None:
    scene.call(*inputs(scene, 4, (4, 4, 4), T=4))


def lone_image(scene: Scene) -> None:
    scene.call(*inputs(scene, 1, (3, 2, 5)))
    scene.call(*inputs(scene, 1, (1, 1, 1)))


def type_of_the_images(scene: Scene) -> None:
    table, t, x = inputs(scene, 3, (2, 3, 4))
    for of_table, of_images in ((torch.float64, torch.float32), (torch.float32, torch.float64)):
        value = scene.handle.call(None, (table.to(of_table), t, x.to(of_images)), {})
        given = f"a table in {of_table}, images in {of_images}".replace("torch.", "")
        if isinstance(value, Failure):
            scene.see("the result", value, given)
            raise PropertyEnds
        scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", given)


def device_of_the_images(scene: Scene) -> None:
    value = scene.handle.call(None, (*inputs(scene, 3, (2, 3, 4)), True), {}, elsewhere=True)
    scene.see("whether the result can be multiplied with the images", not mixes_devices(value), "images elsewhere")


def seed_left_alone(scene: Scene) -> None:
    found = scene.handle.reseeds(None, inputs(scene, 2, (2, 3, 4)), {})
    scene.see("whether it sets the seed", found is True)


# ---- right, written differently ----


def by_view(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(x)[t].view(len(x), 1, 1, 1)


def by_none(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(device=x.device, dtype=x.dtype)[t][:, None, None, None]


def by_gather(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    picked = torch.gather(table.to(x.device), 0, t).to(x.dtype)
    return picked.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1)


def by_index_select(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    return table.to(x.device).index_select(0, t).type_as(x).reshape(x.size(0), *(1,) * (x.dim() - 1))


def one_by_one(table: Tensor, t: Tensor, x: Tensor) -> Tensor:
    found = [table[time] for time in t.tolist()]
    return torch.stack(found).to(x).reshape(-1, 1, 1, 1)


TABLE = "table.to(x.dtype).to(x.device)  # the type first: Apple's GPUs have no float64"
RESULT = "numbers.reshape(-1, *[1] * (x.ndim - 1))"


mistake = mistakes_of(per_image)


def returns(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (RESULT, value))


def looks_up(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, ("numbers = table[t]", f"numbers = {value}"))


EXERCISES = (
    Exercise(
        name="per_image",
        reference=per_image,
        lesson="08",
        where="lesson 08, section 8.3, the table of shapes",
        watched=watched,
        properties=(
            Property(
                "another_shape",
                "one number for each image, with three axes of length one behind: (B, 1, 1, 1)",
                shape,
                "The shape is not (B, 1, 1, 1). Broadcasting compares shapes from the right, so the batch has to stand "
                "four places from the right, with three axes of length one behind it.",
            ),
            Property(
                "other_numbers",
                "image b gets the number that stands in the table at its time, table[t[b]]",
                numbers,
                "The shape is right and the numbers are others. Image b gets table[t[b]], as it stands in the table.",
            ),
            Property(
                "ends_of_the_table",
                "time 0 is the first entry of the table, the last time its last",
                ends_of_the_table,
                "In the middle of the table your numbers are right, at its ends they are not. t counts from 0, and "
                "nothing has to be moved or limited.",
            ),
            Property(
                "wrong_where_sizes_agree",
                "it is right when batch, channels, height, width and table are all of length 4",
                equal_sizes,
                "Where all axes are equally long, your numbers land on the wrong one. The batch is the first axis.",
            ),
            Property(
                "loses_a_batch_of_one",
                "a batch of one image gives (1, 1, 1, 1)",
                lone_image,
                "Your code is right for several images and wrong for one: a squeeze(), or a size written as a number.",
            ),
            Property(
                "type_of_the_table",
                "the result has the type of the images, whatever the table's",
                type_of_the_images,
                "Your result has the type of the table, or a fixed one. The schedule is float64, and float64 times a "
                "float32 image gives a float64 image, which the network refuses: .to(x.dtype).",
            ),
            Property(
                "device_of_the_table",
                "the result is on the device of the images, wherever the table is",
                device_of_the_images,
                "Your result stays where the table is. With the images on a GPU the two could not be multiplied: "
                ".to(x.device).",
            ),
            Property(
                "reseeds_the_random_state",
                "the global random state is not set",
                seed_left_alone,
                "Your code sets the global seed. Everything random that follows would repeat itself.",
            ),
        ),
        misconceptions=(
            returns(
                "no_axes_behind",
                "numbers",
                "You return (B,), one number an image. Multiplied with (B, C, H, W), its only axis meets the *last* "
                "one, the width: an error if you are lucky, and columns instead of images if the width is B.",
            ),
            returns(
                "one_axis_behind",
                "numbers[:, None]",
                "You have one axis behind the batch, (B, 1). Images have three more: the batch would meet the height.",
            ),
            returns(
                "two_axes_behind",
                "numbers[:, None, None]",
                "Two axes behind the batch are one too few: (B, 1, 1) meets (B, C, H, W) at the channels. Three are "
                "needed, for channels, height and width.",
            ),
            returns(
                "four_axes_behind",
                "numbers[:, None, None, None, None]",
                "Four axes behind the batch are one too many: the product with images would have five axes.",
            ),
            returns(
                "batch_at_the_end",
                "numbers.reshape(1, 1, 1, -1)",
                "Your numbers lie along the width, (1, 1, 1, B). They belong along the batch, the first axis.",
            ),
            returns(
                "batch_along_the_channels",
                "numbers.reshape(1, -1, 1, 1)",
                "Your numbers lie along the channels, (1, B, 1, 1), as a bias would. These are numbers of images: the "
                "first axis.",
            ),
            returns(
                "batch_along_the_height",
                "numbers.reshape(1, 1, -1, 1)",
                "Your numbers lie along the height. They belong along the batch, the first axis.",
            ),
            returns(
                "expanded_to_the_images",
                "numbers.reshape(-1, 1, 1, 1).expand(x.shape)",
                "You repeat each number for every pixel. Broadcasting does that by itself; what goes back is "
                "(B, 1, 1, 1).",
            ),
            returns(
                "already_multiplied",
                "numbers.reshape(-1, 1, 1, 1) * x",
                "You multiply the images already. per_image only finds the factors; what they multiply, image or "
                "noise, is up to whoever asked.",
            ),
            returns(
                "whole_table",
                "table.reshape(-1, 1, 1, 1)",
                "You return the whole table, one number a time. Each image needs the one at its own time: table[t].",
            ),
            returns(
                "first_time_for_all",
                "numbers[:1].reshape(1, 1, 1, 1)",
                "You look up one number, at the first image's time. Every image has a time of its own.",
            ),
            returns(
                "first_time_repeated",
                "numbers[:1].repeat(len(t)).reshape(-1, 1, 1, 1)",
                "All images get the number of the first image's time. Look up table[t] with all of t.",
            ),
            looks_up(
                "first_entries",
                "table[:len(t)]",
                "You take the first B entries of the table and never look at t. Index the table *with* t: table[t].",
            ),
            looks_up(
                "one_step_late",
                "table[(t + 1).clamp(max=len(table) - 1)]",
                "You look one time too late, at t + 1. The paper counts from 1; our tables and our t both from 0.",
            ),
            looks_up(
                "one_step_late_until_the_end",
                "table[t + 1]",
                "You look at t + 1, which does not even exist for the last time. Our tables and our t both count from "
                "0.",
            ),
            looks_up(
                "one_step_early",
                "table[t - 1]",
                "You look one time too early, at t - 1; and at t = 0 that is -1, which in Python is the *last* entry. "
                "The paper counts from 1; our tables and our t both from 0.",
            ),
            looks_up(
                "from_the_end",
                "table.flip(0)[t]",
                "You read the table from its end. At t = 0 stands its first entry.",
            ),
            looks_up(
                "times_instead_of_the_table",
                "t.to(x.dtype)",
                "You return the times themselves. They say *where* in the table the number stands: table[t].",
            ),
            looks_up(
                "root_taken",
                "table[t].sqrt()",
                "You take a root. The formula needs roots of some tables and not of others, so that is the caller's "
                "business.",
            ),
            looks_up(
                "sorted_times",
                "table[t.sort().values]",
                "You sort the times, so images get each other's numbers. The order of t is the order of the images.",
            ),
            looks_up(
                "mean_over_the_batch",
                "table[t].mean().expand(len(t))",
                "All images get the mean over the batch. Each has its own number.",
            ),
            mistake(
                "type_forgotten",
                "Your numbers keep the table's type. The schedule is float64; times a float32 image that gives a "
                "float64 image, and the network refuses it: .to(x.dtype).",
                (TABLE, "table.to(x.device)"),
            ),
            mistake(
                "always_float32",
                "You convert to float32, always. Images in float64 (or half precision) deserve numbers of their own "
                "type: x.dtype.",
                (TABLE, "table.float().to(x.device)"),
            ),
            mistake(
                "device_forgotten",
                "Your numbers stay on the table's device. The images may be on a GPU: .to(x.device).",
                (TABLE, "table.to(x.dtype)"),
            ),
            mistake(
                "neither_type_nor_device",
                "Right numbers, but with the type and on the device of the table. The images decide: "
                "table.to(x.dtype).to(x.device), or table.to(x).",
                (TABLE, "table"),
            ),
            returns(
                "squeezed",
                "numbers.reshape(-1, 1, 1, 1).squeeze(0)",
                "You squeeze, and a batch of one loses its axis. Nothing has to be squeezed here.",
            ),
        ),
        alternatives=(
            Alternative("view", by_view),
            Alternative("none_in_brackets", by_none),
            Alternative("gather", by_gather),
            Alternative("index_select", by_index_select),
            Alternative("one_by_one", one_by_one),
        ),
    ),
)
