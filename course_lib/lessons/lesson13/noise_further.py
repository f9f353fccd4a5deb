"""What holds for noise_further, and right answers written differently."""

import math

from torch import Tensor

from course_lib.checks.compare import difference
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import Failure
from course_lib.checks.trial import Call, Trial
from course_lib.editing import Strengths, noise_further
from course_lib.lessons.lesson13 import editing_watched as watched
from course_lib.lessons.lesson13.asking import draws

EXERCISE = Exercise(
    "noise_further",
    noise_further,
    __name__,
    where="section 13.5, the jump back; Kingma et al. 2021, appendix A",
    watched=watched.noise_further,
    not_for_all={"gradients_cut": "it serves sampling, where nothing learns"},
)
holds, right = EXERCISE.holds, EXERCISE.right


def a_call(trial: Trial, t: float, t_later: float, schedule: str, size: float = 1.0, count: int = 3) -> Call:
    x, noise = (size * trial.normal(count, 2, 4, 5) for _ in range(2))
    return trial.calling(x, noise, t, t_later, schedule)


@EXERCISE.telling
def given(call: Call) -> str:
    x, _, t, t_later, schedule = call.args
    shares = watched.SHARES[schedule]
    return f"noise_further(strengths, x, noise, {t:g}, {t_later:g}), x {tuple(x.shape)}, where the shares are {shares}"


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return a_call(trial, trial.pick(0.3, 0.4), trial.pick(0.6, 0.7), "an arc")


@EXERCISE.harder
def on_a_line(trial: Trial) -> Call:
    return a_call(trial, 0.35, 0.65, "a line", size=3)


@holds("nothing is drawn: the noise is handed in")
def draws_its_own(trial: Trial) -> None:
    """The same call gives another result each time: noise is drawn inside. Use the one that is handed in, noise."""
    call = a_call(trial, 0.3, 0.6, "an arc")
    trial.see("whether the same call gives something else", draws(call), call.text())


@holds("the noise is used as it was handed in")
def noise_measured(trial: Trial) -> None:
    """When the noise that goes in is doubled, or moved up, your result stays the same: you bring it to a spread or a
    mean that you measured of it. It is standard normal as it comes, and used as it is. Measured over the batch, the
    noise of an image would depend on the others."""
    x, noise, another = (trial.normal(3, 2, 4, 5) for _ in range(3))
    calls = [trial.calling(x, one, 0.3, 0.6, "an arc") for one in (noise, another, 2 * noise, noise + 1)]
    with_noise, with_another, doubled, moved = (call.value() for call in calls)
    if isinstance(with_noise, Failure):
        trial.checked("the result", with_noise, calls[0].text())
    # who leaves the noise out hears of it below
    comes_in = bool(difference(with_another, with_noise))
    by_twice, by_one = (comes_in and not difference(one, with_noise) for one in (doubled, moved))
    then = ", and with 2 * noise" if by_twice else ", and with noise + 1" if by_one else ""
    trial.see("whether both give the same", by_twice or by_one, f"{calls[0].text()}{then}")


@holds("without fresh noise, what is left of x is x, faded by the ratio of the two signals")
def fades_wrongly(trial: Trial) -> None:
    """Where the fresh noise is zero, only the faded x should come back, signal_later / signal of it, and something else
    does. x is no clean image: it has faded to signal already, with its noise. Is this ratio the factor before x, and
    does x stand nowhere else?"""
    x = trial.normal(3, 2, 4, 5)
    trial.call(x, 0 * x, 0.3, 0.6, "a line")


@holds("x fades by the ratio of the two signals, whatever the method")
def fades_as_in_flow_matching(trial: Trial) -> None:
    """With the shares of flow matching x fades as it should, and with others not. By which factor it fades depends on
    the method: signal_later / signal, both as strengths gives them. In flow matching these are 1 - t_later and 1 - t,
    and each is 1 less its sigma; with other methods neither holds."""
    x = trial.normal(3, 2, 4, 5)
    trial.call(x, 0 * x, 0.3, 0.6, "an arc")


@holds("the fresh noise makes up what is missing to the variance of the later time")
def wrong_fresh_noise(trial: Trial) -> None:
    """The image fades as it should, and the fresh noise has the wrong strength. Variances add up: what is missing is
    sigma_later squared less the square of fade * sigma, and of that, the whole difference in brackets, the root."""
    noise = trial.normal(3, 2, 4, 5)
    trial.call(0 * noise, noise, 0.3, 0.6, "a line")


@holds("the fresh noise has this strength whatever the method")
def fresh_noise_as_in_flow_matching(trial: Trial) -> None:
    """With the shares of flow matching the fresh noise has the right strength, and with others not. sigma and
    sigma_later are what strengths gives; t and t_later themselves, or 1 less a signal, are the same in flow matching
    alone."""
    noise = trial.normal(3, 2, 4, 5)
    trial.call(0 * noise, noise, 0.3, 0.6, "an arc")


@holds("both together, at any two times")
def wrong_elsewhere(trial: Trial) -> None:
    """Faded image and fresh noise by themselves are right, and together or at other times they are not."""
    for t, t_later in ((0.1, 0.9), (0.5, 0.55), (0.8, 0.95)):
        a_call(trial, t, t_later, trial.pick("a line", "an arc")).see()


@holds("from the clean image, at t = 0, it is the whole jump")
def wrong_from_the_image(trial: Trial) -> None:
    """From t = 0 there is no noise yet, and the result is signal_later * x + sigma_later * noise. Yours is not."""
    a_call(trial, 0.0, 0.6, "a line").see()


@holds("at t_later = 1 of flow matching, nothing of x is left")
def wrong_up_to_the_end(trial: Trial) -> None:
    """Up to t_later = 1 your code fails or is wrong. There signal_later is 0: nothing of x is left, and nothing can be
    divided by it. What x fades by is divided by the signal of t."""
    a_call(trial, 0.4, 1.0, "a line").see()


@holds("where no time passes x stays as it is")
def moves_while_no_time_passes(trial: Trial) -> None:
    """With t_later = t your x does not stay as it is. Rounding may make the difference of squares a little negative,
    which has no root: max(0, ...)."""
    # times at which sigma * signal / signal rounds to more than sigma, and sigma / signal * signal, and their squares
    for t in (0.1, 0.25, 0.34, 0.55, 0.75, 0.83, 0.95):
        a_call(trial, t, t, "an arc").see()
    for t in (0.2, 0.45, 0.92):
        a_call(trial, t, t, "a line").see()


@holds("large numbers are left as they are")
def clipped(trial: Trial) -> None:
    """Where numbers are large yours is wrong: nothing is cut off."""
    a_call(trial, 0.3, 0.6, "a line", size=6).see()


@right
def by_hypot(strengths: Strengths, x: Tensor, noise: Tensor, t: float, t_later: float) -> Tensor:
    """As the other side of a right-angled triangle."""
    (signal, sigma), (signal_later, sigma_later) = strengths(t), strengths(t_later)
    kept = sigma * signal_later / signal
    return x * signal_later / signal + noise * math.sqrt(max(0, (sigma_later - kept) * (sigma_later + kept)))


@right
def by_the_ratio_of_noise(strengths: Strengths, x: Tensor, noise: Tensor, t: float, t_later: float) -> Tensor:
    """Undo the fading, add noise to the unfaded image, fade it again; at no signal, noise alone."""
    (signal, sigma), (signal_later, sigma_later) = strengths(t), strengths(t_later)
    if signal_later == 0:
        return sigma_later * noise
    before, after = sigma / signal, sigma_later / signal_later
    return signal_later * (x / signal + abs(after**2 - before**2) ** 0.5 * noise)


@right
def in_tensors(strengths: Strengths, x: Tensor, noise: Tensor, t: float, t_later: float) -> Tensor:
    now, later = x.new_tensor(strengths(t)).double(), x.new_tensor(strengths(t_later)).double()
    fade = later[0] / now[0]
    missing = (later[1] ** 2 - (fade * now[1]) ** 2).clamp(min=0).sqrt()
    return fade.to(x.dtype) * x + missing.to(x.dtype) * noise
