"""Exercise euler_step (lesson 09), and the properties it shares with heun_step."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.scene import Scene
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.flow_matching import Velocity, euler_step

# what the watched step returns
RESULT, CALLS, TIMES, PLACES = range(4)


def numbers(scene: Scene) -> Tensor:
    """Of a velocity field in which pixels, neighbours and the time matter, and its strength."""
    return torch.tensor([0.4, 0.9, 0.3, 0.9]) + 0.3 * scene.uniform(4)


def times(scene: Scene) -> tuple[float, float]:
    """A step back in time, neither at an end nor as long as one of the usual fractions."""
    return scene.pick(0.83, 0.71, 0.64), scene.pick(0.47, 0.38, 0.29)


def take(scene: Scene, x: Tensor, t: float, t_next: float, parameters: Tensor, v: Tensor | None = None) -> tuple:
    """What the watched step returns; ends the property, recorded, where that is no tensor."""
    found = scene.handle.call(None, (x, t, t_next, parameters, v), {})
    given = told(scene, x, t, t_next)
    if isinstance(found, Failure):
        scene.checked("the step", found, given)
    if not isinstance(found[RESULT], Tensor):
        named = Failure("type", f"{type(found[RESULT]).__name__} came back")
        scene.checked("the step", None if found[RESULT] is None else named, given)
    return found


def told(scene: Scene, x: Tensor, t: float, t_next: float) -> str:
    return f"{scene.exercise.name} on x {tuple(x.shape)}, from t = {t:g} to t = {t_next:g}"


def form(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = take(scene, x, t, t_next, numbers(scene))
    scene.see("its shape", tuple(found[RESULT].shape), told(scene, x, t, t_next))


def no_time_passes(scene: Scene) -> None:
    x, (t, _) = scene.normal(3, 2, 4, 5), times(scene)
    scene.see("the point reached", take(scene, x, t, t, numbers(scene))[RESULT], told(scene, x, t, t))


def nothing_moves(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = take(scene, x, t, t_next, torch.zeros(4))
    scene.see("the point reached", found[RESULT], told(scene, x, t, t_next) + ", where every velocity is zero")


def constant_velocity(scene: Scene) -> None:
    """A field that is almost the same everywhere: direction and length of the step, whatever the method."""
    x, (t, t_next) = torch.zeros(3, 2, 4, 5), times(scene)
    parameters = torch.tensor([0.0, 0.0, 0.5, 1.0])
    scene.see("the point reached", take(scene, x, t, t_next, parameters)[RESULT], told(scene, x, t, t_next))


def usual_step(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    scene.see("the point reached", take(scene, x, t, t_next, numbers(scene))[RESULT], told(scene, x, t, t_next))


def number_of_calls(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = take(scene, x, t, t_next, numbers(scene))
    scene.see("how often velocity_at is called", found[CALLS], told(scene, x, t, t_next))


def where_it_asks(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = take(scene, x, t, t_next, numbers(scene))
    scene.see("the times velocity_at is asked at", found[TIMES], told(scene, x, t, t_next))
    scene.see("the points velocity_at is asked at", found[PLACES], told(scene, x, t, t_next))


def forward_in_time(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    scene.see("the point reached", take(scene, x, t_next, t, numbers(scene))[RESULT], told(scene, x, t_next, t))


def first_and_last(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    for start, end in ((1.0, t), (t_next, 0.0), (1.0, 0.0)):
        found = take(scene, x, start, end, numbers(scene))
        scene.see("the point reached", found[RESULT], told(scene, x, start, end))


def given_velocity(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = take(scene, x, t, t_next, numbers(scene), scene.normal(*x.shape))
    scene.see("the point reached", found[RESULT], told(scene, x, t, t_next) + ", with a guided v")


def large(scene: Scene) -> None:
    x, (t, t_next) = 6 * scene.normal(3, 2, 4, 5), times(scene)
    scene.see("the point reached", take(scene, x, t, t_next, numbers(scene))[RESULT], told(scene, x, t, t_next))


def other_sizes(scene: Scene) -> None:
    t, t_next = times(scene)
    for shape in ((1, 3, 4, 2), (4, 4, 4, 4), (2, 1, 1, 1)):
        x = scene.normal(*shape)
        scene.see("the point reached", take(scene, x, t, t_next, numbers(scene))[RESULT], told(scene, x, t, t_next))


def keeps_precision(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5).double(), times(scene)
    found = take(scene, x, t, t_next, numbers(scene))
    scene.see("its type", str(found[RESULT].dtype), "x and v in float64")


def gradients(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    args = (x, t, t_next, numbers(scene), scene.normal(*x.shape))
    found = scene.handle.gradients(None, args, {})
    given = told(scene, x, t, t_next)
    if isinstance(found, Failure):
        scene.checked("the gradients", found, given)
    for name, gradient in (("x", found.inputs[0]), ("v", found.inputs[2])):
        scene.see(f"the gradient with respect to {name}", "none" if gradient is None else gradient, given, tolerance=10)


def seed_left_alone(scene: Scene) -> None:
    x, (t, t_next) = scene.normal(3, 2, 4, 5), times(scene)
    found = scene.handle.reseeds(None, (x, t, t_next, numbers(scene)), {})
    scene.see("whether it sets the seed", found is True)


def shared_properties(calls: str, calls_mistake: str, **mistakes: str) -> tuple[Property, ...]:
    """From the coarse to the fine, so that the first that fails tells what kind of mistake it is."""
    return (
        Property(
            "another_shape",
            "a step leads to a point of the same shape",
            form,
            "What comes back is no batch of images as large as x: a step leads from one point to another.",
        ),
        Property(
            "moves_while_no_time_passes",
            "with t_next = t, x stays where it is",
            no_time_passes,
            "If no time passes, nothing may move. The velocity has to be multiplied by the time that passes, and "
            "added to x.",
        ),
        Property(
            "moves_without_a_velocity",
            "where the velocity is zero, x stays where it is",
            nothing_moves,
            "Where the velocity is zero, x has to stay as it is. Yours moves, shrinks or grows all the same.",
        ),
        Property(
            "wrong_length_or_direction",
            "in a field of constant velocity, a step is the time that passes, t_next - t, times the velocity",
            constant_velocity,
            "Even where the velocity is nearly the same everywhere your step has the wrong length or direction. The "
            "time that passes is t_next - t: it is negative on the way back.",
        ),
        Property("wrong_step", mistakes["says"], usual_step, mistakes["step"]),
        Property("wrong_number_of_calls", calls, number_of_calls, calls_mistake),
        Property("asks_elsewhere", "velocity_at is asked where it is needed and nowhere else", where_it_asks),
        Property(
            "wrong_forward_in_time",
            "a step forward in time, towards the noise, is right as well",
            forward_in_time,
            "On the way back you are right, forward in time not. t_next - t knows the direction by its sign: take no "
            "absolute value.",
        ),
        Property("wrong_at_the_ends", "steps that begin at t = 1 or end at t = 0 are right as well", first_and_last),
        Property(
            "given_velocity_ignored",
            "v is used as it was given, whatever velocity_at would say",
            given_velocity,
            "You do not use the v that was given. It has been paid for, and it may have been changed on the way, by "
            "guidance for instance.",
        ),
        Property("clipped", "large numbers are left as they are", large),
        Property("wrong_for_other_sizes", "a batch of one, and equal sizes, work as well", other_sizes),
        Property(
            "gradients_cut",
            "gradients flow back to x and v",
            gradients,
            "The values are right and cut from the graph (.detach(), .data or torch.no_grad()). The sampler switches "
            "gradients off by itself; a step should not.",
        ),
        Property("assumes_float32", "the precision of x is the precision of the result", keeps_precision),
        Property(
            "reseeds_the_random_state",
            "the global random state is left alone",
            seed_left_alone,
            "Your code sets the global seed. Nothing here is random: leave seeds to whoever runs the notebook.",
        ),
    )


# ---- right, written differently ----


def backwards(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    return x - (t - t_next) * v


def by_add(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    return torch.add(x, v, alpha=t_next - t)


def in_place_on_a_copy(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    step = x.clone()
    step += v * t_next
    step -= v * t
    return step


def by_the_clean_image(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """Predict the clean image, then walk from there to t_next."""
    clean = x - t * v
    return clean + t_next * v


STEP = "return x + (t_next - t) * v"


def stepped(name: str, value: str, sentence: str) -> Misconception:
    return Misconception(name, sentence, edited(euler_step, (STEP, f"return {value}")))


EXERCISES = (
    Exercise(
        name="euler_step",
        reference=euler_step,
        lesson="09",
        where="section 9.4, Euler's method (Karras et al. 2022, algorithm 1, line 5)",
        watched=watched.solver_step,
        properties=shared_properties(
            "velocity_at is never called: v is there already",
            "The point is right, and you call velocity_at. It is a model call, the expensive part, and v holds its "
            "answer already.",
            says="the step is x + (t_next - t) * v",
            step="In a nearly constant field you are right, in another one not. Euler's method looks at the start "
            "only: x, v, and the time that passes.",
        ),
        misconceptions=(
            stepped(
                "wrong_direction",
                "x + (t - t_next) * v",
                "You walk forward in time. On the way back t_next is smaller than t, so t_next - t is negative: that "
                "minus sign turns the velocity round.",
            ),
            stepped(
                "time_forgotten",
                "x + v",
                "You add the whole velocity. In a short time only a short way is covered: multiply by the time that "
                "passes.",
            ),
            stepped(
                "time_forgotten_backwards",
                "x - v",
                "You subtract the whole velocity, as if one unit of time went by in each step. Multiply by the time "
                "that passes, t_next - t.",
            ),
            stepped(
                "to_the_clean_image",
                "x - t * v",
                "You walk all the way to t = 0. That is the clean image that v points at; this step ends at t_next.",
            ),
            stepped(
                "multiplied_by_the_time_reached",
                "x + t_next * v",
                "You multiply by t_next, a point in time. What counts is how much time passes: t_next - t.",
            ),
            stepped(
                "multiplied_by_the_time_left",
                "x + t * v",
                "You multiply by t, a point in time. What counts is how much time passes: t_next - t.",
            ),
            stepped(
                "always_fifty_steps",
                "x - v / 50",
                "You take a fiftieth, however long the step is. t and t_next say how long it is.",
            ),
            stepped(
                "absolute_time",
                "x + abs(t_next - t) * v",
                "You take the absolute value of the time, so you always walk forward, towards the noise.",
            ),
            stepped(
                "always_backwards",
                "x - abs(t_next - t) * v",
                "You always walk back. Right on the way to an image; with t_next above t the step should go the other "
                "way.",
            ),
            stepped(
                "half_a_step",
                "x + (t_next - t) / 2 * v",
                "You go half of the way. Halves belong to Heun's method, and there they weigh two velocities.",
            ),
            stepped(
                "time_squared",
                "x + (t_next - t) ** 2 * v",
                "The time is squared in your step: its sign is lost, and short steps become far too short.",
            ),
            stepped(
                "divided_by_the_time",
                "x + v / (t_next - t) if t_next != t else x",
                "You divide by the time that passes. Velocity times time is a distance.",
            ),
            stepped(
                "time_in_thousands",
                "x + 1000 * (t_next - t) * v",
                "You multiply the time by 1000. Only the *model* counts in thousandths; the line takes one unit of "
                "time.",
            ),
            stepped(
                "only_the_change",
                "(t_next - t) * v",
                "You return how far it goes, not where it arrives: x is missing.",
            ),
            stepped(
                "the_velocity",
                "v",
                "You return the velocity. What is asked for is the point that the step reaches.",
            ),
            stepped(
                "x_multiplied_by_the_time",
                "(t_next - t) * x + v",
                "You multiply x by the time that passes, and add the whole velocity. It is the velocity that is "
                "multiplied; x stays as it is.",
            ),
            stepped(
                "x_scaled_as_well",
                "(1 + t_next - t) * x + (t_next - t) * v",
                "You scale x as well. A step adds to x and leaves it otherwise as it is.",
            ),
            stepped(
                "mixed",
                "(1 - (t_next - t)) * x + (t_next - t) * v",
                "You mix x and v as if v were a point, the other end of a line. v is a velocity: it is added.",
            ),
            stepped(
                "heun",
                "x + (t_next - t) * (v + velocity_at(x + (t_next - t) * v, t_next)) / 2",
                "That is Heun's method, and it is the next exercise. Euler's asks for no second velocity.",
            ),
            stepped(
                "midpoint",
                "x + (t_next - t) * velocity_at(x + (t_next - t) / 2 * v, (t + t_next) / 2)",
                "That is the midpoint method. A good one, and it costs a second call; Euler's uses v alone.",
            ),
            stepped(
                "velocity_asked_again",
                "x + (t_next - t) * velocity_at(x, t)",
                "You ask for the velocity at the start once more. v is exactly that: you would pay for every step "
                "twice.",
            ),
            stepped(
                "velocity_of_the_end",
                "x + (t_next - t) * velocity_at(x, t_next)",
                "You ask what the velocity is at t_next. Euler's method uses the one at the start, v.",
            ),
            stepped(
                "clipped_to_pixels",
                "(x + (t_next - t) * v).clamp(-1, 1)",
                "You clip to [-1, 1]. On the way x is part noise, and that may be larger.",
            ),
            stepped(
                "detached",
                "(x + (t_next - t) * v).detach()",
                "The values are right and cut from the graph: .detach() lets no gradient through.",
            ),
        ),
        alternatives=(
            Alternative("backwards", backwards),
            Alternative("by_add", by_add),
            Alternative("in_place_on_a_copy", in_place_on_a_copy),
            Alternative("by_the_clean_image", by_the_clean_image),
        ),
    ),
)
