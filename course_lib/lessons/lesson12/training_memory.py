"""What holds for training_memory, and right answers written differently."""

from collections.abc import Callable

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial, as_number
from course_lib.estimates import training_memory

LABEL = "the bytes"


EXERCISE = Exercise(
    "training_memory",
    training_memory,
    __name__,
    where="12.4 of the lesson, the list of what a parameter brings along",
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(trial.random.randrange(1000, 9000), trial.random.randrange(3000, 9000), trial.pick(3, 5, 7))


@EXERCISE.harder
def a_large_network(trial: Trial) -> Call:
    """Millions of parameters and of bytes, a large batch, and neither part small beside the other."""
    return trial.calling(31_000_000 + trial.random.randrange(999), 1_700_000 + trial.random.randrange(999), 97)


def difference(trial: Trial, label: str, place: int, expected: Callable[[list[int]], int]) -> None:
    """Whether one more of an argument adds what it should."""
    args = [trial.random.randrange(1000, 9000), trial.random.randrange(3000, 9000), trial.pick(3, 5, 7)]
    more = [value + (at == place) for at, value in enumerate(args)]
    found = [as_number(trial.handle.call(None, tuple(values), {})) for values in (args, more)]
    if any(isinstance(value, Failure) or not isinstance(value, int | float) for value in found):
        trial.call(*args, label=LABEL)
        return
    given = f"training_memory{tuple(args)} and training_memory{tuple(more)}: {found[0]:.12g} and {found[1]:.12g} came"
    trial.see(label, abs(found[1] - found[0] - expected(args)) < 0.01, given)


# so large that also whole gigabytes tell one unit from another
LARGE = (15_780_000_000, 60_000_000_000, 128), (33_000_000_000, 2_000_000_000, 77)
THOUSANDS = {1000: ("kilobytes", "megabytes", "gigabytes"), 1024: ("kibibytes", "mebibytes", "gibibytes")}
UNITS = {
    f"{name}, of {base}**{power} bytes": base**power
    for base, names in THOUSANDS.items()
    for power, name in enumerate(names, 1)
}


@holds("the number is one of bytes")
def in_another_unit(trial: Trial) -> None:
    """Your number is the right one in a larger unit, whole ones perhaps. Bytes are asked: at the end nothing is
    divided, by 1024 or 1000, and nothing cut off."""
    found = [as_number(trial.calling(*args).value()) for args in LARGE]
    unit = "bytes"
    if all(isinstance(one, int | float) for one in found):
        right = [training_memory(*args) for args in LARGE]
        for name, size in UNITS.items():
            if all(abs(one - whole / size) <= 1 for one, whole in zip(found, right, strict=True)):
                unit = name
    trial.see("the unit", unit, f"training_memory{LARGE[0]}")


@holds("each parameter brings 20 bytes along, whatever the batch")
def parameter_counted_wrongly(trial: Trial) -> None:
    """One parameter more should add 20 bytes, whatever the batch: weight, gradient, two moments of AdamW, moving
    average, four bytes each; and the sum of bytes is divided by nothing."""
    difference(trial, "whether one parameter more adds 20 bytes", 0, lambda args: 20)


@holds("each image of the batch adds kept_per_image bytes")
def image_counted_wrongly(trial: Trial) -> None:
    """One image more should add kept_per_image bytes, once: it is in bytes already, and nothing else grows with the
    batch."""
    difference(trial, "whether one image more adds kept_per_image", 2, lambda args: args[1])


@holds("five float32 numbers a parameter, and what is kept of each image")
def something_on_top(trial: Trial) -> None:
    """Your count grows as it should, and its value is another one: is something added or missing that does not depend
    on the sizes?"""
    ordinary_call(trial).see(LABEL)


@holds("with nothing kept, 20 bytes a parameter are left")
def wrong_for_parameters_alone(trial: Trial) -> None:
    """For the parameters alone your count is wrong: weight, gradient, two moments, average, four bytes each."""
    trial.call(trial.random.randrange(1000, 9000), 0, trial.pick(3, 5), label=LABEL)


@holds("without parameters, what is kept of the images is left")
def wrong_for_images_alone(trial: Trial) -> None:
    """For the images alone your count is wrong: kept_per_image bytes, once for each image of the batch."""
    trial.call(0, trial.random.randrange(1000, 9000), trial.pick(3, 5), label=LABEL)


@holds("a batch of one image keeps it once")
def wrong_for_one_image(trial: Trial) -> None:
    """For a batch of one your count is wrong."""
    trial.call(trial.random.randrange(1000, 9000), trial.random.randrange(1000, 9000), 1, label=LABEL)


@holds("an empty batch keeps nothing")
def wrong_without_images(trial: Trial) -> None:
    """Without images your count is wrong: only the parameters are left."""
    trial.call(trial.random.randrange(1000, 9000), trial.random.randrange(1000, 9000), 0, label=LABEL)


@holds("the document's network with 128 images is counted right")
def wrong_for_the_real_network(trial: Trial) -> None:
    """For the document's network your count is wrong. Is something rounded?"""
    trial.call(15_780_000, 60_000_000 + trial.random.randrange(1000), 128, label=LABEL)


@right
def listed(parameters: int, kept_per_image: int, batch_size: int) -> int:
    parts = {"weights": 4, "gradients": 4, "first moments": 4, "second moments": 4, "average": 4}
    return sum(number_of_bytes * parameters for number_of_bytes in parts.values()) + batch_size * kept_per_image


@right
def image_by_image(parameters: int, kept_per_image: int, batch_size: int) -> int:
    total = 20 * parameters
    for _ in range(batch_size):
        total += kept_per_image
    return total


@right
def in_float(parameters: int, kept_per_image: int, batch_size: int) -> float:
    return parameters * 4.0 * 5 + float(kept_per_image) * batch_size
