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
    not_for_all={"another_shape": "no_prediction looks at the prediction alone, and has the words for it"},
)
holds, right = EXERCISE.holds, EXERCISE.right


def model(trial: Trial) -> tuple[tuple[float, ...], Tensor]:
    """The papers' model: the numbers of a stand-in, and the gain its prediction is multiplied by."""
    return tuple(number + 0.3 * trial.random.random() for number in (0.5, 0.9, 0.4, 0.6)), 1 + 0.3 * trial.uniform()


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    """x, our times from 0 to 1000 (none near the middle, where both clocks agree), labels, their model."""
    t = 50 + 350 * trial.uniform(3)
    t[1] = 1000 - t[1]
    labels = torch.tensor([4, -1, trial.random.randrange(10)])
    return trial.calling(trial.normal(3, 2, 4, 5), t, labels, *model(trial))


@EXERCISE.harder
def at_all_times(trial: Trial) -> Call:
    """Both ends of time, the first class, the last and none, large numbers, and axes of one length."""
    t = torch.tensor([trial.pick(130.25, 310.5), 1000.0, 0.0, 999.5])
    return trial.calling(5 * trial.normal(4, 4, 4, 4), t, torch.tensor([-1, 9, 0, -1]), *model(trial))


@EXERCISE.telling
def told(call: Call) -> str:
    x, t, labels, _, _, *second = call.args
    times = ", ".join(f"{time:.4g}" for time in t.tolist()[:5])
    labels = "None" if labels is None else "labels"
    return f"from_other_direction(other)(x {tuple(x.shape)}, 1000 t = [{times}], {labels})" + (
        ", where another is wrapped behind it" if any(second) else ""
    )


def ask(call: Call) -> tuple:
    """What the watched function returns; ends the property, recorded, where its prediction is no tensor."""
    found = call.value()
    if isinstance(found, Failure):
        call.trial.checked("what your model gives", found, told(call))
    result = found[RESULT]
    if not isinstance(result, Tensor):
        named = Failure("type", result if isinstance(result, str) else f"{type(result).__name__} came back")
        # their model called, yours has been returned; else None may be what either of the two functions gives
        label = "what your model gives" if found[CALLS] else "what comes back"
        call.trial.checked(label, None if result is None else named, told(call))
    return found


def see(call: Call, place: int, label: str) -> None:
    call.trial.see(label, ask(call)[place], told(call))


@holds("what is returned is a model, and its prediction has the shape of x")
def no_prediction(trial: Trial) -> None:
    """What you return is no model, called as model(x, t, labels), whose prediction has the shape of x. Return the inner
    function itself, without calling it."""
    call = ordinary_call(trial)
    trial.see("the shape of its prediction", tuple(ask(call)[RESULT].shape), told(call))


@holds("their model is called once")
def not_one_call(trial: Trial) -> None:
    """Their model is not called exactly once for each of your predictions."""
    see(ordinary_call(trial), CALLS, "how often the model inside is called")


@holds("each image has its own time, so different times stay different")
def one_time_for_the_batch(trial: Trial) -> None:
    """Their model is told one and the same time for all images of the batch, and t holds one for each, (B,). Does a
    single number of t, or its mean, stand for all of them, or is what stands behind the point cut off?"""
    call = ordinary_call(trial)
    s = ask(call)[S]
    s = torch.as_tensor(s) if isinstance(s, Tensor | float | int) else None
    one = s is not None and s.numel() in (1, 3) and bool((s == s.flatten()[0]).all())
    # another time that is wrong is the next property's
    right = 1 - call.args[1].double() / 1000
    seen = s.double().flatten().expand(len(right)) if one else right
    trial.see("the time s that their model sees", seen, told(call))


@holds("their clock shows 1 - t, where t = 0 is our clean image")
def wrong_clock(trial: Trial) -> None:
    """Their model is told the wrong time. Ours comes as 1000 t; theirs is 1 - t, between 0 and 1."""
    see(ordinary_call(trial), S, "the time s that their model sees")


@holds("our 0 is their 1, and our 1000 their 0")
def wrong_clock_at_the_ends(trial: Trial) -> None:
    x, _, *rest = ordinary_call(trial).args
    see(trial.calling(x, torch.tensor([0.0, 1000.0, 500.0]), *rest), S, "the time s that their model sees")


@holds("1000 t may be 1 or less, for all images of a batch or for some")
def clock_guessed(trial: Trial) -> None:
    """Where 1000 t is 1 or less, for all images or for some, their model is told another time. 0.5 is t = 0.0005 then,
    next to the image, and theirs is 0.9995: what comes is 1000 t, always. Is its range guessed from the numbers?"""
    x, _, *rest = ordinary_call(trial).args
    for times in ([0.5, 1.0, 0.25], [0.5, 700.0, 1.0]):
        see(trial.calling(x, torch.tensor(times), *rest), S, "the time s that their model sees")


@holds("their model sees x as it is")
def another_point(trial: Trial) -> None:
    """Their model is shown another x than yours was given. A point on the line is the same point whichever way one
    walks along it."""
    see(ordinary_call(trial), PLACE, "the point that their model sees")


@holds("their model sees the labels as they came, None included")
def labels_lost(trial: Trial) -> None:
    """The labels do not arrive as they came."""
    call = ordinary_call(trial)
    see(call, LABELS, "the labels that their model sees")
    x, t, labels, *their_model = call.args
    for none in (None, torch.full_like(labels, -1)):
        see(trial.calling(x, t, none, *their_model), LABELS, "the labels that their model sees")


@holds("our velocity is minus theirs")
def wrong_velocity(trial: Trial) -> None:
    """Their model is asked the right question, and what you make of its answer is not the velocity in our direction:
    that is minus theirs."""
    see(ordinary_call(trial), RESULT, "its velocity")


@holds("a batch of one, and equal sizes, work as well")
def wrong_for_other_sizes(trial: Trial) -> None:
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        x, t, labels = trial.normal(*shape), 1000 * trial.uniform(shape[0]), trial.integers(0, 10, shape[0])
        see(trial.calling(x, t, labels, *model(trial)), RESULT, "its velocity")


@holds("two wrapped models do not disturb each other")
def last_model_serves_all(trial: Trial) -> None:
    """With one model wrapped you are right, and where a second one is wrapped behind it the first asks that. Is `other`
    kept in a place there is only one of, as by global? An inner function remembers the other it was made with."""
    see(trial.calling(*ordinary_call(trial).args, True), RESULT, "the velocity of the first of two wrapped models")


@holds("large velocities are left as they are")
def clipped(trial: Trial) -> None:
    x, *rest = ordinary_call(trial).args
    see(trial.calling(20 * x, *rest), RESULT, "its velocity")


@holds("whole times work as well")
def wrong_for_whole_times(trial: Trial) -> None:
    x, t, *rest = ordinary_call(trial).args
    see(trial.calling(x, t.round().long(), *rest), S, "the time s that their model sees")


@right
def by_lambda(other: Model) -> Model:
    return lambda x, t, labels=None: -1 * other(x, (1000 - t) / 1000, labels)


class Turned(torch.nn.Module):
    """A module that holds the other."""

    def __init__(self, other: Model) -> None:
        super().__init__()
        self.other = other

    def forward(self, x: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.other(x, 1.0 - t / 1000.0, labels).neg()


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
