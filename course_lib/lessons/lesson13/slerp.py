"""What holds for slerp, and right answers written differently."""

import math

import torch
from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.editing import slerp

EXERCISE = Exercise(
    "slerp",
    slerp,
    __name__,
    where="section 13.4, the arc; Shoemake 1985",
    not_for_all={"gradients_cut": "it serves sampling, where nothing learns"},
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.normal(3, 2, 4, 5), trial.normal(3, 2, 4, 5), trial.pick(0.2, 0.3, 0.7))


@EXERCISE.harder
def narrow_and_wide(trial: Trial) -> Call:
    """Four images, higher than wide, whose angles run from narrow to wide, of lengths from short to long."""
    start, noise = trial.normal(4, 3, 7, 5), trial.normal(4, 3, 7, 5)
    along, length = torch.tensor([2.0, 0.7, 0.0, -0.7]), torch.tensor([0.2, 5.0, 1.0, 30.0])
    end = (along.view(-1, 1, 1, 1) * start + noise) * length.view(-1, 1, 1, 1)
    return trial.calling(length.flip(0).view(-1, 1, 1, 1) * start, end, 0.37)


@holds("share 0 is start")
def wrong_ends(trial: Trial) -> None:
    """At share 0 start should come back as it is, and at share 1 end. Yours gives something else at share 0 already."""
    trial.call(trial.normal(3, 2, 4, 5), trial.normal(3, 2, 4, 5), 0.0)


@holds("share 1 is end")
def wrong_at_share_one(trial: Trial) -> None:
    """At share 0 start comes back, as it should, and at share 1 what comes is not end, with the length that end has."""
    trial.call(trial.normal(3, 2, 4, 5), trial.normal(3, 2, 4, 5), 1.0)


def on_the_circle(degrees: float, length: float = 1.0) -> Tensor:
    """An image of two numbers in a row."""
    angle = math.radians(degrees)
    return length * torch.tensor([math.cos(angle), math.sin(angle)]).reshape(1, 1, 1, 2)


def right_for(trial: Trial, shape: tuple[int, ...], angle: float) -> bool:
    """Whether a quarter of the way along an arc is right, where an image is two numbers in this shape."""
    start, end = torch.tensor([1.0, 0.0]), torch.tensor([math.cos(angle), math.sin(angle)])
    wanted = torch.tensor([math.cos(0.25 * angle), math.sin(0.25 * angle)])
    value = trial.calling(start.reshape(shape), end.reshape(shape), 0.25).value()
    return not difference(value, wanted.reshape(shape))


@holds("an image has one angle, wherever in it its numbers stand")
def an_angle_for_each_part(trial: Trial) -> None:
    """Your result depends on whether the numbers of an image are channels, stand below each other or beside each other:
    parts of it have angles of their own. cosine_similarity, norm and sum with one dim go along that axis alone, and an
    image has three. It is one long vector, with one angle: flatten(1) comes first."""
    angle = trial.pick(0.8, 0.9, 1.1)
    right = [right_for(trial, shape, angle) for shape in ((1, 2, 1, 1), (1, 1, 2, 1), (1, 1, 1, 2))]
    given = "images of two channels, two rows and two columns, with the same two numbers"
    trial.see("whether it depends on where they stand", any(right) and not all(right), given)


@holds("on a circle, a third of the way from east to north is 30 degrees")
def wrong_on_a_circle(trial: Trial) -> None:
    """In the plane, from (1, 0) to (0, 1), a third of the way should lie at 30 degrees on the circle, and yours does
    not. At this right angle both weights are known: sin(60 degrees) and sin(30 degrees)."""
    trial.call(on_the_circle(0), on_the_circle(90), 1 / 3)


@holds("the cosine is the sum of the products, however many there are")
def mean_of_the_products(trial: Trial) -> None:
    """Your cosine is off: the products are divided by how many numbers there are, as mean() does. It is their sum,
    divided by the lengths of both images."""
    angle, share = 0.9, 0.25
    start = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 1, 1, 3)
    end = torch.tensor([math.cos(angle), math.sin(angle), 0.0]).reshape(1, 1, 1, 3)
    taken = math.acos(math.cos(angle) / 3)
    with_a_third = (math.sin((1 - share) * taken) * start + math.sin(share * taken) * end) / math.sin(taken)
    same = not difference(trial.calling(start, end, share).value(), with_a_third)
    trial.see("whether the cosine is a third of what it should be", same, "images of three numbers, both of length 1")


def see_on_the_circle(trial: Trial, degrees: float, lengths: tuple[float, float] = (1.0, 1.0)) -> None:
    for share in (0.25, 0.5):
        call = trial.calling(on_the_circle(0, lengths[0]), on_the_circle(degrees, lengths[1]), share)
        of_lengths = f"with the lengths {lengths[0]:g} and {lengths[1]:g}"
        given = f"from 0 to {degrees} degrees on a circle, {of_lengths}, share {share}"
        trial.checked("the result", call.value(), given)


@holds("the same at an angle that is smaller than a right one")
def right_angles_only(trial: Trial) -> None:
    """From (1, 0) to (0, 1) you are right, and on a shorter arc of the same circle not. Both weights are made of the
    angle between the two: sin((1 - share) * angle) / sin(angle) and sin(share * angle) / sin(angle). Here both lengths
    are 1, so that the cosine of the angle is the sum of the products, and torch.acos makes the angle of it."""
    see_on_the_circle(trial, trial.pick(50, 60, 70))


@holds("an angle may be larger than a right one")
def wrong_for_wide_angles(trial: Trial) -> None:
    """Where the angle is a right one or somewhat smaller you are right, and where it is larger not. There the cosine is
    negative, down to -1, and from it torch.acos gives the angle, up to 180 degrees. Is it cut off, or its sign lost
    on the way, or is the case treated by itself?"""
    see_on_the_circle(trial, trial.pick(110, 126, 140))


@holds("a small angle is one like any other")
def wrong_for_small_angles(trial: Trial) -> None:
    """On an arc of 20 degrees yours is wrong, and on longer ones it is right. Is there a case for small angles that
    begins too early?"""
    see_on_the_circle(trial, 20)


@holds("the length of start and end stays in the result")
def wrong_lengths(trial: Trial) -> None:
    """On a circle of radius 1 you are right, and on one of radius 3 not. Lengths are divided out in the cosine, and
    play no part elsewhere."""
    see_on_the_circle(trial, 60, (3.0, 3.0))


@holds("start and end may differ in length")
def wants_equal_lengths(trial: Trial) -> None:
    """Where start and end are of one length you are right, and where they differ in length not. The product is divided
    by both lengths, and in the sum each brings its own along."""
    see_on_the_circle(trial, 60, (0.5, 4.0))


@holds("the angle is that of each image as one long vector")
def wrong_axes(trial: Trial) -> None:
    """For a single image of two numbers you are right, and for a batch of larger ones not. Each image is one long
    vector, with one angle."""
    ordinary_call(trial).see()


@holds("a batch of images, with numbers of any size")
def wrong_for_other_sizes(trial: Trial) -> None:
    """For another batch, where start and end differ in length, yours is wrong: each image is one long vector, with one
    angle, and brings its own length along."""
    trial.call(0.5 * trial.normal(2, 2, 4, 5), 4 * trial.normal(2, 2, 4, 5), 0.3)


@right
def by_a_perpendicular(start: Tensor, end: Tensor, share: float) -> Tensor:
    """From two directions: that of start, and the one at a right angle to it, in the plane of both."""
    dims = tuple(range(1, start.ndim))
    a_length, b_length = (torch.linalg.vector_norm(x, dim=dims, keepdim=True) for x in (start, end))
    a, b = start / a_length, end / b_length
    cosine = (a * b).sum(dims, keepdim=True)
    across = b - cosine * a
    sine = torch.linalg.vector_norm(across, dim=dims, keepdim=True)
    angle = torch.atan2(sine, cosine)
    # the weights in terms of a and b, each with its own length
    for_b = torch.sin(share * angle) / sine
    for_a = torch.cos(share * angle) - for_b * cosine
    return for_a * start + for_b * end


@right
def image_by_image(start: Tensor, end: Tensor, share: float) -> Tensor:
    rows = []
    for a, b in zip(start, end, strict=True):
        angle = torch.arccos((a * b).sum() / (a.norm() * b.norm()))
        rows.append((torch.sin(angle - share * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle))
    return torch.stack(rows)


@right
def by_cosine_similarity(start: Tensor, end: Tensor, share: float) -> Tensor:
    cosine = torch.nn.functional.cosine_similarity(start.flatten(1), end.flatten(1), dim=1)
    angle = cosine.acos().view(-1, *[1] * (start.ndim - 1))
    return ((1 - share) * angle).sin() / angle.sin() * start + (share * angle).sin() / angle.sin() * end
