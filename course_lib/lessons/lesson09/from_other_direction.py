"""Exercise from_other_direction (lesson 09): a flipped sign, or a flipped clock, is found here."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.flow_matching import Model, from_other_direction

# what the watched function returns
RESULT, CALLS, S, PLACE, LABELS = range(5)


def numbers(scene: Scene) -> Tensor:
    """The papers' model: a stand-in, and the gain its prediction is multiplied by."""
    return torch.tensor([0.5, 0.9, 0.4, 0.6, 1.0]) + 0.3 * scene.uniform(5)


def example(scene: Scene) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, our times from 0 to 1000 (none near the middle, where both clocks agree), labels, numbers."""
    t = 50 + 350 * scene.uniform(3)
    t[1] = 1000 - t[1]
    return scene.normal(3, 2, 4, 5), t, torch.tensor([4, -1, scene.random.randrange(10)]), numbers(scene)


def ask(scene: Scene, *args: object, given: str = "") -> tuple:
    found = scene.handle.call(None, args, {})
    given = given or told(args)
    if isinstance(found, Failure):
        scene.checked("what your model gives", found, given)
    if not isinstance(found[RESULT], Tensor):
        named = Failure("type", f"{type(found[RESULT]).__name__} came back")
        scene.checked("what your model gives", None if found[RESULT] is None else named, given)
    return found


def told(args: tuple) -> str:
    times = ", ".join(f"{time:.4g}" for time in args[1].flatten().tolist()[:5])
    return f"from_other_direction(other)(x {tuple(args[0].shape)}, 1000 t = [{times}], labels)"


def form(scene: Scene) -> None:
    args = example(scene)
    scene.see("the shape of its prediction", tuple(ask(scene, *args)[RESULT].shape), told(args))


def one_call(scene: Scene) -> None:
    args = example(scene)
    scene.see("how often the model inside is called", ask(scene, *args)[CALLS], told(args))


def clock(scene: Scene) -> None:
    args = example(scene)
    scene.see("the time s that their model sees", ask(scene, *args)[S], told(args))


def clock_at_both_ends(scene: Scene) -> None:
    x, _, labels, parameters = example(scene)
    args = (x, torch.tensor([0.0, 1000.0, 500.0]), labels, parameters)
    scene.see("the time s that their model sees", ask(scene, *args)[S], told(args))


def place(scene: Scene) -> None:
    args = example(scene)
    scene.see("the point that their model sees", ask(scene, *args)[PLACE], told(args))


def labels_passed_on(scene: Scene) -> None:
    args = example(scene)
    scene.see("the labels that their model sees", ask(scene, *args)[LABELS], told(args))
    without = (args[0], args[1], None, args[3])
    scene.see("the labels that their model sees", ask(scene, *without)[LABELS], told(args) + " with labels None")


def prediction(scene: Scene) -> None:
    args = example(scene)
    scene.see("its velocity", ask(scene, *args)[RESULT], told(args))


def other_sizes(scene: Scene) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        labels = scene.integers(0, 10, shape[0])
        args = (scene.normal(*shape), 1000 * scene.uniform(shape[0]), labels, numbers(scene))
        scene.see("its velocity", ask(scene, *args)[RESULT], told(args))


def large_predictions(scene: Scene) -> None:
    x, t, labels, parameters = example(scene)
    args = (5 * x, t, labels, parameters)
    scene.see("its velocity", ask(scene, *args)[RESULT], told(args))


def whole_times(scene: Scene) -> None:
    x, t, labels, parameters = example(scene)
    args = (x, t.round().long(), labels, parameters)
    scene.see("the time s that their model sees", ask(scene, *args)[S], told(args) + ", whole numbers")


def gradients(scene: Scene) -> None:
    x, t, labels, parameters = example(scene)
    found = scene.handle.gradients(None, (x, t, labels, parameters), {})
    given = "through from_other_direction(other)"
    if isinstance(found, Failure):
        scene.checked("the gradients", found, given)
    gradient = found.inputs[2][4:] if found.inputs[2] is not None else "none"
    scene.see("the gradient of the model inside", gradient, given, tolerance=10)


def keeps_precision(scene: Scene) -> None:
    x, t, labels, parameters = example(scene)
    found = ask(scene, x.double(), t.double(), labels, parameters, given="x and t in float64")
    scene.see("its type", str(found[RESULT].dtype), "x and t in float64")
    seen = str(found[S].dtype) if isinstance(found[S], Tensor) else "no tensor"
    scene.see("the type of s", seen, "x and t in float64")


def seed_left_alone(scene: Scene) -> None:
    scene.see("whether it sets the seed", scene.handle.reseeds(None, example(scene), {}) is True)


# ---- right, written differently ----


def by_lambda(other: Model) -> Model:
    return lambda x, t, labels=None: -1 * other(x, (1000 - t) / 1000, labels)


class Turned(torch.nn.Module):
    """A module that holds the other."""

    def __init__(self, other: Model) -> None:
        super().__init__()
        self.other = other

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.other(x, 1.0 - t / 1000.0, labels).neg()


def by_module(other: Model) -> Model:
    return Turned(other)


def step_by_step(other: Model) -> Model:
    def turned(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        ours = t * 0.001
        theirs = torch.ones_like(ours) - ours
        towards_the_image = other(x, theirs, labels=labels)
        return 0 - towards_the_image

    return turned


CLOCK = "s = 1 - t / TIME_SCALE"
TURN = "return -other(x, s, labels)"


mistake = mistakes_of(from_other_direction)


def turned(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (TURN, f"return {value}"))


def clocked(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (CLOCK, f"s = {value}"))


EXERCISES = (
    Exercise(
        name="from_other_direction",
        reference=from_other_direction,
        lesson="09",
        where="section 9.8, the table of the two directions",
        watched=watched.from_other_direction,
        properties=(
            Property(
                "no_prediction",
                "what is returned is a model, and its prediction has the shape of x",
                form,
                "What you return cannot be called like a model, model(x, t, labels), or its prediction has another "
                "shape than x. Return the inner function itself, without calling it.",
            ),
            Property(
                "not_one_call",
                "their model is called once",
                one_call,
                "Their model is not called exactly once for each of your predictions.",
            ),
            Property(
                "wrong_clock",
                "their clock shows 1 - t, where t = 0 is our clean image",
                clock,
                "Their model is told the wrong time. Ours comes as 1000 t; theirs is 1 - t, between 0 and 1.",
            ),
            Property("wrong_clock_at_the_ends", "our 0 is their 1, and our 1000 their 0", clock_at_both_ends),
            Property(
                "another_point",
                "their model sees x as it is",
                place,
                "You change x. A point on the line is the same point whichever way one walks along it.",
            ),
            Property(
                "labels_lost",
                "their model sees the labels as they came, None included",
                labels_passed_on,
                "The labels do not arrive as they came.",
            ),
            Property(
                "wrong_velocity",
                "our velocity is minus theirs",
                prediction,
                "Their model is asked the right question, and what you make of its answer is not the velocity in our "
                "direction: that is minus theirs.",
            ),
            Property("wrong_for_other_sizes", "a batch of one, and equal sizes, work as well", other_sizes),
            Property("clipped", "large velocities are left as they are", large_predictions),
            Property("wrong_for_whole_times", "whole times work as well", whole_times),
            Property(
                "gradients_cut",
                "gradients flow back into their model, so that it could be trained further",
                gradients,
                "The values are right and cut from the graph (.detach() or torch.no_grad()): their model could not be "
                "trained any further.",
            ),
            Property("assumes_float32", "the precision of what comes in is kept", keeps_precision),
            Property(
                "reseeds_the_random_state",
                "the global random state is left alone",
                seed_left_alone,
                "Your code sets the global seed. Nothing here is random.",
            ),
        ),
        misconceptions=(
            turned(
                "sign_not_flipped",
                "other(x, s, labels)",
                "The sign is not flipped. Their time runs to the image, so their velocity points there; ours points to "
                "the noise. With their sign our sampler walks *away* from the images.",
            ),
            clocked(
                "clock_not_turned",
                "t / TIME_SCALE",
                "The sign is flipped and the clock is not: at our t = 1, pure noise, their model is told s = 1, a "
                "finished image. Their s is 1 - t.",
            ),
            mistake(
                "neither_turned",
                "Nothing is turned: neither clock nor sign. Both have to be, and one does not stand in for the other.",
                (CLOCK, "s = t / TIME_SCALE"),
                (TURN, "return other(x, s, labels)"),
            ),
            clocked(
                "thousand_forgotten",
                "1 - t",
                "You forgot the 1000: what comes in is 1000 t. So 1 - t is a number like -640, and they want "
                "one from 0 to 1.",
            ),
            clocked(
                "still_in_thousands",
                "TIME_SCALE - t",
                "The clock is turned and still counts to 1000. Theirs goes from 0 to 1: divide.",
            ),
            clocked(
                "time_as_it_came",
                "t",
                "Their model gets our time as it came, from 0 to 1000 and in our direction. Divide by 1000, and "
                "turn it round: 1 - t.",
            ),
            clocked(
                "scaled_twice",
                "1 - t * TIME_SCALE",
                "You multiply by 1000 where you have to divide: what comes in is 1000 t already.",
            ),
            clocked(
                "clock_runs_below_zero",
                "-t / TIME_SCALE",
                "You change the sign of the *time*: their clock would run from 0 to -1. Turning it round is 1 - t.",
            ),
            clocked(
                "clock_past_one",
                "1 + t / TIME_SCALE",
                "Your s runs from 1 to 2. Where ours grows theirs falls: 1 - t.",
            ),
            clocked(
                "t_minus_one",
                "t / TIME_SCALE - 1",
                "t - 1 is negative everywhere; you want 1 - t.",
            ),
            clocked(
                "last_step_999",
                "1 - t / (TIME_SCALE - 1)",
                "You divide by 999, DDPM's last time. Here time is continuous, and its end is 1000.",
            ),
            clocked(
                "one_time_for_all",
                "1 - t[:1].expand_as(t) / TIME_SCALE",
                "All images get the time of the first. t holds one for each.",
            ),
            clocked(
                "time_rounded",
                "(1 - t / TIME_SCALE).round()",
                "You round s to 0 or 1: their model would only know the two ends.",
            ),
            clocked(
                "time_with_image_axes",
                "(1 - t / TIME_SCALE).reshape(-1, 1, 1, 1)",
                "You hand them s as (B, 1, 1, 1). A model wants one number an image, (B,).",
            ),
            turned(
                "labels_dropped",
                "-other(x, s, None)",
                "You do not hand the labels on: their model would draw whatever it likes.",
            ),
            turned(
                "x_flipped",
                "-other(-x, s, labels)",
                "You turned the sign of x as well. Only the direction of walking changes, no point of the path.",
            ),
            turned(
                "only_x_flipped",
                "other(-x, s, labels)",
                "You flip the sign of what goes in. It is the sign of what comes *out*.",
            ),
            turned(
                "velocity_as_a_point",
                "x - other(x, s, labels)",
                "You subtract their velocity from x. That is a point, the end of a step; asked for is the velocity.",
            ),
            turned(
                "one_minus_velocity",
                "1 - other(x, s, labels)",
                "You turn the velocity round like a clock, 1 - v. Times are turned by 1 - t, directions by a minus "
                "sign.",
            ),
            turned(
                "velocity_per_thousandth",
                "-other(x, s, labels) / TIME_SCALE",
                "You divide the velocity by 1000. Both clocks take one unit of time for the way; 1000 t is only what "
                "our models are shown.",
            ),
            turned(
                "weighted_by_time",
                "-other(x, s, labels) * s.reshape(-1, 1, 1, 1)",
                "You weigh the velocity with the time. Turning round changes its sign and nothing else.",
            ),
            turned(
                "clipped_to_one",
                "-other(x, s, labels).clamp(-1, 1)",
                "You clip the velocity. It is often larger than 1.",
            ),
            turned(
                "detached",
                "-other(x, s, labels).detach()",
                "The values are right and cut from the graph: .detach() lets no gradient through.",
            ),
            mistake(
                "other_returned",
                "You return their model as it came. A new function has to stand around it.",
                ("return model", "return other"),
            ),
        ),
        alternatives=(
            Alternative("by_lambda", by_lambda),
            Alternative("by_module", by_module),
            Alternative("step_by_step", step_by_step),
        ),
    ),
)
