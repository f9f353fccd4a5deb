"""Exercise update_average (lesson 10)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.lessons.lesson10.update_average_watched import watched
from course_lib.ema import update_average


def weights(scene: Scene, shapes: Sequence[tuple[int, ...]]) -> tuple[Tensor, ...]:
    return tuple(scene.normal(*shape) for shape in shapes)


def two_lists(scene: Scene, shapes: Sequence[tuple[int, ...]]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    return weights(scene, shapes), weights(scene, shapes)


def some_shapes(scene: Scene) -> list[tuple[int, ...]]:
    """Convolution, bias, linear layer, norm: as in a network."""
    return [(scene.pick(2, 3), 2, 3, 3), (4,), (3, scene.pick(4, 5)), (2,)]


def a_decay(scene: Scene) -> float:
    return 0.6 + 0.3 * scene.random.random()


def text(average: tuple[Tensor, ...], decay: float, times: int) -> str:
    again = f", {times} times" if times > 1 else ""
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in average)
    return f"update_average(average, current, decay={decay:.4g}){again}, with tensors of the shapes {shapes}"


def called(scene: Scene, lists: tuple, decay: float, times: int = 1) -> tuple:
    """What the tensors hold afterwards; the average's are recorded."""
    found = scene.handle.call(None, (*lists, decay, times), {})
    given = text(lists[0], decay, times)
    if isinstance(found, Failure):
        scene.checked("what the average holds afterwards", found, given)
    average, current, same, recorded = found
    scene.see("what the average holds afterwards", average, given)
    return average, current, same, recorded


def values(scene: Scene) -> None:
    called(scene, two_lists(scene, some_shapes(scene)), a_decay(scene))


def same_tensors(scene: Scene) -> None:
    lists, decay = two_lists(scene, [(3, 2), (4,)]), a_decay(scene)
    _, _, same, _ = called(scene, lists, decay)
    scene.see("whether the list still holds the tensors it held", same, text(lists[0], decay, 1))


def current_stays(scene: Scene) -> None:
    lists, decay = two_lists(scene, [(3, 2), (4,)]), a_decay(scene)
    _, current, _, _ = called(scene, lists, decay)
    scene.see("what the current weights hold afterwards", current, text(lists[0], decay, 1))


def nothing_recorded(scene: Scene) -> None:
    lists, decay = two_lists(scene, [(3, 2), (4,)]), a_decay(scene)
    _, _, _, recorded = called(scene, lists, decay)
    scene.see("whether the average asks for gradients now", recorded, text(lists[0], decay, 1))


def several_times(scene: Scene) -> None:
    called(scene, two_lists(scene, [(2, 3), (3,)]), a_decay(scene), times=scene.pick(3, 4))


def one_tensor(scene: Scene) -> None:
    called(scene, two_lists(scene, [(2, 2)]), a_decay(scene))


def single_number(scene: Scene) -> None:
    called(scene, two_lists(scene, [(), (1,)]), a_decay(scene))


def equal_shapes(scene: Scene) -> None:
    called(scene, two_lists(scene, [(3, 3)] * 3), a_decay(scene))


def both_ends(scene: Scene) -> None:
    for decay in (0.0, 1.0):
        called(scene, two_lists(scene, [(2, 3), (3,)]), decay)


def short_and_long(scene: Scene) -> None:
    for decay in (0.1, 0.45):
        called(scene, two_lists(scene, [(2, 3), (3,)]), decay)


def in_float64(scene: Scene) -> None:
    """A thousandth of a thousandth comes in at each step: rounding to float32 on the way would show."""
    average, current = two_lists(scene, [(2, 3), (3,)])
    lists = tuple(one.double() for one in average), tuple(one.double() for one in current)
    found = scene.handle.call(None, (*lists, 0.999, 1), {})
    given = text(average, 0.999, 1) + ", float64"
    if isinstance(found, Failure):
        scene.checked("what the average holds afterwards", found, given)
    scene.see("what the average holds afterwards", found[0], given, tolerance=1e-5)


def arguments(scene: Scene) -> tuple:
    return (*two_lists(scene, [(2, 3), (3,)]), a_decay(scene), 1)


# ---- right, written differently ----


def mul_and_add(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    with torch.no_grad():
        for old, new in zip(average, current, strict=True):
            old.mul_(decay).add_(new, alpha=1 - decay)


def by_lerp(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for old, new in zip(average, current, strict=True):
        old.lerp_(new.detach(), 1 - decay)


@torch.no_grad()
def by_copying(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for place in range(len(average)):
        average[place].copy_(decay * average[place] + (1 - decay) * current[place])


def through_data(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for old, new in zip(average, current, strict=True):
        old.data -= (1 - decay) * (old.data - new.data)


def by_slices(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    with torch.no_grad():
        for old, new in zip(average, current, strict=True):
            old[...] = old * decay + new * (1 - decay)


UPDATE = "torch._foreach_lerp_(list(average), list(current), 1 - decay)"
LOOP = "for old, new in zip(average, current, strict=True):\n                "


def in_a_loop(name: str, line: str, sentence: str) -> Misconception:
    """Another line for each pair of tensors."""
    return Misconception(name, sentence, edited(update_average, (UPDATE, LOOP + line)))


def recording(average: Sequence[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for old, new in zip(average, current, strict=True):
        old.mul_(decay).add_(new, alpha=1 - decay)


def in_the_list(average: list[Tensor], current: Sequence[Tensor], decay: float) -> None:
    for place, (old, new) in enumerate(zip(average, current, strict=True)):
        average[place] = decay * old + (1 - decay) * new.detach()


EXERCISES = (
    Exercise(
        name="update_average",
        reference=update_average,
        lesson="10",
        where="10.5 of the lesson, the line of the moving average; Ho et al. 2020, appendix B",
        watched=watched,
        properties=(
            Property("values", "every tensor of the average is decay * itself + (1 - decay) * its partner", values),
            Property(
                "not_in_place",
                "the tensors that were given are changed, and not the list",
                same_tensors,
                "The list holds other tensors now. Those that were given are the model's own: change them in place "
                "(lerp_, mul_ and add_, copy_), or the model never hears of it.",
            ),
            Property(
                "changes_the_current_weights",
                "the current weights stay as they are",
                current_stays,
                "You change the current weights as well. The average only follows: training must not notice it.",
            ),
            Property(
                "records_gradients",
                "the average stays outside of all gradients",
                nothing_recorded,
                "The average now asks for gradients: torch has recorded your arithmetic, and at every step the record "
                "gets longer until memory is full. Put it under `with torch.no_grad():`.",
            ),
            Property(
                "wrong_the_second_time",
                "several updates, one after the other, each start from what the last one left",
                several_times,
                "One update is right, several in a row are not: each has to start from what the one before has left.",
            ),
            Property(
                "fails_for_one_tensor",
                "a list of one tensor is updated like any other",
                one_tensor,
                "A list with a single tensor goes wrong. Go through the list with a loop, whatever its length.",
            ),
            Property(
                "fails_for_small_tensors",
                "tensors without axes, and with one number, are updated like any other",
                single_number,
                "Tensors of a single number are left out, or fail. A network has such weights, too.",
            ),
            Property(
                "partners_mixed_up",
                "partners stand at the same place of both lists, also where all shapes are equal",
                equal_shapes,
                "Where all tensors have the same shape, yours meet the wrong partners.",
            ),
            Property(
                "wrong_at_the_ends",
                "decay 0 copies the current weights, decay 1 changes nothing",
                both_ends,
                "At a decay of 0 the average should become the current weights, at 1 it should stay.",
            ),
            Property(
                "long_decays_only",
                "a decay below one half counts as it is given",
                short_and_long,
                "Short decays come out wrong: the warm-up begins at 0.1, where the current weights have nine tenths.",
            ),
            Property(
                "rounds_on_the_way",
                "float64 weights are averaged in float64",
                in_float64,
                "Your numbers are rounded on the way (.float(), .half(), .bfloat16()). With a decay of 0.9999 only a "
                "ten thousandth comes in at each step: rounded, it is lost, and the average never moves.",
            ),
            function_works_on_any_device(arguments),
            keeps_random_state(arguments=arguments),
        ),
        misconceptions=(
            in_a_loop(
                "shares_exchanged",
                "old.mul_(1 - decay).add_(new, alpha=decay)",
                "decay and 1 - decay have changed places (lerp_ takes the share of the *new*, 1 - decay). At 0.9999 "
                "your average would follow every step at once: it would be no average.",
            ),
            in_a_loop(
                "nothing_changes",
                "old = decay * old + (1 - decay) * new",
                "The tensors are as before. `old = ...` only gives a new tensor an old name; what the model holds is "
                "changed by a method that ends in an underscore (lerp_, mul_, add_, copy_).",
            ),
            Misconception(
                "list_changed_not_tensors",
                "You put new tensors into the list. The list is yours alone: the tensors in it are the model's, and "
                "those stay as they were. Change them in place, old.lerp_(...) or old.copy_(...).",
                in_the_list,
            ),
            in_a_loop(
                "nothing_of_the_new",
                "old.mul_(decay)",
                "You shrink the average and add nothing: after many steps all weights are zero.",
            ),
            in_a_loop(
                "old_not_shrunk",
                "old.add_(new, alpha=1 - decay)",
                "You add (1 - decay) of the new weights and leave all of the old. The shares must sum to one: multiply "
                "the average by decay first, or the weights grow and grow.",
            ),
            in_a_loop(
                "new_not_shrunk",
                "old.mul_(decay).add_(new)",
                "You add all of the new weights. Only 1 - decay of them comes in, so that the shares sum to one.",
            ),
            in_a_loop(
                "multiplied_after_adding",
                "old.add_(new, alpha=1 - decay).mul_(decay)",
                "You add first and multiply then, so what has come in is shrunk as well. Multiply the average first.",
            ),
            in_a_loop(
                "difference_too_large",
                "old.mul_(decay).add_(new - old, alpha=1 - decay)",
                "You multiply by decay and *also* add a difference. One of the two: decay * old + (1 - decay) * new, "
                "or old + (1 - decay) * (new - old).",
            ),
            in_a_loop(
                "away_from_the_new",
                "old.sub_(new - old, alpha=1 - decay)",
                "Your average moves away from the current weights: the difference has the wrong sign.",
            ),
            in_a_loop(
                "plain_copy",
                "old.copy_(new)",
                "You copy the current weights. That is decay 0: nothing is averaged.",
            ),
            in_a_loop(
                "mean_of_both",
                "old.add_(new).div_(2)",
                "You take the mean of both, whatever the decay. That forgets half of everything at every step.",
            ),
            in_a_loop(
                "sum_of_both",
                "old.add_(new)",
                "You add the current weights up. An average keeps its size: the two shares sum to one.",
            ),
            in_a_loop(
                "decay_squared",
                "old.lerp_(new, 1 - decay**2)",
                "The decay works twice. Once is enough.",
            ),
            in_a_loop(
                "half_the_way",
                "old.lerp_(new, (1 - decay) / 2)",
                "Half of what should come in comes in.",
            ),
            in_a_loop(
                "clipped",
                "old.lerp_(new, 1 - decay).clamp_(-1, 1)",
                "You clip the average. Weights are no pixels: they may be as large as training makes them.",
            ),
            in_a_loop(
                "old_shrunk_twice",
                "old.copy_(decay * new).add_((1 - decay) * old)",
                "You overwrite the average before you have used it. Multiply first, then add; or make the sum first "
                "and copy it at the end.",
            ),
            in_a_loop(
                "only_the_first",
                "old.lerp_(new, 1 - decay)\n                break",
                "Only the first tensor of the list is updated: is a `return` or `break` inside the loop?",
            ),
            in_a_loop(
                "all_but_the_last",
                "old is average[-1] or old.lerp_(new, 1 - decay)",
                "The last tensor of the list stays as it was: the loop ends one too early.",
            ),
            in_a_loop(
                "matrices_only",
                "old.ndim > 1 and old.lerp_(new, 1 - decay)",
                "Biases and norms (tensors with one axis) stay as they were. The average is one of *all* weights.",
            ),
            in_a_loop(
                "current_follows",
                "new.copy_(old.lerp_(new, 1 - decay))",
                "You write the average back into the current weights. Training would then walk with every step held "
                "back; the average only looks on.",
            ),
            in_a_loop(
                "current_follows_instead",
                "new.lerp_(old, 1 - decay)",
                "You change the current weights and leave the average as it was: the two are the wrong way round.",
            ),
            in_a_loop(
                "rounded_to_half",
                "old.copy_((decay * old.half() + (1 - decay) * new.half()).to(old.dtype))",
                "You average in half precision. It has about three digits: a ten thousandth that comes in is rounded "
                "away. Keep the average in the precision of the weights.",
            ),
            Misconception(
                "gradients_recorded",
                "Right values, and torch has recorded how they came about: the average asks for gradients now, and at "
                "every step the record grows by one layer. Put the loop under `with torch.no_grad():`.",
                recording,
            ),
        ),
        alternatives=(
            Alternative("mul_and_add", mul_and_add),
            Alternative("by_lerp", by_lerp),
            Alternative("by_copying", by_copying),
            Alternative("through_data", through_data),
            Alternative("by_slices", by_slices),
        ),
    ),
)
