"""Exercise guided_prediction (lesson 10)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, mistakes_of
from course_lib.checks.guard import Failure
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.lessons.lesson10.guided_prediction_watched import watched
from course_lib.guidance import Model, guided_prediction


def a_model(scene: Scene) -> tuple[float, ...]:
    """The numbers of a stand-in: how strongly it listens to pixels, time and class."""
    return tuple(0.5 + float(number) for number in scene.uniform(4))


def a_batch(scene: Scene, count: int, channels: int = 2, height: int = 3, width: int = 5) -> tuple:
    x, t = scene.normal(count, channels, height, width), scene.integers(0, 1000, count).float()
    return x, t, scene.integers(0, 10, count), a_model(scene)


def text(args: tuple) -> str:
    x, t, labels, _, *scale = args
    shown = "None" if labels is None else labels.tolist() if len(labels) < 7 else f"{len(labels)} labels"
    at = f", guidance_scale={scale[0]:.3g}" if scale else ", guidance_scale left out"
    return f"guided_prediction(model, x {tuple(x.shape)}, t {tuple(t.shape)}, labels {shown}{at})"


def called(scene: Scene, args: tuple) -> tuple:
    """The prediction, recorded, and how many times the batch went through the model, which is not."""
    found = scene.handle.call(None, args, {})
    if isinstance(found, Failure):
        scene.checked("the prediction", found, text(args))
    prediction, calls = found
    scene.checked("the prediction", prediction, text(args))
    if not isinstance(prediction, Tensor):
        raise PropertyEnds
    return prediction, calls


def a_scale(scene: Scene) -> float:
    return 1.5 + 3 * scene.random.random()


def values(scene: Scene) -> None:
    called(scene, (*a_batch(scene, scene.pick(3, 4)), a_scale(scene)))


def at_one(scene: Scene) -> None:
    called(scene, (*a_batch(scene, 3), 1.0))


def at_zero(scene: Scene) -> None:
    called(scene, (*a_batch(scene, 3), 0.0))


def without_labels(scene: Scene) -> None:
    for scale in (1.0, a_scale(scene), 0.0):
        x, t, _, numbers = a_batch(scene, 3)
        called(scene, (x, t, None, numbers, scale))


def scale_left_out(scene: Scene) -> None:
    called(scene, a_batch(scene, 3))


def other_scales(scene: Scene) -> None:
    for scale in (-1.5, 0.3, 1.01, 9.0):
        called(scene, (*a_batch(scene, 2), scale))


def some_without_class(scene: Scene) -> None:
    x, t, labels, numbers = a_batch(scene, 4)
    labels[scene.pick(0, 1, 2, 3)] = -1
    called(scene, (x, t, labels, numbers, a_scale(scene)))


def every_class(scene: Scene) -> None:
    x, t, _, numbers = a_batch(scene, 12)
    called(scene, (x, t, torch.arange(12), numbers, a_scale(scene)))


def large_values(scene: Scene) -> None:
    x, *rest = a_batch(scene, 2)
    called(scene, (20 * x, *rest, a_scale(scene)))


def batch_of_one(scene: Scene) -> None:
    called(scene, (*a_batch(scene, 1), a_scale(scene)))


def equal_axes(scene: Scene) -> None:
    called(scene, (*a_batch(scene, 4, 4, 4, 4), a_scale(scene)))


def in_float64(scene: Scene) -> None:
    x, t, labels, numbers = a_batch(scene, 2)
    args = (x.double(), t.double(), labels, numbers, a_scale(scene))
    prediction, _ = called(scene, args)
    scene.see("its type", str(prediction.dtype), "float64 inputs")


def calls_at(scene: Scene, args: tuple) -> None:
    _, calls = called(scene, args)
    scene.see("how many times the batch goes through the model", float(calls), text(args))


def calls_for_one(scene: Scene) -> None:
    calls_at(scene, (*a_batch(scene, 3), 1.0))


def calls_for_zero(scene: Scene) -> None:
    calls_at(scene, (*a_batch(scene, 3), 0.0))


def calls_without_labels(scene: Scene) -> None:
    x, t, _, numbers = a_batch(scene, 3)
    calls_at(scene, (x, t, None, numbers, a_scale(scene)))


def calls_for_any(scene: Scene) -> None:
    calls_at(scene, (*a_batch(scene, 3), a_scale(scene)))


def gradients(scene: Scene) -> None:
    # the count of calls carries no gradient and is left out of the sum
    args = (*a_batch(scene, 2), a_scale(scene))
    found = scene.handle.gradients(None, args, {}, seed=scene.random.randrange(2**31))
    scene.see_gradients(found, text(args), args[:1])


def arguments(scene: Scene) -> tuple:
    return (*a_batch(scene, 3), a_scale(scene))


# ---- right, written differently ----


def from_cond(model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0) -> Tensor:
    """The paper's form: the conditional prediction, and w = scale - 1 times the difference on top."""
    if labels is None or guidance_scale == 1:
        return model(x, t, labels)
    no_class = labels * 0 - 1
    if guidance_scale == 0:
        return model(x, t, no_class)
    cond, uncond = model(x, t, labels), model(x, t, no_class)
    return cond + (guidance_scale - 1) * (cond - uncond)


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


# ---- wrong, where an edit does not do ----


def interleaved_batch(
    model: Model, x: Tensor, t: Tensor, labels: Tensor | None = None, guidance_scale: float = 1.0
) -> Tensor:
    if labels is None or guidance_scale == 1.0:
        return model(x, t, labels)
    if guidance_scale == 0.0:
        return model(x, t, None)
    both = torch.cat([labels, torch.full_like(labels, -1)])
    cond, uncond = model(x.repeat_interleave(2, 0), t.repeat_interleave(2, 0), both).chunk(2)
    return uncond + guidance_scale * (cond - uncond)


FIRST = "if labels is None or guidance_scale == 1.0:\n        return model(x, t, labels)"
ZERO = "if guidance_scale == 0.0:\n        return uncond"
UNCOND = "model(x, t, torch.full_like(labels, NO_CLASS))"
COND = "cond = model(x, t, labels)"
SUM = "uncond + guidance_scale * (cond - uncond)"
# "return " in front, so that the docstring's formula is not meant
RETURN = f"return {SUM}"


mistake = mistakes_of(guided_prediction)


def combined(name: str, formula: str, sentence: str) -> Misconception:
    """Another last line; the shortcuts stay right."""
    return mistake(name, sentence, (RETURN, f"return {formula}"))


def plain_formula(name: str, formula: str, sentence: str) -> Misconception:
    """The same without the shortcuts for scale 0 and 1, as one writes it down first."""
    return mistake(
        name,
        sentence,
        (FIRST, "if labels is None:\n        return model(x, t, labels)"),
        (ZERO, "pass"),
        (RETURN, f"return {formula}"),
    )


EXERCISES = (
    Exercise(
        name="guided_prediction",
        reference=guided_prediction,
        lesson="10",
        where="10.1 of the lesson, the line through two predictions; Ho and Salimans 2022, equation 6",
        watched=watched,
        properties=(
            Property(
                "values_at_a_scale_above_one", "the prediction is uncond + guidance_scale * (cond - uncond)", values
            ),
            Property(
                "wrong_at_scale_one",
                "at scale 1 the prediction is the conditional one",
                at_one,
                "At scale 1 you should be at cond, the plain prediction for the class: uncond + 1 * (cond - uncond).",
            ),
            Property(
                "wrong_at_scale_zero",
                "at scale 0 the prediction is the one without a class",
                at_zero,
                "At scale 0 nothing of the class may be left: uncond + 0 * (cond - uncond).",
            ),
            Property(
                "fails_without_labels",
                "with labels None the model is asked with None, whatever the scale",
                without_labels,
                "Without labels there is nothing to guide: return model(x, t, None), also at other scales than 1.",
            ),
            Property(
                "another_default_scale",
                "the scale is 1 where none is given",
                scale_left_out,
                "Without a guidance_scale your code does something else than at scale 1. Keep the default in the "
                "first line, guidance_scale=1.0.",
            ),
            Property(
                "some_scales_only",
                "every scale is a place on the same line: below 0, between 0 and 1, close to 1 and far out",
                other_scales,
                "Your formula holds for some scales and not for others. No scale needs a case of its own but 0 and 1, "
                "and those only to save a call.",
            ),
            Property(
                "stumbles_over_missing_classes",
                "a label may be -1 already: for that image both predictions are the same",
                some_without_class,
                "A batch in which one label is -1 comes out wrong. Pass the labels on as they are.",
            ),
            Property(
                "confuses_classes",
                "twelve images of twelve classes each get their own",
                every_class,
                "With twelve classes in one batch some images are mixed up. Image, time and label of one row belong "
                "together.",
            ),
            Property(
                "limits_the_result",
                "large predictions stay large",
                large_values,
                "Large values are cut off or rescaled. The prediction is noise or a velocity, and neither ends at 1.",
            ),
            Property(
                "fails_for_a_batch_of_one",
                "a batch of one gives one prediction",
                batch_of_one,
                "With a single image your code goes wrong. Is the batch axis squeezed away, or cut in two?",
            ),
            Property(
                "confuses_equal_axes",
                "it makes no difference if batch, channels, height and width are equally long",
                equal_axes,
                "Where all axes are equally long something is cut or joined along the wrong one.",
            ),
            Property(
                "assumes_float32",
                "float64 comes out where float64 went in",
                in_float64,
                "Your code falls back to float32 (.float(), or a tensor made without dtype).",
            ),
            Property(
                "two_calls_for_scale_one",
                "scale 1 costs one call of the model",
                calls_for_one,
                "At scale 1 the values are right, and the model works too much: cond alone is the answer. Sampling "
                "without guidance would take twice as long.",
            ),
            Property(
                "two_calls_for_scale_zero",
                "scale 0 costs one call of the model",
                calls_for_zero,
                "At scale 0 the values are right, and the model works too much: uncond alone is the answer.",
            ),
            Property(
                "two_calls_without_labels",
                "labels None cost one call of the model",
                calls_without_labels,
                "Without labels you call the model twice for the same answer: with no class, cond and uncond are one.",
            ),
            Property(
                "more_than_two_calls",
                "any other scale costs two calls, or one with twice the images",
                calls_for_any,
                "The values are right, and the model is called more often than twice. Keep what it gave in a name.",
            ),
            Property(
                "gradients_cut",
                "gradients flow back through both predictions",
                gradients,
                "The values are right, and the gradients are not: somewhere the computation is cut (.detach(), .data, "
                "torch.no_grad()). That is the sampler's business, not this function's.",
            ),
            function_works_on_any_device(arguments),
            keeps_random_state(arguments=arguments),
        ),
        misconceptions=(
            mistake(
                "no_shortcut_below_one",
                "You skip guidance for every scale up to 1, as some libraries do. Then 0 gives the class instead of no "
                "class, and 0.5 does as well: only at exactly 1 is cond the answer.",
                (FIRST, FIRST.replace("== 1.0", "<= 1.0")),
            ),
            mistake(
                "scale_zero_takes_the_class",
                "You treat scale 0 like scale 1. At 0 the answer is uncond.",
                (FIRST, FIRST.replace("== 1.0", "in (0.0, 1.0)")),
            ),
            plain_formula(
                "papers_scale",
                "cond + guidance_scale * (cond - uncond)",
                "You start from cond. That is the paper's w, where 0 means no guidance; here the scale is 1 + w, so "
                "the way starts at uncond, and scale 1 arrives at cond.",
            ),
            combined(
                "papers_scale_with_shortcuts",
                "cond + guidance_scale * (cond - uncond)",
                "You start from cond, so your scale 2 is everybody else's 3 (in the paper's terms you read the scale "
                "as w; it is 1 + w). Start from uncond.",
            ),
            plain_formula(
                "roles_exchanged",
                "cond + guidance_scale * (uncond - cond)",
                "cond and uncond have changed places: your scale pushes *away* from the class. Start at uncond, and go "
                "towards cond.",
            ),
            combined(
                "roles_exchanged_with_shortcuts",
                "cond + guidance_scale * (uncond - cond)",
                "cond and uncond have changed places in the last line: above 1 it moves away from the class that was "
                "asked for.",
            ),
            combined(
                "sign_flipped",
                "uncond + guidance_scale * (uncond - cond)",
                "The difference has the wrong sign: (uncond - cond) points away from the class.",
            ),
            plain_formula(
                "sign_flipped_everywhere",
                "uncond - guidance_scale * (cond - uncond)",
                "You subtract the difference. Scale 1 should end at cond; yours goes the same distance the other way.",
            ),
            combined(
                "only_the_difference",
                "guidance_scale * (cond - uncond)",
                "You return the scaled difference alone. It has to be added to uncond: the start of the way is "
                "missing.",
            ),
            combined(
                "class_scaled",
                "guidance_scale * cond",
                "You multiply cond by the scale. That makes the whole prediction larger, not the share that the class "
                "has in it: uncond is never used.",
            ),
            combined(
                "added_not_subtracted",
                "uncond + guidance_scale * cond",
                "You add the scaled cond to uncond. What the class *changes* is cond - uncond, and only that is "
                "scaled.",
            ),
            combined(
                "off_by_one_scale",
                "uncond + (guidance_scale - 1) * (cond - uncond)",
                "You go guidance_scale - 1 of the way. With the -1 the way would have to start at cond; from uncond "
                "it is the full scale.",
            ),
            combined(
                "difference_of_the_wrong_pair",
                "uncond + guidance_scale * (cond + uncond)",
                "You add cond and uncond in the bracket. What the class changes is their *difference*.",
            ),
            combined(
                "mean_of_both",
                "(cond + uncond) / 2",
                "You take the mean of both predictions. The scale says how far to go, and above 1 it is further than "
                "either.",
            ),
            combined(
                "scaled_back",
                "uncond / guidance_scale + (cond - uncond)",
                "You divide by the scale, or make weights of it that sum to something else than one. The formula only "
                "multiplies, and only the difference.",
            ),
            combined(
                "sign_of_the_second_weight",
                "guidance_scale * cond + (guidance_scale - 1) * uncond",
                "Your two weights do not sum to one: cond has the scale, so uncond has 1 - scale (negative above 1).",
            ),
            combined(
                "rescaled",
                "(g := uncond + guidance_scale * (cond - uncond)) * cond.std(dim=(1, 2, 3), keepdim=True) "
                "/ g.std(dim=(1, 2, 3), keepdim=True)",
                "You bring the result back to the spread of cond. That is a known trick against too much contrast (Lin "
                "et al. 2024, section 3.4), and here the plain line is asked.",
            ),
            combined(
                "clipped",
                "(uncond + guidance_scale * (cond - uncond)).clamp(-1, 1)",
                "You clip the prediction to [-1, 1]. It is noise (or a velocity), which is larger than that all the "
                "time. Clipping is for clean images.",
            ),
            combined(
                "scale_squared",
                "uncond + guidance_scale**2 * (cond - uncond)",
                "The scale works twice: once is enough.",
            ),
            combined(
                "never_guides",
                "cond",
                "At scales above 1 you still return cond: the scale changes nothing.",
            ),
            combined(
                "never_conditions",
                "uncond",
                "At scales above 1 uncond comes out: the class is lost. Either uncond is returned, or cond is asked "
                "without the labels as well, so that the difference is zero.",
            ),
            combined(
                "clamped_scale",
                "uncond + min(max(guidance_scale, 0.0), 1.0) * (cond - uncond)",
                "You keep the scale within [0, 1]. Going beyond 1 is what guidance is for.",
            ),
            combined(
                "never_below_one",
                "uncond + max(guidance_scale, 1.0) * (cond - uncond)",
                "You lift scales below 1 up to 1. They are rare, and they mean something: less of the class than it "
                "learned.",
            ),
            combined(
                "returns_both",
                "uncond, cond",
                "You return two predictions. The sampler needs one: combine them.",
            ),
            mistake(
                "class_zero_as_no_class",
                'You use label 0 for "no class". 0 is a class like any other (T-shirts, or airplanes): guidance would '
                "push away from it. No class is -1.",
                (UNCOND, "model(x, t, torch.zeros_like(labels))"),
            ),
            mistake(
                "class_ten_as_no_class",
                "You use label 10, one past the last class, as many libraries do. In this course no class is -1, and "
                "a table with ten rows has no row 10.",
                (UNCOND, "model(x, t, torch.full_like(labels, 10))"),
            ),
            mistake(
                "class_one_as_no_class",
                "Your labels for uncond are all 1, a class. No class is -1; is a sign missing?",
                (UNCOND, "model(x, t, torch.ones_like(labels))"),
            ),
            mistake(
                "negated_labels",
                "You turn the labels' signs. That makes -3 of 3 and leaves 0 as it is; no class is -1 for every image.",
                (UNCOND, "model(x, t, -labels)"),
            ),
            mistake(
                "both_with_class",
                "Both predictions are made with the labels, so their difference is zero. uncond is asked with -1.",
                (UNCOND, "model(x, t, labels)"),
            ),
            mistake(
                "shortcuts_exchanged",
                "The two shortcuts are the wrong way round: scale 0 is uncond, scale 1 is cond.",
                (FIRST, FIRST.replace("== 1.0", "== 0.0")),
                (ZERO, ZERO.replace("== 0.0", "== 1.0")),
            ),
            mistake(
                "scale_one_without_class",
                "At scale 1 you ask the model without a class. That is scale 0.",
                (FIRST, FIRST.replace("model(x, t, labels)", "model(x, t, None)")),
            ),
            mistake(
                "labels_none_forgotten",
                "With labels None your code stops: there is nothing to fill with -1. Answer that case first, with one "
                "call.",
                (FIRST, FIRST.replace("labels is None or ", "")),
            ),
            mistake(
                "time_of_zero",
                "uncond is asked at another time than cond. Both see the same x and the same t; only the label "
                "differs.",
                (UNCOND, "model(x, torch.zeros_like(t), torch.full_like(labels, NO_CLASS))"),
            ),
            mistake(
                "noise_instead_of_the_image",
                "uncond is asked about another x. Both see the same x and the same t; only the label differs.",
                (UNCOND, "model(torch.zeros_like(x), t, torch.full_like(labels, NO_CLASS))"),
            ),
            mistake(
                "first_label_for_all",
                "You use the first label for the whole batch. Each image has its own.",
                (COND, "cond = model(x, t, labels[:1].expand_as(labels))"),
            ),
            mistake(
                "guided_by_the_guided",
                "uncond is asked about cond, or cond about uncond: the model's answer goes in again as an image. Both "
                "calls get x.",
                (COND, "cond = model(uncond, t, labels)"),
            ),
            Misconception(
                "batch_interleaved",
                "You double the batch with repeat_interleave (a, a, b, b), and cut it as if it were (a, b, a, b). "
                "Images meet the labels of others. torch.cat([x, x]) keeps the order.",
                interleaved_batch,
            ),
            plain_formula(
                "always_two_calls",
                SUM,
                "Right values, and always two calls. At scale 1 uncond is multiplied by 0: return cond before uncond "
                "is made; at scale 0 the same the other way round.",
            ),
            mistake(
                "scale_zero_in_two_calls",
                "At scale 0 you still make cond, only to multiply it by 0. Return uncond before.",
                (ZERO, "pass"),
            ),
            mistake(
                "scale_one_in_two_calls",
                "At scale 1 you still make uncond, which cancels. Return model(x, t, labels) at once: sampling "
                "without guidance should cost half.",
                (FIRST, "if labels is None:\n        return model(x, t, labels)"),
            ),
            mistake(
                "third_call",
                "You call the model a third time for a prediction that you have already. Keep it in a name.",
                (RETURN, "return uncond + guidance_scale * (model(x, t, labels) - uncond)"),
            ),
        ),
        alternatives=(
            Alternative("from_cond", from_cond),
            Alternative("by_lerp", by_lerp),
            Alternative("both_in_one_batch", both_in_one_batch),
            Alternative("image_by_image", image_by_image),
        ),
    ),
)
