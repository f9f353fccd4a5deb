"""Exercise training_memory (lesson 12)."""

from collections.abc import Callable

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.estimates import training_memory

LABEL = "the bytes"


def values(scene: Scene) -> None:
    scene.call(scene.random.randrange(1000, 9000), scene.random.randrange(3000, 9000), scene.pick(3, 5, 7), label=LABEL)


def difference(scene: Scene, label: str, place: int, expected: Callable[[list[int]], int]) -> None:
    """Whether one more of an argument adds what it should."""
    args = [scene.random.randrange(1000, 9000), scene.random.randrange(3000, 9000), scene.pick(3, 5, 7)]
    more = [value + (at == place) for at, value in enumerate(args)]
    found = [scene.handle.call(None, tuple(values), {}) for values in (args, more)]
    if any(isinstance(value, Failure) or not isinstance(value, int | float) for value in found):
        scene.call(*args, label=LABEL)
        return
    given = f"training_memory{tuple(args)} and training_memory{tuple(more)}"
    scene.see(label, abs(found[1] - found[0] - expected(args)) < 0.01, given)


def one_parameter_more(scene: Scene) -> None:
    difference(scene, "whether one parameter more adds 20 bytes", 0, lambda args: 20)


def one_image_more(scene: Scene) -> None:
    difference(scene, "whether one image more adds kept_per_image", 2, lambda args: args[1])


def parameters_alone(scene: Scene) -> None:
    scene.call(scene.random.randrange(1000, 9000), 0, scene.pick(3, 5), label=LABEL)


def images_alone(scene: Scene) -> None:
    scene.call(0, scene.random.randrange(1000, 9000), scene.pick(3, 5), label=LABEL)


def one_image(scene: Scene) -> None:
    scene.call(scene.random.randrange(1000, 9000), scene.random.randrange(1000, 9000), 1, label=LABEL)


def no_image(scene: Scene) -> None:
    scene.call(scene.random.randrange(1000, 9000), scene.random.randrange(1000, 9000), 0, label=LABEL)


def real_size(scene: Scene) -> None:
    scene.call(15_780_000, 60_000_000 + scene.random.randrange(1000), 128, label=LABEL)


# ---- right, written differently ----


def listed(parameters: int, kept_per_image: int, batch_size: int) -> int:
    parts = {"weights": 4, "gradients": 4, "first moments": 4, "second moments": 4, "average": 4}
    return sum(number_of_bytes * parameters for number_of_bytes in parts.values()) + batch_size * kept_per_image


def image_by_image(parameters: int, kept_per_image: int, batch_size: int) -> int:
    total = 20 * parameters
    for _ in range(batch_size):
        total += kept_per_image
    return total


def in_float(parameters: int, kept_per_image: int, batch_size: int) -> float:
    return parameters * 4.0 * 5 + float(kept_per_image) * batch_size


RETURN = "return for_parameters + for_images"


def mistake(name: str, formula: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(training_memory, (RETURN, f"return {formula}")))


EXERCISES = (
    Exercise(
        name="training_memory",
        reference=training_memory,
        lesson="12",
        where="12.4 of the lesson, the list of what a parameter brings along",
        properties=(
            Property(
                "parameter_counted_wrongly",
                "each parameter brings 20 bytes along, whatever the batch",
                one_parameter_more,
                "One parameter more should add 20 bytes, whatever the batch: weight, gradient, two moments of AdamW, "
                "moving average, four bytes each.",
            ),
            Property(
                "image_counted_wrongly",
                "each image of the batch adds kept_per_image bytes",
                one_image_more,
                "One image more should add kept_per_image bytes, once: it is in bytes already, and nothing else grows "
                "with the batch.",
            ),
            Property(
                "something_on_top",
                "five float32 numbers a parameter, and what is kept of each image",
                values,
                "Your count grows as it should, and something is added or missing that does not depend on the sizes.",
            ),
            Property(
                "wrong_for_parameters_alone",
                "with nothing kept, 20 bytes a parameter are left",
                parameters_alone,
                "For the parameters alone your count is wrong: weight, gradient, two moments, average, four bytes "
                "each.",
            ),
            Property(
                "wrong_for_images_alone",
                "without parameters, what is kept of the images is left",
                images_alone,
                "For the images alone your count is wrong: kept_per_image bytes, once for each image of the batch.",
            ),
            Property(
                "wrong_for_one_image",
                "a batch of one image keeps it once",
                one_image,
                "For a batch of one your count is wrong.",
            ),
            Property(
                "wrong_without_images",
                "an empty batch keeps nothing",
                no_image,
                "Without images your count is wrong: only the parameters are left.",
            ),
            Property(
                "wrong_for_the_real_network",
                "the document's network with 128 images is counted right",
                real_size,
                "For the document's network your count is wrong. Is something rounded?",
            ),
        ),
        misconceptions=(
            mistake(
                "weights_only",
                "4 * parameters + for_images",
                "You count the weights alone. While training each also has a gradient, two moments of AdamW, and a "
                "copy in the average.",
            ),
            mistake(
                "no_optimizer",
                "12 * parameters + for_images",
                "AdamW keeps two numbers for every parameter, the running means of the gradient and of its square.",
            ),
            mistake(
                "one_moment",
                "16 * parameters + for_images",
                "One of the five is missing. AdamW keeps *two* moments, and the moving average is a copy of its own: "
                "weight, gradient, moment, moment, average.",
            ),
            mistake(
                "no_gradient_no_average",
                "8 * parameters + for_images",
                "Two of four bytes each, and there are five: weight, gradient, two moments, average.",
            ),
            mistake(
                "one_too_many",
                "24 * parameters + for_images",
                "You count six numbers a parameter. There are five: weight, gradient, two moments, average.",
            ),
            mistake(
                "half_precision",
                "10 * parameters + for_images",
                "You count two bytes a number. Mixed precision computes in half precision, but weights, moments and "
                "average stay in float32: four bytes.",
            ),
            mistake(
                "double_precision",
                "40 * parameters + for_images",
                "You count eight bytes a number. float32 has 32 bits, which are four bytes.",
            ),
            mistake(
                "numbers_not_bytes",
                "5 * parameters + for_images",
                "You count numbers. Bytes are asked: four for each float32.",
            ),
            mistake(
                "bits",
                "160 * parameters + for_images",
                "You count bits. A float32 has 32 of them, which are four bytes.",
            ),
            mistake(
                "parameters_times_batch",
                "(for_parameters + kept_per_image) * batch_size",
                "You multiply the parameters by the batch, too. All images share one set of weights; only what is kept "
                "of each image is there batch_size times.",
            ),
            mistake(
                "batch_forgotten",
                "for_parameters + kept_per_image",
                "You count one image. All images of the batch are in memory at once.",
            ),
            mistake(
                "images_forgotten",
                "for_parameters",
                "You leave out what is kept of the images. For large batches that is nearly all.",
            ),
            mistake(
                "parameters_forgotten",
                "for_images",
                "You leave out the parameters, their gradients, moments and average.",
            ),
            mistake(
                "kept_as_numbers",
                "for_parameters + 4 * for_images",
                "kept_per_image is in bytes already. Only the parameters are given as a number of numbers.",
            ),
            mistake(
                "kept_twice",
                "for_parameters + 2 * for_images",
                "You count forward and backward. What is kept for the gradients is there once, from one to the other.",
            ),
            mistake(
                "gradient_of_each_image",
                "16 * parameters + 4 * parameters * batch_size + for_images",
                "You keep a gradient for every image. They are summed up as they are made: one gradient for the whole "
                "batch.",
            ),
            mistake(
                "in_megabytes",
                "(for_parameters + for_images) / 1e6",
                "You return megabytes. Bytes are asked.",
            ),
            mistake(
                "in_mebibytes",
                "(for_parameters + for_images) / 2**20",
                "You return mebibytes. Bytes are asked.",
            ),
            mistake(
                "largest_of_both",
                "max(for_parameters, for_images)",
                "You take the larger of the two. Both are in memory at the same time: add them.",
            ),
        ),
        alternatives=(
            Alternative("listed", listed),
            Alternative("image_by_image", image_by_image),
            Alternative("in_float", in_float),
        ),
    ),
)
