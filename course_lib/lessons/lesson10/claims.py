"""What lesson 10 states, proven: guidance, times, averages."""

import dataclasses
from collections.abc import Callable
from unittest import mock

import torch

from course_lib import DDPM
from course_lib.data import load_dataset
from course_lib.ema import EMA, decay_at, update_average
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.metrics import class_accuracy, diversity
from course_lib.flow_matching import TIME_SCALE, euler_step, heun_step
from course_lib.guidance import drop_labels, guided_prediction
from course_lib.lessons.lesson10 import figures, measure_averages
from course_lib.lessons.lesson10.figures import CLASSES, beyond, draw_guided, image_left
from course_lib.lessons.lesson10.measure_steps import BothEnds, Leading
from course_lib.lessons.shared.claims import claim, the_judge
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.tracing import trace
from course_lib.training.config import PROFILES
from course_lib.unet import UNet


@claim(
    "1.5: scale = 1 + w.",
    "Others (Imagen, diffusers) call our scale w. There 0.5 would lie between the two predictions",
)
def below_one_the_class_counts_less() -> bool:
    uncond, cond = 3.0, 5.0
    return (
        uncond < uncond + 0.5 * (cond - uncond) < cond
        and uncond + (1 + 0.5) * (cond - uncond) == 1.5 * cond - 0.5 * uncond
    )


@claim("Accuracy rises, diversity falls, and the distance feels both.")
def guidance_trades_diversity_for_accuracy() -> bool:
    rows = [row for row in shipped_results("guidance").values() if row.get("method") == "flow" and row["scale"] >= 1]
    rows = sorted(rows, key=lambda row: row["scale"])
    accuracy, diversity = ([row[what] for row in rows] for what in ("accuracy", "diversity"))
    return accuracy[-1] > accuracy[0] and diversity == sorted(diversity, reverse=True)


@claim(
    "one draw of real images, with every class equally often",
    "Ten such draws lie between 0.09 and 0.17. The smallest distance of the networks, 0.23, lies above them all.",
)
def no_network_reaches_the_floor() -> bool:
    judge, stored = the_judge(), shipped_results("guidance")
    real = [judge.real_scores(500, seed).frechet for seed in range(10)]
    best = min(row["frechet"] for row in stored.values() if "method" in row)
    found = [round(distance, 2) for distance in (min(real), max(real), best)]
    return round(real[0], 4) == stored["real"]["frechet"] and found == [0.09, 0.17, 0.23]


@claim(
    "DDPM's distance is smallest at scale 1.",
    "Even there its 20 ancestral steps leave a class less varied than real images are.",
)
def guidance_brings_the_ddpms_distance_no_lower() -> bool:
    stored, more = shipped_results("guidance"), shipped_results("side_by_side")
    one, higher = (more[f"ddpm ddpm, 20 steps, scale {scale}, seed 0"]["frechet"] for scale in (1, 1.5))
    best = figures.best_scales() == {"flow": 1.5, "ddpm": 1.0} and one < higher  # with 1,000 pictures as well
    at_one = stored["ddpm, scale 1"]
    return best and at_one["steps"] == 20 and at_one["diversity"] < 0.9 < stored["real"]["diversity"]


@claim("its diversity is about three times that of a class")
def without_labels_a_class_is_all_clothes() -> bool:
    rows = [row for row in shipped_results("guidance").values() if row.get("scale") == 0]
    return all(2 < row["diversity"] < 4 for row in rows) and bool(rows)


@claim("With ours, a twentieth of the image is left at 750")
def a_twentieth_is_left_at_750() -> bool:
    return 0.045 < image_left(DDPM(), 750) < 0.06


@claim("Trailing begins at the last time with any number of steps, and has no call to waste at the end.")
def trailing_begins_at_the_last_time() -> bool:
    times = [(T, DDPM(num_timesteps=T).sampling_times(n)) for T in (10, 100, 1000) for n in (1, 4, 7)]
    return all(some[0] == T - 1 for T, some in times) and all(some[-1] > 0 for T, some in times if T > 10)


@claim(
    "DDIM may skip: from `t` straight to any earlier one.",
    "Four steps, three ways, the same noise.",
    "The top row of the next figure is what 50 steps make of that noise.",
)
def the_three_ways_are_drawn_by_ddim() -> bool:
    drawn = mock.Mock(side_effect=lambda trained, labels, **options: torch.zeros(len(labels), 3, 32, 32))
    with mock.patch.multiple(figures, draw_images=drawn, show=mock.DEFAULT):
        figures.plot_spacings(DDPM)
    options = [call.kwargs for call in drawn.call_args_list]
    return all(one["solver"] == "ddim" for one in options) and [one["num_steps"] for one in options] == [50, 4, 4, 4]


@claim("For 2,000 steps that is a decay of 0.995, for 100,000 it is 0.9999.")
def these_decays_cover_a_tenth_of_the_run() -> bool:
    return all(round(1 / (1 - decay)) == steps / 10 for decay, steps in ((0.995, 2000), (0.9999, 100_000)))


@claim("a step of Heun needs two predictions, the last step one, and each prediction two calls, so two steps cost six.")
def two_steps_of_heun_cost_six_calls() -> bool:
    from course_lib import FlowMatching

    calls = []

    def model(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        calls.append(len(x))
        return x

    labels, shape = torch.tensor([1]), (1, 1, 2, 2)
    FlowMatching().sample(model, shape, labels, num_steps=2, solver="heun", guidance_scale=2.0)
    return len(calls) == 6


@claim("The runs of lessons 08 and 09, and those of the networks that came with the course, use both.")
def the_courses_runs_fall_to_zero_and_average() -> bool:
    runs = [shipped_model("ddpm").config, shipped_model("flow").config]
    runs += [PROFILES[name] for name in ("lesson", "laptop", "smoke")]
    return all(run.schedule == "cosine" and run.ema_decay > 0 for run in runs)


@claim("Nine tenths noise.")
def a_fixed_decay_keeps_the_start() -> bool:
    return round(0.9999**1000, 1) == 0.9


@claim("after 1,000 steps the warm-up has reached 0.991, and neither 0.999 nor 0.9999 has been in force yet")
def the_warm_up_is_the_decay_in_short_runs() -> bool:
    return round(decay_at(999, 0.9999), 3) == 0.991 == round(decay_at(999, 0.999), 3)


@claim("below -1.05 or above 1.05: at scale 1 about one in a thousand.", "it grows more than ten times")
def much_guidance_leaves_the_range() -> bool:
    labels = torch.tensor(CLASSES)
    mild, strong = (beyond(draw_guided(guided_prediction, labels, scale, steps=12)) for scale in (1.0, 8.0))
    return round(1000 * mild) == 1 and strong > 10 * mild


@claim(
    "larger flat areas of white", "The large flat areas of white at scale 8 are something that real images hardly show."
)
def much_guidance_makes_flat_white() -> bool:
    def flat_white(images: torch.Tensor) -> float:
        grey = images[:, 0].clamp(-1, 1)
        return float(((grey[..., 1:] == 1) & (grey[..., :-1] == 1)).double().mean())

    real = flat_white(load_dataset("fashion-mnist").batch(torch.arange(1000))[0])
    mild, strong = (
        flat_white(draw_guided(guided_prediction, torch.tensor(CLASSES), scale, steps=12)) for scale in (1.0, 8.0)
    )
    return strong > 10 * max(mild, real)


@claim("ten steps of this Heun, the last one Euler's, are ahead of Euler with as many calls (five are not).")
def ten_steps_of_heun_are_enough_where_the_answer_is_known() -> bool:
    mean, spread = 0.3, 0.25  # lesson 09's problem, whose velocity is known

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        variance = (1 - t) ** 2 * spread**2 + t**2
        return (t - (1 - t) * spread**2) * (x - (1 - t) * mean) / variance - mean

    def off(step: Callable[..., torch.Tensor], count: int) -> float:
        x = torch.tensor([0.0, 1.0], dtype=torch.float64)  # the walk is an affine map, known from two points
        for i in range(count):
            t, t_next = 1 - i / count, 1 - (i + 1) / count
            x = (step if t_next > 0 else euler_step)(velocity, x, t, t_next, velocity(x, t))
        return abs(float((x[1] - x[0]).abs()) - spread)

    return off(heun_step, 10) < off(euler_step, 19) and off(heun_step, 5) > off(euler_step, 9)


@claim(
    "The last has a decay of 0.9999 from the first step on",
    "Of the two longest that were warmed up, which draws better after these 1,000 steps, 0.999 or 0.9999?",
    "Two rows are equal to the last digit, although their decays differ.",
)
def the_two_longest_averages_are_one() -> bool:
    found = shipped_results("averages")
    *_, last = measure_averages.AVERAGES.values()
    return found["0.999"]["frechet"] == found["0.9999"]["frechet"] and last == (0.9999, False)


@claim("Between 1 and 2 bfloat16 has 128 numbers: the next one after 1 is 1.008.", "which is 1.63")
def bfloat16_cannot_move() -> bool:
    average = torch.ones(1, dtype=torch.bfloat16)
    for _ in range(100):
        update_average([average], [torch.full((1,), 2.0, dtype=torch.bfloat16)], 0.999)
    step = torch.finfo(torch.bfloat16).eps
    return float(average) == 1.0 and round(1 + step, 3) == 1.008 and round(2 - 0.999**1000, 2) == 1.63


@claim(
    "(t = 0.8 of flow matching, where the noise has the weight 0.8)",
    "With 80 % noise the network still sees the dress. You may ask for what you like: it stays a dress",
    "With 96 % noise there is next to nothing to see, and it believes the class.",
)
def with_little_noise_the_outline_stays() -> bool:
    found = {}
    with mock.patch.multiple(figures, draw_pictures=mock.DEFAULT, show=mock.DEFAULT) as patched:
        figures.plot_one_line(guided_prediction)
        rows = patched["draw_pictures"].call_args.args[0]
    for name, images in rows.items():
        garments = [image[0].clamp(-1, 1) > -0.5 for image in images[1:]]  # the noisy picture stands first
        found[name] = [float((one & garments[0]).sum() / (one | garments[0]).sum()) for one in garments]
    return min(found["80% noise"]) > 0.85 and max(found["96% noise"][2:]) < 0.65


@claim("At about 5 calls it is, with this one seed; from 9 on the two differ less than two seeds do.")
def heun_is_ahead_with_few_calls() -> bool:
    rows = {(row["how"], row["calls"]): row["frechet"] for row in shipped_results("steps").values() if "how" in row}
    stored = [row for row in shipped_results("side_by_side").values() if row.get("solver") == "euler"]
    seeds = [row["first_500"]["frechet"] for row in stored if row["scale"] == 1 and row["calls"] == 20]
    gaps = [abs(rows["heun", calls - 1] - rows["euler", calls]) for calls in (10, 20, 40)]
    # ahead of Euler with one call more; and by more than seeds differ of the mean of Euler's neighbours, 4 and 6 calls
    between = (rows["euler", 4] * rows["euler", 6]) ** 0.5
    ahead = rows["heun", 5] < min(rows["euler", 6], between - (max(seeds) - min(seeds)))
    return ahead and max(gaps) < max(seeds) - min(seeds)


@claim("The checks before a training run in lesson 08 are milder: they refuse an average over more than a fifth")
def the_checks_allow_a_fifth() -> bool:
    from course_lib.training.preflight import ema_fits

    config = dataclasses.replace(PROFILES["lesson"], steps=1000, ema_decay=0.995)
    return ema_fits(config).fine and not ema_fits(dataclasses.replace(config, steps=900)).fine


@claim(
    "At scale 4, does the histogram lie on the curve?",
    "In general, only for w = 1 and w = 0 does the order not matter.",
    "At scale 1, yes. Beyond it, the samples lie further out and closer together than the tilted density says.",
)
def guided_samples_are_not_those_of_the_tilted_density() -> bool:
    from course_lib.lessons.lesson10.proofs import mean_and_spread, tilted, walked

    found = {}
    for scale in (0.0, 1.0, 4.0):
        samples = walked(guided_prediction, scale, 801)
        found[scale] = (*mean_and_spread(*tilted(scale)), float(samples.mean()), float(samples.std()))
    same = all(abs(found[scale][i] - found[scale][i + 2]) < 0.005 for scale in (0.0, 1.0) for i in (0, 1))
    mean, spread, of_mean, of_spread = found[4.0]
    return same and of_mean > mean + 0.2 and of_spread < spread - 0.04


@claim(
    "If the weights jitter around the right value, each by itself with variance 1, then the variances add up",
    "as if one took the plain mean of $(1+d)/(1-d)$ of them: 19 for 0.9, 199 for 0.99.",
)
def an_average_is_worth_so_many_weights() -> bool:
    jitter = torch.randn(200, 20_000, generator=torch.Generator().manual_seed(5))
    average = [torch.zeros(20_000)]
    for weight in jitter:
        update_average(average, [weight], 0.9)
    worth = [round((1 + decay) / (1 - decay)) for decay in (0.9, 0.99)]
    return worth == [19, 199] and abs(1 / float(average[0].var()) - 19) < 1


@claim("First a single 1 among zeros; then pure jitter:")
def a_single_one_fades() -> bool:
    average = [torch.zeros(1, dtype=torch.float64)]
    for value in (1.0, *[0.0] * 7):
        update_average(average, [torch.full((1,), value, dtype=torch.float64)], 0.9)
    return abs(average[0].item() - 0.1 * 0.9**7) < 1e-12


@claim("the step that was taken last, counted from 0, and the final decay.")
def the_first_step_has_the_number_zero() -> bool:
    return decay_at(0, 0.999) == 1 / 10 and decay_at(1, 0.999) == 2 / 11 and decay_at(10**6, 0.999) == 0.999


@claim(
    "(Its DDPM walks by DDIM: 0.9 with 20 calls, where the ancestral sampler of section 10.3 had 0.65.)",
    "Now the same with 500 pictures a scale",
    "20 steps each, of Euler for flow matching and of the ancestral sampler for DDPM.",
)
def ddim_beside_the_ancestral_sampler() -> bool:
    by_ddim = shipped_results("steps")["ddpm, trailing, 20 steps"]
    ancestral = shipped_results("guidance")["ddpm, scale 1"]
    same = by_ddim["pictures"] == ancestral["pictures"] == 500 and ancestral["steps"] == 20
    return same and (round(by_ddim["frechet"], 1), round(ancestral["frechet"], 2)) == (0.9, 0.65)


@claim(
    "One network, trained once for 1,000 steps with a constant learning rate, and five averages that all followed it",
    "(One training run, and one draw of 500 pictures for each row.)",
)
def averages_are_one_run_and_one_draw() -> bool:
    rows, config = shipped_results("averages"), measure_averages.CONFIG
    same = {(row["pictures"], row["trained_steps"]) for row in rows.values()} == {(500, 1000)}
    averages = [name for name, (decay, _) in measure_averages.AVERAGES.items() if decay > 0]
    constant = (config.steps, config.schedule) == (1000, "constant")
    return same and constant and len(averages) == 5 and list(rows) == ["no average", *averages]


@claim("That is the same line, with `scale = 1 + w`:", 'its "no guidance" is `w = 0`, ours is scale 1.')
def the_papers_w_is_one_less() -> bool:
    cond, uncond = torch.randn(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lines = [torch.allclose((1 + w) * cond - w * uncond, uncond + (1 + w) * (cond - uncond)) for w in (0.0, 0.5, 3.0)]
    return all(lines)


@claim("In 2,000 steps, 0.999 has not arrived.")
def a_long_average_has_not_arrived() -> bool:
    return 0.999**2000 > 0.1 > 0.99**2000


@claim("Each step wants to add 0.001, and that is rounded away, a thousand times.")
def a_step_of_a_thousandth_is_rounded_away() -> bool:
    one = torch.ones((), dtype=torch.bfloat16)
    return torch.equal(one + 0.001, one)


@claim(
    "the **lower** end of each part (750, 500, 250, 0):",
    "called *leading*, - **both ends** (999, 666, 333, 0):",
    "three parts, not four, - the **upper** end of each part (999, 749, 499, 249):",
    "A time is one less than such an end, since t counts from 0.",
    "A DDPM has 1,000 times.",
)
def three_ways_to_choose_four_times() -> bool:
    ways = [process.sampling_times(4) for process in (Leading(), BothEnds(), DDPM())]
    right = ways == [[750, 500, 250, 0], [999, 666, 333, 0], [999, 749, 499, 249]]
    return right and DDPM().num_timesteps == 1000


@claim(
    "*leading* gives the network pure noise and says that there is some image in it; its last call has the fault of "
    "the next way, - *both ends* spends its last call at `t = 0`, where there is nearly nothing left to remove, - "
    "*trailing* is right at both ends, and pays with a last step that goes from 249 to the clean image in one go.",
    "so the lie of the first way is small, and it gets smaller with more steps.",
)
def each_spacing_has_its_fault() -> bool:
    first = [Leading().sampling_times(steps)[0] for steps in (4, 10, 20, 50)]
    lies = [image_left(DDPM(), t) for t in first]
    ends = [process.sampling_times(4)[-1] for process in (Leading(), BothEnds(), DDPM())]
    noise = [float((1 - DDPM().alphas_cumprod[t]).sqrt()) for t in ends]
    return lies == sorted(lies, reverse=True) and lies[0] > 5 * lies[-1] and max(noise[:2]) < 0.02 < 0.3 < noise[2]


@claim("The judge's numbers for 5, 10 and 20 steps stand at the end of section 10.5:")
def three_numbers_of_steps_were_judged() -> bool:
    stored = figures.steps_results("ddpm")
    return len(stored) == 3 and all([row["steps"] for row in rows] == [5, 10, 20] for rows in stored.values())


@claim(
    "At scale 0 the network was never told the class.",
    "(At scale 0 nobody hears the labels.",
    "with a scale above 1 every call counts twice.",
)
def what_the_model_is_told_at_each_scale() -> bool:
    told = []

    def model(x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        told.append(labels.tolist())
        return x

    def calls(scale: float) -> list:
        told.clear()
        guided_prediction(model, torch.zeros(2, 1, 1, 1), torch.zeros(2), torch.tensor([3, 4]), scale)
        return sorted(told)

    guessed = [row["accuracy"] for row in shipped_results("guidance").values() if row.get("scale") == 0]
    nobody = calls(0.0) == [[-1, -1]] and all(0.05 < accuracy < 0.2 for accuracy in guessed)
    return nobody and calls(1.0) == [[3, 4]] and calls(1.5) == calls(8.0) == [[-1, -1], [3, 4]]


@claim(
    "Before a picture is shown, its pixels are cut off at black (-1) and at white (1).",
    "the network was trained on images in [-1, 1].",
)
def pixels_are_cut_off_before_they_are_shown() -> bool:
    figure = figures.draw_pictures({"": torch.tensor([-3.0, 0.0, 3.0]).expand(1, 3, 1, 3)}, [""])
    shown = figure.axes[0].images[0].get_array().ravel().tolist()
    figures.plt.close(figure)
    real = load_dataset("fashion-mnist").batch(torch.arange(500))[0]
    return shown == [-1, 0, 1] and (float(real.min()), float(real.max())) == (-1, 1)


def velocity_of(labels: torch.Tensor) -> Callable[[torch.Tensor, float], torch.Tensor]:
    """What the flow matching network that came with the course says of images of these classes at a time."""
    model = shipped_model("flow").model

    @torch.no_grad()
    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        return model(x, torch.full((len(x),), TIME_SCALE * t), labels)

    return velocity


@claim("So the class decides *early*, while the noise drowns the picture.", "Later the picture speaks for itself.")
def the_class_that_is_named_first_is_drawn() -> bool:
    first = torch.arange(20) % 10
    then = (first + 3) % 10
    x = torch.randn(20, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for i in range(20):  # from t = 0.65 on another class is named
        x = euler_step(None, x, 1 - i / 20, 1 - (i + 1) / 20, velocity_of(first if i < 7 else then)(x, 1 - i / 20))
    seen = judge_images(load_judge(), x.clamp(-1, 1))[1]
    return int((seen == first).sum()) >= 15 and int((seen == then).sum()) <= 4


@claim(
    "With a large scale every step aims at a picture that lies beyond black and white",
    "hard edges, larger flat areas of white, fewer folds, less texture.",
)
def what_much_guidance_looks_like() -> bool:
    labels, found = torch.tensor(CLASSES), {}
    for scale in (1.0, 8.0):
        aims, model = [], shipped_model("flow").model

        def watched(*args: object, aims: list = aims, model: torch.nn.Module = model) -> torch.Tensor:
            velocity = guided_prediction(model, *args[1:])
            aims.append(beyond(args[1] - args[2][0] / TIME_SCALE * velocity))  # the clean image it aims at
            return velocity

        grey = draw_guided(watched, labels, scale, steps=12)[:, 0].clamp(-1, 1)
        steps = grey.diff(dim=-1).abs()
        cloth = (grey[..., 1:] > -0.5) & (grey[..., :-1] > -0.5)
        found[scale] = aims, float(steps.quantile(0.98)), float(steps[cloth].median())
    (mild, edge, texture), (strong, hard_edge, less_texture) = found.values()
    farther = all(other > 2 * one for one, other in zip(mild, strong, strict=True))
    return farther and hard_edge > 1.1 * edge and less_texture < 0.7 * texture


@claim(
    "A guided network can be *more* accurate than real photographs, because it leaves out the odd ones:",
    "lies farthest from the class's mean in the judge's features, and the judge names 99 % of the rest.",
)
def typical_pictures_are_named_more_often() -> bool:
    judge, stored = the_judge(), shipped_results("guidance")
    features, labels = judge.real_features.double(), judge.real_labels
    typical = []
    for label in labels.unique():
        members = (labels == label).nonzero().squeeze(1)
        away = (features[members] - features[members].mean(dim=0)).square().sum(dim=1)
        typical.append(members[away.argsort()[: 3 * len(members) // 4]])
    kept = torch.cat(typical)
    named = class_accuracy(judge.real_predicted[kept], labels[kept])
    best = stored[f"flow, scale {figures.best_scales()['flow']:g}"]
    more_alike = diversity(features[kept], labels[kept]) < judge.real_diversity and best["diversity"] < 1
    return round(named, 2) == 0.99 and best["accuracy"] > stored["real"]["accuracy"] and more_alike


@claim(
    "which cost 19 (its last step saves one",
    "With 20 calls second order pays: Heun ends about twice as near as Euler.",
    "At the left, with few calls, it does not: there their lines lie on each other.",
    "Here ten are ahead, too.",
    "With as many calls Heun's steps are twice as long as Euler's, and where steps are long, the second look does no "
    "more than make up for it.",
    "With 2 steps as with 20 that one bad answer makes the error at least half as large again:",
    "twice as many steps should leave a quarter of Heun's error, and in the figure, from 19 calls to 39, more than "
    "half is left.",
)
def the_second_look_pays_where_steps_are_short() -> bool:
    trained, labels, errors = shipped_model("flow"), torch.tensor([1, 5, 8, 9]), {}  # the four pictures of the figure
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    calls = []

    def drawn(solver: str, steps: int) -> torch.Tensor:
        def model(*args: torch.Tensor) -> torch.Tensor:
            calls.append(solver)
            return trained.model(*args)

        return trained.process.sample(model, noise.shape, labels, num_steps=steps, solver=solver, noise=noise)

    drawn("heun", 10)
    nineteen = len(calls) == 19
    exact = drawn("heun", 60)
    for solver, counts in (("euler", (3, 5, 20)), ("heun", (2, 3, 10, 20))):
        errors.update({(solver, steps): rms(drawn(solver, steps) - exact) for steps in counts})
    twice = 1.7 < errors["euler", 20] / errors["heun", 10] < 2.4
    # with 3 and with 5 calls
    alike = all(0.85 < errors["heun", n] / errors["euler", 2 * n - 1] < 1.15 for n in (2, 3))
    to_the_end = {steps: rms(figures.heun_to_the_end(trained, noise, labels, steps) - exact) for steps in (2, 20)}
    bad_answer = all(error > 1.5 * errors["heun", steps] for steps, error in to_the_end.items())
    return nineteen and twice and alike and bad_answer and errors["heun", 20] > 0.5 * errors["heun", 10]


def rms(difference: torch.Tensor) -> float:
    return float(difference.square().mean().sqrt())


@claim("The exact path is not known, but 400 small steps come close to it.")
def so_many_steps_are_near_the_end_of_all() -> bool:
    velocity, noise = (
        velocity_of(torch.tensor([8])),
        torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2)),
    )

    def end(steps: int) -> torch.Tensor:
        x = noise
        for i in range(steps):
            x = x - velocity(x, 1 - i / steps) / steps
        return x

    coarse, fine, finer = end(20), end(50), end(100)
    # Euler's error is halved with every doubling: beyond 400 steps a quarter is left of what changes from 50 to 100
    return rms(finer - fine) < 0.5 * rms(fine - coarse) and rms(finer - fine) / 4 < 0.005


@claim(
    "Where a line falls no further, more calls are wasted, whatever the error says: what is left above the "
    "dotted line is the network's own mistake, and finer steps along its path do not remove it.",
)
def more_calls_than_twenty_bring_nothing() -> bool:
    rows = {(row["how"], row["steps"]): row["frechet"] for row in shipped_results("steps").values() if "how" in row}
    no_further = rows["euler", 40] >= rows["euler", 20] and rows["heun", 20] >= rows["heun", 10]
    fall = all(rows[how, 20] < rows[how, 10] for how in ("trailing", "leading", "both ends"))
    left = min(rows["euler", 20], rows["heun", 10])
    return no_further and fall and left > 2 * shipped_results("steps")["real"]["frechet"]


@claim(
    "Two mistakes are traded. A short average still jitters. A long one is still on its way from the start.",
    "Weights that follow each other are more alike than that, so in a training the gain is smaller.",
)
def jitter_is_traded_against_old_weights() -> bool:
    paths = [figures.noisy_training(seed=seed) for seed in range(5)]
    found = {}
    for decay in (0.9, 0.99, 0.999):
        ends = torch.stack([figures.follow(update_average, path, decay)[-500:] for path in paths])
        found[decay] = float(ends.std(dim=1).mean()), float((ends.mean(dim=1) - 1).abs().mean()), rms(ends - 1)
    (jitter, _, short), (_, _, middle), (smooth, behind, long) = found.values()
    itself = float(torch.stack(paths)[:, -500:].std(dim=1).mean())
    # of independent weights (1 - 0.9) / (1 + 0.9) of the variance would be left
    smaller_gain = (jitter / itself) ** 2 > 3 * 0.1 / 1.9
    return middle < min(short, long) and jitter > 2 * smooth and behind > 3 * smooth and smaller_gain


@claim("A learning rate that falls to zero does something similar: at the end the weights stand still by themselves.")
def a_falling_rate_settles_by_itself() -> bool:
    def training(rate_at: Callable[[float], float]) -> torch.Tensor:
        noise = torch.randn(20, 2000, generator=torch.Generator().manual_seed(0))
        weight, path = torch.full((20,), -2.0), []
        for step, one in enumerate(noise.T):
            weight = weight - rate_at(step / 2000) * (weight - 1 + 1.5 * one)
            path.append(weight)
        return torch.stack(path)

    constant, falling = training(lambda share: 0.15), training(lambda share: 0.15 * (1 - share))
    average = torch.full((20,), -2.0)
    for weight in constant:
        update_average([average], [weight], 0.99)
    still = float(falling[-20:].diff(dim=0).abs().mean()) < 0.05 * float(constant[-20:].diff(dim=0).abs().mean())
    return (
        still and rms(falling[-1] - 1) < 0.3 * rms(constant[-1] - 1) and rms(average - 1) < 0.4 * rms(constant[-1] - 1)
    )


@claim("The pictures, which come from the average, are noise")
def an_average_of_nothing_draws_noise() -> bool:
    stored = shipped_results("averages")
    nothing = stored["0.9999, no warm-up"]
    return nothing["accuracy"] <= 0.15 and nothing["frechet"] > 10 * stored["no average"]["frechet"]


@claim("Averages come nearly free: one copy of the weights, and a fraction of a step's time.")
def an_average_is_a_copy_and_little_work() -> bool:
    config = PROFILES["lesson"]
    model = UNet(**config.unet)
    weights = sum(parameter.numel() for parameter in model.parameters())
    copy = sum(parameter.numel() for parameter in EMA(model, 0.999).average.parameters())
    step = 3 * config.batch_size * sum(row.multiply_adds for row in trace(model))
    return copy == weights and weights < 0.01 * step


@claim("The network has never seen -1, so <code>uncond</code> is its answer to a picture and a time without any class")
def without_dropping_there_is_no_minus_one() -> bool:
    labels, generator = torch.arange(1000) % 10, torch.Generator().manual_seed(0)
    return torch.equal(drop_labels(labels, 0.0, generator), labels) and bool((drop_labels(labels, 0.1) == -1).any())
