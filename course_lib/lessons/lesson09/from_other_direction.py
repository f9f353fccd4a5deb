"""What holds for from_other_direction, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.guidance import Model
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.warm_ups import from_other_direction

# what the watched function returns
RESULT, CALLS, S, PLACE, LABELS = range(5)


EXERCISE = Exercise(
    "from_other_direction",
    from_other_direction,
    __name__,
    where="section 9.8, the table of the two directions",
    watched=watched.from_other_direction,
    not_for_all={
        "another_shape": "its own first property says more",
        "another_type": "said by its own property of precision",
        "mixes_the_batch": "the stand-in's numbers have no batch axis; its own properties try a batch of one",
        "gradients_cut": "asked of the model inside alone",
        "assumes_float32": "asked of x and t alone, and of the time that the model inside sees",
        "reseeds_the_random_state": "said in its own words",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def numbers(trial: Trial) -> Tensor:
    """The papers' model: a stand-in, and the gain its prediction is multiplied by."""
    return torch.tensor([0.5, 0.9, 0.4, 0.6, 1.0]) + 0.3 * trial.uniform(5)


def example(trial: Trial) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, our times from 0 to 1000 (none near the middle, where both clocks agree), labels, numbers."""
    t = 50 + 350 * trial.uniform(3)
    t[1] = 1000 - t[1]
    return trial.normal(3, 2, 4, 5), t, torch.tensor([4, -1, trial.random.randrange(10)]), numbers(trial)


def ask(trial: Trial, *args: object, given: str = "") -> tuple:
    found = trial.handle.call(None, args, {})
    given = given or told(args)
    if isinstance(found, Failure):
        trial.checked("what your model gives", found, given)
    if not isinstance(found[RESULT], Tensor):
        named = Failure("type", f"{type(found[RESULT]).__name__} came back")
        trial.checked("what your model gives", None if found[RESULT] is None else named, given)
    return found


def told(args: tuple) -> str:
    times = ", ".join(f"{time:.4g}" for time in args[1].flatten().tolist()[:5])
    return f"from_other_direction(other)(x {tuple(args[0].shape)}, 1000 t = [{times}], labels)"


class Turned(torch.nn.Module):
    """A module that holds the other."""

    def __init__(self, other: Model) -> None:
        super().__init__()
        self.other = other

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.other(x, 1.0 - t / 1000.0, labels).neg()


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@holds("what is returned is a model, and its prediction has the shape of x")
def no_prediction(trial: Trial) -> None:
    """What you return cannot be called like a model, model(x, t, labels), or its prediction has another shape than x.
    Return the inner function itself, without calling it."""
    args = example(trial)
    trial.see("the shape of its prediction", tuple(ask(trial, *args)[RESULT].shape), told(args))


@holds("their model is called once")
def not_one_call(trial: Trial) -> None:
    """Their model is not called exactly once for each of your predictions."""
    args = example(trial)
    trial.see("how often the model inside is called", ask(trial, *args)[CALLS], told(args))


@holds("their clock shows 1 - t, where t = 0 is our clean image")
def wrong_clock(trial: Trial) -> None:
    """Their model is told the wrong time. Ours comes as 1000 t; theirs is 1 - t, between 0 and 1."""
    args = example(trial)
    trial.see("the time s that their model sees", ask(trial, *args)[S], told(args))


@holds("our 0 is their 1, and our 1000 their 0")
def wrong_clock_at_the_ends(trial: Trial) -> None:
    x, _, labels, parameters = example(trial)
    args = (x, torch.tensor([0.0, 1000.0, 500.0]), labels, parameters)
    trial.see("the time s that their model sees", ask(trial, *args)[S], told(args))


@holds("their model sees x as it is")
def another_point(trial: Trial) -> None:
    """You change x. A point on the line is the same point whichever way one walks along it."""
    args = example(trial)
    trial.see("the point that their model sees", ask(trial, *args)[PLACE], told(args))


@holds("their model sees the labels as they came, None included")
def labels_lost(trial: Trial) -> None:
    """The labels do not arrive as they came."""
    args = example(trial)
    trial.see("the labels that their model sees", ask(trial, *args)[LABELS], told(args))
    without = (args[0], args[1], None, args[3])
    trial.see("the labels that their model sees", ask(trial, *without)[LABELS], told(args) + " with labels None")


@holds("our velocity is minus theirs")
def wrong_velocity(trial: Trial) -> None:
    """Their model is asked the right question, and what you make of its answer is not the velocity in our direction:
    that is minus theirs."""
    args = example(trial)
    trial.see("its velocity", ask(trial, *args)[RESULT], told(args))


@holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        labels = trial.integers(0, 10, shape[0])
        args = (trial.normal(*shape), 1000 * trial.uniform(shape[0]), labels, numbers(trial))
        trial.see("its velocity", ask(trial, *args)[RESULT], told(args))


@holds("large velocities are left as they are")
def clipped(trial: Trial) -> None:
    x, t, labels, parameters = example(trial)
    args = (5 * x, t, labels, parameters)
    trial.see("its velocity", ask(trial, *args)[RESULT], told(args))


@holds("whole times work as well")
def wrong_for_whole_times(trial: Trial) -> None:
    x, t, labels, parameters = example(trial)
    args = (x, t.round().long(), labels, parameters)
    trial.see("the time s that their model sees", ask(trial, *args)[S], told(args) + ", whole numbers")


@holds("gradients flow back into their model, so that it could be trained further")
def gradients_cut(trial: Trial) -> None:
    """The values are right and cut from the graph (.detach() or torch.no_grad()): their model could not be trained any
    further."""
    x, t, labels, parameters = example(trial)
    found = trial.handle.gradients(None, (x, t, labels, parameters), {})
    given = "through from_other_direction(other)"
    if isinstance(found, Failure):
        trial.checked("the gradients", found, given)
    gradient = found.inputs[2][4:] if found.inputs[2] is not None else "none"
    trial.see("the gradient of the model inside", gradient, given, tolerance=10)


@holds("the precision of what comes in is kept")
def assumes_float32(trial: Trial) -> None:
    x, t, labels, parameters = example(trial)
    found = ask(trial, x.double(), t.double(), labels, parameters, given="x and t in float64")
    trial.see("its type", str(found[RESULT].dtype), "x and t in float64")
    seen = str(found[S].dtype) if isinstance(found[S], Tensor) else "no tensor"
    trial.see("the type of s", seen, "x and t in float64")


@holds("the global random state is left alone")
def reseeds_the_random_state(trial: Trial) -> None:
    """Your code sets the global seed. Nothing here is random."""
    trial.see("whether it sets the seed", trial.handle.reseeds(None, example(trial), {}) is True)


@right
def by_lambda(other: Model) -> Model:
    return lambda x, t, labels=None: -1 * other(x, (1000 - t) / 1000, labels)


@right
def by_module(other: Model) -> Model:
    return Turned(other)


@right
def step_by_step(other: Model) -> Model:
    def turned(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        ours = t * 0.001
        theirs = torch.ones_like(ours) - ours
        towards_the_image = other(x, theirs, labels=labels)
        return 0 - towards_the_image

    return turned
