"""What holds for guided_prediction, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.properties import changes_the_models_mode
from course_lib.checks.stand_ins import EVALUATED, FUNCTION
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.guidance import Model, guided_prediction
from course_lib.lessons.lesson10.guided_prediction_watched import watched

EXERCISE = Exercise(
    "guided_prediction",
    guided_prediction,
    __name__,
    where="10.1 of the lesson, the line through two predictions; Ho and Salimans 2022, equation 6",
    watched=watched,
    not_for_all={
        "another_shape": "the prediction is looked at by itself, without how often the model is asked",
        "gradients_cut": "it serves sampling, where nothing learns",
        "mixes_the_batch": "fails_for_a_batch_of_one says more",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*a_batch(trial, 3), a_scale(trial))


@EXERCISE.harder
def far_out(trial: Trial) -> Call:
    """Large images, a label that is missing, and a scale below zero."""
    x, t, labels, numbers = a_batch(trial, 5)
    labels[2] = -1
    return trial.calling(10 * x, t, labels, numbers, -a_scale(trial))


def a_batch(trial: Trial, count: int, channels: int = 2, height: int = 3, width: int = 5) -> tuple:
    """Images, times, labels, and the numbers of a stand-in: how strongly it listens to pixels, time and class."""
    x, t = trial.normal(count, channels, height, width), trial.integers(0, 1000, count).float()
    return x, t, trial.integers(0, 10, count), tuple(0.5 + number for number in trial.uniform(4).tolist())


def a_scale(trial: Trial) -> float:
    return 1.5 + 3 * trial.random.random()


# ---- the prediction ----


def called(trial: Trial, args: tuple) -> float:
    """Record the prediction. Returned, and not recorded: how many times the batch went through the model."""
    found = trial.calling(*args).value()
    prediction, times = (found, 0.0) if isinstance(found, Failure) else found
    if not isinstance(trial.checked("the prediction", prediction, text(args)), Tensor):
        raise PropertyEnds
    return times


@EXERCISE.telling
def told(call: Call) -> str:
    return text(call.args)


def text(args: tuple) -> str:
    x, t, labels, _, *more = args
    shown = "None" if labels is None else labels.tolist() if len(labels) < 7 else f"{len(labels)} labels"
    at = f", guidance_scale={more[0]:.3g}" if more else ", guidance_scale left out"
    model = f"model, which is {more[1]}" if len(more) > 1 else "model"
    return f"guided_prediction({model}, x {tuple(x.shape)}, t {tuple(t.shape)}, labels {shown}{at})"


@holds("the prediction is uncond + guidance_scale * (cond - uncond)")
def values_at_a_scale_above_one(trial: Trial) -> None:
    called(trial, (*a_batch(trial, trial.pick(3, 4)), a_scale(trial)))


@holds("at scale 1 the prediction is the conditional one")
def wrong_at_scale_one(trial: Trial) -> None:
    """At scale 1 you should be at cond, the plain prediction for the class: uncond + 1 * (cond - uncond)."""
    called(trial, (*a_batch(trial, 3), 1.0))


@holds("at scale 0 the prediction is the one without a class")
def wrong_at_scale_zero(trial: Trial) -> None:
    """At scale 0 nothing of the class may be left: uncond + 0 * (cond - uncond)."""
    called(trial, (*a_batch(trial, 3), 0.0))


@holds("with labels None the model is asked with None, whatever the scale")
def fails_without_labels(trial: Trial) -> None:
    """Without labels there is nothing to guide: return model(x, t, None), also at other scales than 1."""
    for scale in (1.0, a_scale(trial), 0.0):
        x, t, _, numbers = a_batch(trial, 3)
        called(trial, (x, t, None, numbers, scale))


@holds("the scale is 1 where none is given")
def another_default_scale(trial: Trial) -> None:
    """Without a guidance_scale your code does something else than at scale 1. Keep the default in the first line,
    guidance_scale=1.0."""
    called(trial, a_batch(trial, 3))


@holds("every scale is a place on the same line: below 0, between 0 and 1, close to 1 and far out")
def some_scales_only(trial: Trial) -> None:
    """Your formula holds for some scales and not for others. No scale needs a case of its own but 0 and 1, and those
    only to save a call."""
    for scale in (-1.5, 0.3, 1.01, 9.0):
        called(trial, (*a_batch(trial, 2), scale))


@holds("a label may be -1 already: for that image both predictions are the same")
def stumbles_over_missing_classes(trial: Trial) -> None:
    """A batch in which one label is -1 comes out wrong. Pass the labels on as they are."""
    x, t, labels, numbers = a_batch(trial, 4)
    labels[trial.pick(0, 1, 2, 3)] = -1
    called(trial, (x, t, labels, numbers, a_scale(trial)))


@holds("twelve images of ten classes each get their own")
def confuses_classes(trial: Trial) -> None:
    """With twelve images of all ten classes your prediction is wrong. Image, time and label of one row belong
    together."""
    x, t, _, numbers = a_batch(trial, 12)
    called(trial, (x, t, torch.randperm(12, generator=trial.generator) % 10, numbers, a_scale(trial)))


@holds("large predictions stay large")
def limits_the_result(trial: Trial) -> None:
    """Where predictions are large yours is wrong. They are noise or a velocity, and neither ends at 1: nothing is cut
    off or rescaled."""
    x, *rest = a_batch(trial, 2)
    called(trial, (20 * x, *rest, a_scale(trial)))


@holds("a batch of one gives one prediction")
def fails_for_a_batch_of_one(trial: Trial) -> None:
    """With a single image your prediction is wrong. Is the batch axis squeezed away, or cut in two?"""
    called(trial, (*a_batch(trial, 1), a_scale(trial)))


@holds("it makes no difference if batch, channels, height and width are equally long")
def confuses_equal_axes(trial: Trial) -> None:
    """Where all axes are equally long your prediction is wrong. Is something cut or joined along an axis that its
    length names?"""
    called(trial, (*a_batch(trial, 4, 4, 4, 4), a_scale(trial)))


# ---- how often the model is asked ----


def calls_at(trial: Trial, args: tuple) -> None:
    trial.see("how many times the batch goes through the model", called(trial, args), text(args))


@holds("scale 1 costs one call of the model")
def two_calls_for_scale_one(trial: Trial) -> None:
    """At scale 1 the values are right, and the model works too much: cond alone is the answer. Sampling without
    guidance would take twice as long."""
    calls_at(trial, (*a_batch(trial, 3), 1.0))


@holds("scale 0 costs one call of the model")
def two_calls_for_scale_zero(trial: Trial) -> None:
    """At scale 0 the values are right, and the model works too much: uncond alone is the answer."""
    calls_at(trial, (*a_batch(trial, 3), 0.0))


@holds("labels None cost one call of the model")
def two_calls_without_labels(trial: Trial) -> None:
    """Without labels the batch goes through the model twice for the same answer: with no class, cond and uncond are
    one."""
    x, t, _, numbers = a_batch(trial, 3)
    calls_at(trial, (x, t, None, numbers, a_scale(trial)))


@holds("any other scale costs two calls, or one with twice the images")
def more_than_two_calls(trial: Trial) -> None:
    """The values are right, and the batch goes through the model more often than twice. Keep what it gave in a name."""
    calls_at(trial, (*a_batch(trial, 3), a_scale(trial)))


# ---- what a model may be ----


EXERCISE.here(changes_the_models_mode)


@holds("a network in evaluation mode is asked like one in training")
def networks_in_training_only(trial: Trial) -> None:
    """With a network in training mode you are right, and with one in evaluation mode not. Ask it in the mode it is
    in."""
    called(trial, (*a_batch(trial, 2), a_scale(trial), EVALUATED))


@holds("any function model(x, t, labels) will do, a network or not")
def networks_only(trial: Trial) -> None:
    """With a network you are right, and with a plain function model(x, t, labels) not. A model is called with x, t and
    labels, by position, and asked for nothing else."""
    x, t, labels, numbers = a_batch(trial, 3)
    for some, scale in ((labels, a_scale(trial)), (labels, 0.0), (labels, 1.0), (None, 1.0)):
        called(trial, (x, t, some, numbers, scale, FUNCTION))


# ---- right answers ----


@right
def from_cond(model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0) -> Tensor:
    """The paper's form: the conditional prediction, and w = scale - 1 times the difference on top."""
    if labels is None or guidance_scale == 1:
        return model(x, t, labels)
    no_class = labels * 0 - 1
    if guidance_scale == 0:
        return model(x, t, no_class)
    cond, uncond = model(x, t, labels), model(x, t, no_class)
    return cond + (guidance_scale - 1) * (cond - uncond)


@right
def by_lerp(model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0) -> Tensor:
    if labels is None:
        guidance_scale = 0.0
    if guidance_scale == 0.0:
        return model(x, t, None)
    cond = model(x, t, labels)
    return cond if guidance_scale == 1.0 else torch.lerp(model(x, t, None), cond, guidance_scale)


def both_in_one_batch(
    model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0
) -> Tensor:
    if labels is None or guidance_scale in (0.0, 1.0):
        return model(x, t, labels if guidance_scale else None)
    both = torch.cat([labels, torch.full_like(labels, -1)])
    cond, uncond = model(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2)
    return guidance_scale * cond + (1 - guidance_scale) * uncond


# no decorator: a mistake is an edit of its source
right(both_in_one_batch)


@right
def image_by_image(
    model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0
) -> Tensor:
    rows = []
    for i in range(len(x)):
        one = (x[i : i + 1], t[i : i + 1])
        label = None if labels is None else labels[i : i + 1]
        plain = model(*one, None) if label is None or guidance_scale != 1 else None
        if label is None or guidance_scale == 0:
            rows.append(plain)
        elif plain is None:
            rows.append(model(*one, label))
        else:
            rows.append(plain + guidance_scale * (model(*one, label) - plain))
    return torch.cat(rows)
