"""What lesson 14 states, proven: on the line and in the plane, and from what the judge said."""

import torch

from course_lib.data import load_dataset
from course_lib.lessons.lesson14 import figures, straighten, toy
from course_lib.lessons.lesson14 import measure_one_step as one_step
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.results import shipped_results
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.straightening import euler_walk, guided_within, paired_noise, spaced_times, straight_piece


@claim(
    "At t = 1 nothing of the image is left, so the noise says nothing about it.",
    "The best answer is the mean of all data (with a class: of",
    "two narrow heaps on a line, at -1 and at 1",
)
def one_call_ends_at_the_mean() -> bool:
    noise = toy.even_noise()
    image = noise - toy.heaps_velocity(noise, 1.0)  # what is said of the image: the same to each noise
    return toy.CENTRES == (-1.0, 1.0) and bool(max(image.abs().max(), figures.after_calls(1).abs().max()) < 1e-6)


@claim(
    "In 3,072 dimensions hardly anything: all noises are about equally far away.",
    "How much shorter do the lines of 64 real images become?",
)
def pairing_saves_little_on_images() -> bool:
    images, _ = load_dataset("fashion-mnist").batch(torch.arange(64))
    noise = torch.randn(64, 3072, generator=torch.Generator().manual_seed(0))
    away = torch.cdist(images.flatten(1), noise)
    return 0 < figures.saved_by_pairing(paired_noise) < 0.03 and bool((away.std(dim=1) < 0.03 * away.mean(dim=1)).all())


@claim("(The course's network got its noise like this in the second of its two trainings.)")
def the_shipped_network_was_paired() -> bool:
    config = shipped_model("flow").config
    return config.pairing == "within-classes" and config.start_from.endswith("fashion_mnist_flow.safetensors")


@claim("Shorter lines cross less.", "A lower loss, and a worse sampler.", "In the plane it is more")
def pairing_across_classes() -> bool:
    rows = figures.pairings_measured(paired_noise, seeds=1)
    drawn, within, across = (rows[name][0] for name in figures.PAIRINGS)
    shorter = (part["pairs"] for part in (drawn, within))
    before, after = (float((clean - noise).square().mean()) for clean, noise, _ in shorter)
    lower = across["loss"] < within["loss"] < drawn["loss"]
    return lower and across["accuracy"] < 0.85 < 0.98 < within["accuracy"] and after < 0.95 * before


@claim(
    "Across classes nearly all noise on the left goes to the class on the left.",
    "half of the pairs are ones that training hardly ever showed",
    "Within classes each class has seen all of the noise.",
)
def noise_becomes_a_label() -> bool:
    (_, noise, labels), (_, within, _) = (toy.plane_pairs(paired_noise, across, 0) for across in (True, False))
    on_the_right = [float((within[labels == label, 0] > 0).float().mean()) for label in (0, 1)]
    seen_all = max(abs(share - 0.5) for share in on_the_right) < 0.05
    return seen_all and 0.9 < float(((noise[:, 0] > 0) == (labels == 1)).float().mean()) < 1


@claim("But many of them cross at one place, and there the network can name only one velocity: their mean.")
def at_one_place_lines_go_many_ways() -> bool:
    clean, noise, labels = toy.plane_pairs(None, False, 0)
    place, own = torch.tensor([[-0.7, 0.0]]), labels == 0
    near = (((clean + noise) / 2 - place).norm(dim=1) < 0.2) & own  # lines of one class that pass near it at t = 0.5
    ways = (noise - clean)[near]
    said = toy.best_velocity((clean, noise, labels), place, 0.5, torch.tensor([0]))[0]
    many = len(ways) > 20 and float((ways - ways.mean(dim=0)).norm(dim=1).mean()) > 0.5
    return many and float((said - ways.mean(dim=0)).norm()) < 0.2


@claim(
    "With two stations, 1 and 0, that is reflow.",
    "what one piece asks at t = 1 is the whole picture from noise alone.",
)
def one_piece_is_the_line_from_noise_to_image() -> bool:
    noise, image = torch.randn(2, 3, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    states = torch.stack([noise, image])
    place, velocity = straight_piece(states, [1.0, 0.0], 0.3)
    line = torch.allclose(place, 0.7 * image + 0.3 * noise, atol=1e-6) and torch.allclose(velocity, noise - image)
    place, velocity = straight_piece(states, [1.0, 0.0], 1.0)
    return line and torch.allclose(place, noise) and torch.allclose(noise - velocity, image, atol=1e-6)


@claim(
    "A walk of many calls leads from each noise to *one* image.",
    "On such pairs noise does say something about the image.",
)
def own_pairs_say_which_image() -> bool:
    pairs = toy.plane_pairs(None, False, 0)
    noise, ends, labels = toy.plane_walk(pairs, 20, 0)
    _, again, _ = toy.plane_walk(pairs, 20, 0)
    kept = torch.randperm(len(ends), generator=torch.Generator().manual_seed(0))  # the same ends, by chance

    def of_noise(images: torch.Tensor) -> float:
        """How much of the images' spread within a class a linear guess from the noise explains."""
        left = spread = 0.0
        for label in (0, 1):
            x, y = (part[labels == label] - part[labels == label].mean(dim=0) for part in (noise, images))
            left += float((y - x @ torch.linalg.lstsq(x, y).solution).square().sum())
            spread += float(y.square().sum())
        return 1 - left / spread

    shuffled = ends.clone()
    for label in (0, 1):
        own = kept[labels[kept] == label]
        shuffled[labels == label] = ends[own]
    return torch.equal(ends, again) and of_noise(ends) > 0.6 and of_noise(shuffled) < 0.05


@claim(
    "On a line, paths that follow one velocity field never cross",
    "In four pieces it takes four calls, one for each piece.",
)
def straight_paths_on_a_line() -> bool:
    found = figures.heaps_by_calls()
    order = torch.stack(euler_walk(toy.heaps_velocity, toy.even_noise(), spaced_times(figures.FINE)))
    whole, pieces = found["straight in one piece"], found["straight in four pieces"]
    return bool((order.diff(dim=1) > 0).all()) and whole[1] < 0.01 and pieces[2] > 0.1 and pieces[4] < 0.01


@claim(
    "The course's network has 400 paths of its own to learn from",
    "drawn in 16 steps with a guidance of 1.5. It was trained for 130 steps of 48 points on their pieces.",
)
def how_the_network_was_straightened() -> bool:
    trained = shipped_model("flow_straight")
    made = (straighten.CHUNK * straighten.CHUNKS, straighten.TEACHER_STEPS, straighten.GUIDANCE)
    return made == (400, 16, 1.5) and (trained.step, trained.config.batch_size) == (130, 48)


@claim("With five it is the network of this lesson.")
def five_stations() -> bool:
    return straighten.STATIONS == [1.0, 0.75, 0.5, 0.25, 0.0]


@claim("Above 1 the calls gather near the noise, below 1 near the image")
def what_the_shift_does() -> bool:
    return spaced_times(4, 2.0)[2] > 0.5 > spaced_times(4, 0.5)[2]


@claim("Guidance doubles the calls.")
def what_guidance_costs() -> bool:
    return [figures.calls_of_a_walk(guided_within, 0.0, high) for high in (1.0, 0.0)] == [40, 20]


@claim(
    "with even times ten of them are guided, which makes 30 calls.",
    "And with a shift of 3, which moves the times towards the noise?",
    "With even times five steps begin above 0.75, ten in the interval, five below it.",
    "With the shift it is ten, eight and two",
)
def where_the_steps_of_a_shift_begin() -> bool:
    begin = [torch.tensor(spaced_times(20, shift)[:-1]) for shift in (1.0, 3.0)]
    counts = [((t > 0.75 + 1e-6).sum(), (t <= 0.25 + 1e-6).sum()) for t in begin]
    calls = [figures.calls_of_a_walk(guided_within, 0.25, 0.75, shift=shift) for shift in (1.0, 3.0)]
    if calls != [30, 28]:
        return False
    return [(int(above), 20 - int(above) - int(below), int(below)) for above, below in counts] == [
        (5, 10, 5),
        (10, 8, 2),
    ]


@claim("a straight path in one piece has none, and two calls along it are as good as one")
def one_straight_piece_needs_one_call() -> bool:
    found = figures.heaps_by_calls()["straight in one piece"]
    return abs(found[2] - found[1]) < 1e-4


@claim("On the line it is exact (one call, in the plot of section 14.3).")
def one_distilled_step() -> bool:
    return figures.heaps_by_calls()["straight in one piece"][1] < 0.01


@claim(
    "of two times 500 pictures, the distance of 4 straightened calls is 0.48 and 0.65, that of 20 calls as trained "
    "0.37 and 0.42.",
    "So a tenth more or less says nothing, and the plots and the numbers here are means of two draws (of 4 calls as "
    "trained: three).",
)
def draws_differ() -> bool:
    runs = {
        (network, calls): figures.entries(network=network, calls=calls, shift=1.0, scale=None)
        for network, calls in figures.judged()
    }
    distances = [
        [f"{entry['frechet']:.2f}" for entry in sorted(runs[key], key=lambda entry: entry["seed"])]
        for key in (("straight", 4), ("as trained", 20))
    ]
    draws = {key: len(found) for key, found in runs.items()}
    three = draws.pop(("as trained", 4))
    return distances == [["0.48", "0.65"], ["0.37", "0.42"]] and (set(draws.values()), three) == ({2}, 3)


@claim(
    "In both draws 4 straightened calls lie between 8 calls as trained and 20: in the mean at 0.56, beside 0.60 "
    "and 0.39.",
    "8 straightened calls do about what took 20 (0.36).",
    "The judge names the class more often than with 20 calls as trained: 94.9 % against 87.1 %, with 4 calls.",
    "guidance costs diversity (lesson 10): 0.68 against 1.02.",
)
def four_calls_beside_eight_and_twenty() -> bool:
    four, straight_eight, eight, twenty = (
        figures.entries(network=network, calls=calls, shift=1.0, scale=None)
        for network, calls in (("straight", 4), ("straight", 8), ("as trained", 8), ("as trained", 20))
    )
    draws = [by_seed(rows) for rows in (twenty, four, eight)]
    between = all(draws[0][seed] < draws[1][seed] < draws[2][seed] for seed in (0, 1))
    distances = [means(rows)[0] for rows in (four, eight, twenty, straight_eight)]
    about = figures.judged()["straight", 8]["frechet"] / figures.judged()["as trained", 20]["frechet"]
    shown = [means(rows)[1:] for rows in (four, twenty)] == [("94.9%", "0.68"), ("87.1%", "1.02")]
    return between and distances == ["0.56", "0.60", "0.39", "0.36"] and 0.9 < about < 1.1 and shown


@claim(
    "One call and two are better than before, and still behind 4 calls as trained: 7.07 and 1.90 against 1.40.",
)
def one_call_and_two() -> bool:
    found = figures.judged()
    straight, trained = (
        {calls: found[network, calls]["frechet"] for calls in (1, 2, 4)} for network in ("straight", "as trained")
    )
    better = all(trained[4] < straight[calls] < trained[calls] for calls in (1, 2))
    return better and [f"{one:.2f}" for one in (straight[1], straight[2], trained[4])] == ["7.07", "1.90", "1.40"]


@claim("the velocities for the two classes have come closer together near the noise (in the plane, at t = 0.9)")
def less_for_guidance_to_exaggerate() -> bool:
    x, labels = torch.randn(600, 2, generator=torch.Generator().manual_seed(3)), torch.arange(600) % 2

    def changed_by_class(across: bool) -> float:
        pairs = toy.plane_pairs(paired_noise, across, 0)
        own, other = (toy.best_velocity(pairs, x, 0.9, classes) for classes in (labels, 1 - labels))
        return float((own - other).square().mean())

    return changed_by_class(True) < 0.6 * changed_by_class(False)


@claim("The paths of section 14.1 bend more in the second half of their way, near the image")
def where_paths_bend() -> bool:
    bend = torch.stack(figures.stations(figures.FINE)).diff(dim=0).diff(dim=0).square().mean(dim=1)
    return float(bend[len(bend) // 2 :].sum()) > 2 * float(bend[: len(bend) // 2].sum())


@claim("each class meets only about half of the noise, so less is left to guess.")
def half_of_the_noise_is_easier_whichever_half() -> bool:
    clean, noise, labels = toy.plane_pairs(None, False, 0)
    # no pairing: each class has its own half or the other one's, and within it chance decides
    halves = [torch.stack([side * (2 * labels - 1) * noise[:, 0].abs(), noise[:, 1]], dim=1) for side in (1, -1)]
    drawn, own, others = (toy.plane_loss((clean, one, labels)) for one in (noise, *halves))
    return max(own, others) < 0.85 * drawn


@claim(
    "Beside the network as trained with the same guidance, in 20 steps (40 calls), it is worse: 0.56 against 0.28.",
)
def with_guidance_and_forty_calls_it_is_better() -> bool:
    guided = figures.judged_by_interval(scale=straighten.GUIDANCE)["everywhere"]
    shown = f"{figures.judged()['straight', 4]['frechet']:.2f}", means(guided)[0]
    return shown == ("0.56", "0.28") and {row["calls"] for row in guided} == {40}


@claim(
    "There, with 500 pictures, flow matching with 20 calls, as trained and without guidance, comes about as near as "
    "DDPM's own sampler with 1,000: a distance of 0.39 (the mean of three draws, from 0.32 to 0.45, mostly of other "
    "noises than those two above, which gave 0.39 as well) and 0.33 (one draw).",
    "Ten steps guided by 1.5, which are 20 calls as well, come about as near: 0.39 in one draw of 500, where 20 plain "
    "ones from the same noises come to 0.45 (lesson 09 shows 0.33 and 0.35, of 1,000), with less diversity than the "
    "DDPM (0.72 against 1.01).",
)
def twenty_calls_beside_a_thousand() -> bool:
    compared = shipped_results("side_by_side")
    thousand = compared["ddpm ddpm, 1000 steps, scale 1, seed 0"]
    draws = [compared[f"flow euler, 20 steps, scale 1, seed {seed}"] for seed in (0, 1000, 2000)]
    guided_whole = compared["flow euler, 10 steps, scale 1.5, seed 0"]
    plain, guided = sum(one["first_500"]["frechet"] for one in draws) / 3, guided_whole["first_500"]
    distances = (plain, thousand["frechet"], guided["frechet"], guided_whole["frechet"])
    distances += (draws[0]["first_500"]["frechet"], draws[0]["frechet"])
    shown = [round(one, 2) for one in distances]
    diversity = [round(one["diversity"], 2) for one in (guided, thousand)]
    calls = {entry["calls"] for entry in (*draws, guided_whole)}
    right = (
        shown == [0.39, 0.33, 0.39, 0.33, 0.45, 0.35]
        and diversity == [0.72, 1.01]
        and calls == {20}
        and thousand["scale"] == 1
    )
    above = f"{figures.judged()['as trained', 20]['frechet']:.2f}" == "0.39"
    ends = sorted(round(one["first_500"]["frechet"], 2) for one in draws)
    as_near = (ends[0], ends[-1]) == (0.32, 0.45) and ends[0] < thousand["frechet"] < ends[-1]
    return right and above and as_near and thousand["pictures"] == 500


@claim("a list of num_steps + 1 numbers, from 1 down to 0.", "1, 0.75, 0.5, 0.25, 0.")
def four_steps_have_five_times() -> bool:
    return spaced_times(4) == [1, 0.75, 0.5, 0.25, 0]


def means(rows: list[dict]) -> tuple[str, str, str]:
    """Fréchet distance, class accuracy and diversity of some draws, as the tables print their means."""
    distance, right, spread = (
        figures.mean_and_range(rows, figure)[0] for figure in ("frechet", "accuracy", "diversity")
    )
    return f"{distance:.2f}", f"{right:.1%}", f"{spread:.2f}"


def by_seed(rows: list[dict]) -> dict[int, float]:
    return {row["seed"]: row["frechet"] for row in rows}


@claim(
    "the judge has seen 500 pictures of each kind in every draw",
    "the judge has seen its pictures, 500 in each draw.",
)
def every_draw_is_of_five_hundred() -> bool:
    found = [*shipped_results("fewer_calls").values(), *shipped_results("one_step").values()]
    return {entry["pictures"] for entry in found} == {500}


@claim(
    "4 calls, no guidance.",
    "On the heaps a shift of 0.5 came nearer than even times.",
    "Here it is farther away in each of the three draws: 1.85 against 1.40 in the mean.",
    "Even times and a shift of 2 differ by less than the draws do.",
)
def pictures_want_other_times_than_heaps() -> bool:
    heaps, found = figures.distances_by_shift(spaced_times), figures.judged_by_shift()
    half, even, two = (by_seed(found[shift]) for shift in (0.5, 1.0, 2.0))
    apart = max(even.values()) - min(even.values())
    between = abs(sum(even.values()) - sum(two.values())) / 3
    farther = all(half[seed] > even[seed] for seed in (0, 1, 2)) and len(half) == len(even) == 3
    four = {(row["calls"], row.get("scale")) for rows in found.values() for row in rows} == {(4, None)}
    shown = [means(found[shift])[0] for shift in (0.5, 1.0)] == ["1.85", "1.40"]
    return four and heaps[0.5] < heaps[1.0] and farther and shown and between < apart


@claim(
    "another one was, twice, each time beginning with the network as trained and with pairs of its own: 1,600 noises, "
    "the images of guided walks of 8 steps from "
    "them, and 400 steps of training on 48 pairs each.",
    "The calls were paid before: 16 for each of 1,600 pairs, and then the training.",
)
def how_one_step_was_distilled() -> bool:
    rows = figures.entries("one_step", network="distilled")
    made = {(row["pairs"], row["steps"]) for row in rows}
    plan = one_step.CHUNKS * straighten.CHUNK, one_step.STEPS
    teacher = {row["calls"] for row in figures.entries("one_step", network="the teacher")}
    networks = {row["trained_with"] for row in rows}
    same = made == {plan} == {(1600, 400)} and one_step.TEACHER_STEPS == 8 and teacher == {16}
    return same and len(networks) == 2 and straighten.CONFIG.batch_size == 48


@claim(
    "Two networks, two draws each: a distance of 0.84 in the mean, where one call as trained is at 10.93 and one of "
    "the network in four pieces at 7.07.",
    "whose 16 calls are at 0.50 (two draws)",
    "Its diversity is 0.60, where the teacher has 0.71.",
    "draws in one call is blurred, and still differs from noise to noise. Its diversity is 0.50, in section 14.5; that "
    "of a mean would be 0.)",
)
def one_distilled_call() -> bool:
    found, teacher = figures.judged_in_one_step(), figures.entries("one_step", network="the teacher")
    others = [means(found[name])[0] for name in ("as trained", "in four pieces")]
    distance, _, diversity = means(found["in one step"])
    return (
        means(found["as trained"])[2] == "0.50"
        and (distance, diversity, len(found["in one step"])) == ("0.84", "0.60", 4)
        and others == ["10.93", "7.07"]
        and (means(teacher)[0], means(teacher)[2], len(teacher)) == ("0.50", "0.71", 2)
    )


@claim(
    "For both networks, in each draw, the distance rises: 1.16 in the mean, and the judge names the class "
    "less often, 92.2 % against 95.6 %.",
    "The two other networks profit from a second call.",
)
def a_second_call_does_harm() -> bool:
    one, two = (
        {(e["trained_with"], e["seed"]): e for e in figures.judged_in_one_step(n)["in one step"]} for n in (1, 2)
    )
    named = [means([*rows.values()])[1] for rows in (two, one)]
    worse = all(
        two[key]["frechet"] > one[key]["frechet"] and two[key]["accuracy"] < one[key]["accuracy"] for key in one
    )
    found = figures.judged()
    others = all(found[name, 2]["frechet"] < found[name, 1]["frechet"] for name in ("as trained", "straight"))
    return (
        worse
        and len(one) == len(two) == 4
        and means([*two.values()])[0] == "1.16"
        and others
        and named == ["92.2%", "95.6%"]
    )


@claim(
    "Now guidance by 2 in 20 steps:",
    "In both draws the middle comes first, although it costs fewer calls than everywhere.",
    "Near the noise guidance makes the class as sure as everywhere, and takes as much diversity; near the image it "
    "does less of both.",
    "No: 30 calls, spent on 15 steps guided everywhere, come to 0.64.",
    "With 8 steps the middle comes first as well, in both draws.",
    "A half costs 30 calls instead of 40.",
)
def guidance_in_the_middle() -> bool:
    first = True
    for steps in (20, 8):
        found = {where: by_seed(rows) for where, rows in figures.judged_by_interval(steps).items()}
        best = [min(found, key=lambda where, seed=seed: found[where][seed]) for seed in (0, 1)]
        first = first and best == ["middle", "middle"] and {len(found[where]) for where in figures.WHERE} == {2}
    rows = figures.judged_by_interval()
    calls = {where: rows[where][0]["calls"] for where in figures.WHERE}
    right, spread = (
        {where: figures.mean_and_range(rows[where], what)[0] for where in rows} for what in ("accuracy", "diversity")
    )
    everywhere, noise, image, nowhere = "everywhere", "near the noise", "near the image", "nowhere"
    same = abs(right[noise] - right[everywhere]) < 0.02 and abs(spread[noise] - spread[everywhere]) < 0.05
    less = right[nowhere] < right[image] < right[noise] and spread[noise] < spread[image] < spread[nowhere]
    fewer = figures.entries(network="as trained", steps=15, scale=2.0)
    return (
        first
        and same
        and less
        and [calls[where] for where in (everywhere, noise, "middle", image)] == [40, 30, 30, 30]
        and (means(fewer)[0], {row["calls"] for row in fewer}) == ("0.64", {30})
    )


@claim(
    "The middle needs a stronger scale than the whole way",
    "The whole way and the half near the noise are nearer with 1.5 (0.28 each) than with 2 (0.61 and 0.46), in both "
    "draws.",
    "The middle and the half near the image are nearer with 2 (0.21 and 0.25) than with 1.5 (0.26 and 0.31), in both "
    "draws, too.",
)
def a_half_needs_a_stronger_scale() -> bool:
    weak, strong = (figures.judged_by_interval(scale=scale) for scale in (1.5, 2.0))

    def nearer(near: dict, far: dict, *places: str) -> bool:
        return all(by_seed(near[where])[seed] < by_seed(far[where])[seed] for where in places for seed in (0, 1))

    early, late = ("everywhere", "near the noise"), ("middle", "near the image")
    shown = [[means(rows[where])[0] for where in (*early, *late)] for rows in (weak, strong)]
    numbers = shown == [["0.28", "0.28", "0.26", "0.31"], ["0.61", "0.46", "0.21", "0.25"]]
    return nearer(weak, strong, *early) and nearer(strong, weak, *late) and numbers


@claim(
    "By 1.5 the four ways differ by less than the draws do.",
    "Beside the whole way by 1.5, 40 calls at 0.28, guidance by 2 in the middle is nearer in both draws, 0.21 in the "
    "mean, with 30 calls, and more diverse: 0.86 against 0.71.",
    "All this is one network and two draws",
)
def the_middle_beside_the_whole_way() -> bool:
    weak, strong = (figures.judged_by_interval(scale=scale) for scale in (1.5, 2.0))
    whole, middle = weak["everywhere"], strong["middle"]
    distances = [figures.mean_and_range(weak[where], "frechet")[0] for where in figures.WHERE]
    apart = min(max(by_seed(weak[where]).values()) - min(by_seed(weak[where]).values()) for where in figures.WHERE)
    nearer = all(by_seed(middle)[seed] < by_seed(whole)[seed] for seed in (0, 1))
    shown = (means(whole)[::2], means(middle)[::2]) == (("0.28", "0.71"), ("0.21", "0.86"))
    calls = [{row["calls"] for row in rows} for rows in (whole, middle)] == [{40}, {30}]
    draws = {len(rows[where]) for rows in (weak, strong) for where in figures.WHERE}
    return max(distances) - min(distances) < apart and nearer and shown and calls and draws == {2}
