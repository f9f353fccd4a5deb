"""Exercise heun_step (lesson 09)."""

from torch import Tensor

from course_lib.lessons.lesson09.euler_step import shared_properties
from course_lib.checks.exercise import Alternative, Exercise, Misconception, mistakes_of
from course_lib.lessons.lesson09 import flow_matching_watched as watched
from course_lib.flow_matching import Velocity, heun_step

# ---- right, written differently ----


def mean_of_two_steps(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """The mean of where two Euler steps arrive: one with the first velocity, one with the second."""
    tried = x + (t_next - t) * v
    again = x + (t_next - t) * velocity_at(tried, t_next)
    return (tried + again) / 2


def corrected(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    """The Euler step, and half of what the second velocity changes about it."""
    h = t_next - t
    tried = x + h * v
    return tried + 0.5 * h * (velocity_at(tried, t_next) - v)


def backwards(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    h = t - t_next
    return x - h / 2 * v - h / 2 * velocity_at(x - h * v, t_next)


def as_in_karras(velocity_at: Velocity, x: Tensor, t: float, t_next: float, v: Tensor) -> Tensor:
    following = x + (t_next - t) * v
    d = velocity_at(following, t_next)
    return x + (t_next - t) * (1 / 2 * v + 1 / 2 * d)


TRY = "x_tried = x + (t_next - t) * v"
ASK = "v_end = velocity_at(x_tried, t_next)"
STEP = "return x + (t_next - t) * (v + v_end) / 2"


mistake = mistakes_of(heun_step)


def stepped(name: str, value: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (STEP, f"return {value}"))


def asked(name: str, arguments: str, sentence: str) -> Misconception:
    return mistake(name, sentence, (ASK, f"v_end = velocity_at({arguments})"))


EXERCISES = (
    Exercise(
        name="heun_step",
        reference=heun_step,
        lesson="09",
        where="section 9.6, Heun's method (Karras et al. 2022, algorithm 1, lines 5 to 8)",
        watched=watched.solver_step,
        properties=shared_properties(
            "velocity_at is called once: v is the other of the two",
            "Heun's method needs exactly one more velocity than the v you were given. Each call is a model call, the "
            "expensive part.",
            says="the step is that of Heun's method, with the mean of the velocities at both ends",
            step="In a nearly constant field you are right, in another one not: the second velocity is asked for at "
            "another place or time, or the two are weighed otherwise than half and half.",
        ),
        misconceptions=(
            stepped(
                "euler",
                "x + (t_next - t) * v + 0 * v_end",
                "That is still Euler's step: the velocity at the end is never used.",
            ),
            mistake(
                "euler_without_a_call",
                "That is Euler's method: one velocity, from the start. Heun asks for another at the end of a trial "
                "step and takes the mean of both.",
                (ASK, "v_end = v"),
            ),
            stepped(
                "only_the_end",
                "x + (t_next - t) * v_end",
                "You step with the velocity at the end alone. The mean of both ends is what makes it second order.",
            ),
            stepped(
                "not_halved",
                "x + (t_next - t) * (v + v_end)",
                "You add both velocities and do not halve: every step is twice as long as it should be. Take the "
                "*mean*.",
            ),
            stepped(
                "halved_once_only",
                "x + (t_next - t) * (v + v_end / 2)",
                "You walk a whole step with v, and half a step more with v_end. Half with the one and half with the "
                "other: (v + v_end) / 2, from x.",
            ),
            stepped(
                "goes_on_from_the_trial",
                "x_tried + (t_next - t) * (v + v_end) / 2",
                "You step on from where the trial arrived, so you walk twice. The trial step only asks the way: the "
                "real step starts at x.",
            ),
            stepped(
                "difference_of_the_two",
                "x + (t_next - t) * (v - v_end) / 2",
                "You take half the *difference* of the two velocities. It is their mean.",
            ),
            stepped(
                "wrong_direction",
                "x + (t - t_next) * (v + v_end) / 2",
                "The trial step goes the right way, the real one the other: the time that passes is t_next - t, both "
                "times.",
            ),
            mistake(
                "trial_in_the_wrong_direction",
                "Your trial step goes the wrong way, so you ask for the velocity on the other side of x: it is "
                "t_next - t there, too.",
                (TRY, "x_tried = x + (t - t_next) * v"),
            ),
            mistake(
                "both_in_the_wrong_direction",
                "Trial and step walk forward in time, towards the noise. The time that passes is t_next - t, negative "
                "on the way back.",
                (TRY, "x_tried = x + (t - t_next) * v"),
                (STEP, "return x + (t - t_next) * (v + v_end) / 2"),
            ),
            mistake(
                "trial_of_half_a_step",
                "Your trial goes half a step and asks for the velocity at t_next: place and time do not fit. Heun's "
                "trial goes all the way.",
                (TRY, "x_tried = x + (t_next - t) / 2 * v"),
            ),
            mistake(
                "midpoint",
                "That is the midpoint method: the velocity half way, and only that. It is of second order, too; asked "
                "for is Heun's, with the mean of both *ends*.",
                (TRY, "x_tried = x + (t_next - t) / 2 * v"),
                (ASK, "v_end = velocity_at(x_tried, (t + t_next) / 2)"),
                (STEP, "return x + (t_next - t) * v_end"),
            ),
            mistake(
                "ralston",
                "Your weights are 1/4 and 3/4, with the second velocity at two thirds: Ralston's method. Heun's takes "
                "both ends, half and half.",
                (TRY, "x_tried = x + 2 / 3 * (t_next - t) * v"),
                (ASK, "v_end = velocity_at(x_tried, t + 2 / 3 * (t_next - t))"),
                (STEP, "return x + (t_next - t) * (v + 3 * v_end) / 4"),
            ),
            mistake(
                "trial_without_time",
                "Your trial adds the whole velocity, as if one unit of time went by. It is an Euler step: "
                "(t_next - t) * v.",
                (TRY, "x_tried = x + v"),
            ),
            mistake(
                "trial_without_time_backwards",
                "Your trial subtracts the whole velocity, as if one unit of time went by. It is an Euler step: "
                "(t_next - t) * v.",
                (TRY, "x_tried = x - v"),
            ),
            mistake(
                "trial_to_the_clean_image",
                "Your trial goes all the way to t = 0, and then asks for the velocity at t_next. It should end at "
                "t_next.",
                (TRY, "x_tried = x - t * v"),
            ),
            asked(
                "asked_at_the_start",
                "x, t_next",
                "You ask for the velocity at x, where the step starts. It is wanted where the trial arrives: x_tried.",
            ),
            asked(
                "asked_at_the_old_time",
                "x_tried, t",
                "You ask at the right place and at the old time, t. When the trial arrives there, it is t_next.",
            ),
            asked(
                "asked_in_the_middle",
                "x_tried, (t + t_next) / 2",
                "You ask at the end of the trial, and tell the model that it is half past. It is t_next there.",
            ),
            asked(
                "asked_at_x_and_t",
                "x, t",
                "You ask at x and t. The answer to that is v, which you have. The second velocity belongs to the end "
                "of the trial step.",
            ),
            asked(
                "asked_in_thousands",
                "x_tried, 1000 * t_next",
                "You multiply the time by 1000. velocity_at takes t between 0 and 1; it does that for the model "
                "itself.",
            ),
            mistake(
                "velocity_asked_again",
                "The point is right, and you ask for the velocity at the start once more. v is exactly that: your "
                "Heun costs three calls instead of two.",
                (TRY, "v = v + 0 * velocity_at(x, t)\n    x_tried = x + (t_next - t) * v"),
            ),
            mistake(
                "velocity_at_the_start_recomputed",
                "You ignore v and ask for the velocity at the start yourself. v is there so that no call is paid for "
                "twice.",
                (TRY, "v = velocity_at(x, t)\n    x_tried = x + (t_next - t) * v"),
            ),
            mistake(
                "repeated_correction",
                "You correct a second time with the corrected end. It costs another call and is no longer Heun's "
                "method.",
                (
                    STEP,
                    "v_end = velocity_at(x + (t_next - t) * (v + v_end) / 2, t_next)\n    "
                    "return x + (t_next - t) * (v + v_end) / 2",
                ),
            ),
            stepped(
                "weights_one_to_two",
                "x + (t_next - t) * (v + 2 * v_end) / 3",
                "You weigh the two velocities 1 to 2. Here both count alike.",
            ),
            stepped(
                "only_the_change",
                "(t_next - t) * (v + v_end) / 2",
                "You return how far it goes, not where it arrives: x is missing.",
            ),
            stepped(
                "mean_velocity",
                "(v + v_end) / 2",
                "You return the mean velocity. What is asked for is the point that the step reaches with it.",
            ),
            stepped(
                "always_backwards",
                "x - abs(t_next - t) * (v + v_end) / 2",
                "Your step always walks back. With t_next above t it should go the other way: no absolute value.",
            ),
            stepped(
                "clipped_to_pixels",
                "(x + (t_next - t) * (v + v_end) / 2).clamp(-1, 1)",
                "You clip to [-1, 1]. On the way x is part noise, and that may be larger.",
            ),
            stepped(
                "detached",
                "(x + (t_next - t) * (v + v_end) / 2).detach()",
                "The values are right and cut from the graph: .detach() lets no gradient through.",
            ),
        ),
        alternatives=(
            Alternative("mean_of_two_steps", mean_of_two_steps),
            Alternative("corrected", corrected),
            Alternative("backwards", backwards),
            Alternative("as_in_karras", as_in_karras),
        ),
    ),
)
