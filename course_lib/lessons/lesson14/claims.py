"""What lesson 14 states, proven: on the line and in the plane, and from what the judge said."""

import torch

from course_lib.data import load_dataset
from course_lib.lessons.lesson14 import figures, straighten, toy
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
    "in another one of 500 the distance of 4 straightened calls is 0.70 instead of 0.58.",
    "The network as trained, with 20, has 0.63 in the plot, and in two more draws 0.56 and 0.57.",
    'So a tenth more or less says nothing, and "about as good" is all that can be said:',
)
def further_draws_differ() -> bool:
    four = [shipped_results("fewer_calls")[f"straight, 4 calls, shift 1, seed {seed}"] for seed in (0, 1)]
    plain = [shipped_results("side_by_side")[f"flow euler, 20 steps, scale 1, seed {seed}"] for seed in (0, 1000, 2000)]
    plain = [entry["first_500"]["frechet"] for entry in plain]
    same = figures.judged()["as trained", 20]["frechet"] == plain[0] and {entry["pictures"] for entry in four} == {500}
    four = [entry["frechet"] for entry in four]
    shown = [round(distance, 2) for distance in (*four, *plain)] == [0.58, 0.70, 0.63, 0.56, 0.57]
    mixed = min(four) < max(plain) and min(plain) < max(four)  # neither lies below the other in every draw
    return shown and same and mixed


@claim(
    "4 calls do here about what took 20.",
    "And the judge names the class more often, 93.6 % against 85.2 %.",
    "guidance costs diversity (lesson 10): 0.69 against 1.09.",
)
def four_calls_beside_twenty() -> bool:
    four, twenty = figures.judged()["straight", 4], figures.judged()["as trained", 20]
    near = four["frechet"] < twenty["frechet"] * 1.1
    shown = [f"{entry['accuracy']:.1%} {entry['diversity']:.2f}" for entry in (four, twenty)]
    return near and shown == ["93.6% 0.69", "85.2% 1.09"]


@claim("One call and two are better than before, and still far from good.")
def one_call_and_two() -> bool:
    found = figures.judged()
    distances = [(found["straight", calls]["frechet"], found["as trained", calls]["frechet"]) for calls in (1, 2)]
    return all(2 < now < before for now, before in distances)


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
    "Beside the network as trained with the same guidance, in 20 steps (40 calls), it is worse: 0.58 against 0.28.",
)
def with_guidance_and_forty_calls_it_is_better() -> bool:
    guided = shipped_results("guidance")["flow, scale 1.5"]
    shown = [round(entry["frechet"], 2) for entry in (figures.judged()["straight", 4], guided)]
    return shown == [0.58, 0.28] and guided["steps"] == 20 and guided["scale"] == straighten.GUIDANCE


@claim(
    "Except for the further draws, each of these numbers is one seed, 500 pictures drawn once.",
    "with 20 calls, as trained, stays behind DDPM's own sampler with 1,000, at a distance of 0.63 against 0.42;",
    "ten steps guided by 1.5, which are 20 calls as well, come to 0.34, with less diversity (0.78 against 0.95).",
    "Again 500 pictures and one seed each, and the DDPM was not guided.",
)
def twenty_calls_beside_a_thousand() -> bool:
    compared, judged = shipped_results("side_by_side"), shipped_results("fewer_calls")
    thousand = compared["ddpm ddpm, 1000 steps, scale 1, seed 0"]
    plain, guided = (
        compared[f"flow euler, {settings}, seed 0"] for settings in ("20 steps, scale 1", "10 steps, scale 1.5")
    )
    plain, guided, calls = plain["first_500"], guided["first_500"], {plain["calls"], guided["calls"]}
    shown = [round(one["frechet"], 2) for one in (plain, thousand, guided)]
    diversity = [round(one["diversity"], 2) for one in (guided, thousand)]
    counts = {one["pictures"] for one in (thousand, shipped_results("guidance")["flow, scale 1.5"], *judged.values())}
    same = plain["frechet"] == judged["as trained, 20 calls, shift 1, seed 0"]["frechet"]
    seeds = [key for key in judged if key.endswith("seed 1")] == ["straight, 4 calls, shift 1, seed 1"]
    right = shown == [0.63, 0.42, 0.34] and diversity == [0.78, 0.95] and calls == {20} and thousand["scale"] == 1
    return right and counts == {500} and same and seeds


@claim("a list of num_steps + 1 numbers, from 1 down to 0.", "1, 0.75, 0.5, 0.25, 0.")
def four_steps_have_five_times() -> bool:
    return spaced_times(4) == [1, 0.75, 0.5, 0.25, 0]
