"""What lesson 00 states, proven: pictures, numbers, and what the shipped network costs."""

import re
from functools import cache
from unittest import mock

import torch

from course_lib import UNet
from course_lib.assets import asset_path
from course_lib.data import load_dataset
from course_lib.data.pixels import from_pixels, to_pixels
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.lessons.lesson00 import figures
from course_lib.lessons.lesson00.figures import BRIGHT_PICTURE, STEPS
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.training.draw import draw_images, draw_states


@claim("The black background stays inside [-1, 1]; most of the garment goes over 1.")
def most_of_the_garment_goes_over_one() -> bool:
    image = load_dataset("fashion-mnist").batch(torch.tensor([BRIGHT_PICTURE]))[0][0]
    garment = image > -0.9
    over = image + 0.15 > 1
    return bool(over[garment].double().mean() > 0.5) and not bool(over[~garment].any())


@claim(
    "256 numbers, arranged like the hours of a clock: after 255 comes 0.", "`uint8` knows 0 to 255 and nothing else."
)
def uint8_wraps_around() -> bool:
    known = torch.iinfo(torch.uint8)
    return (known.min, known.max) == (0, 255) and torch.tensor([255.0, 256.0, 265.0]).to(torch.uint8).tolist() == [
        255,
        0,
        9,
    ]


@claim("No: to [-1, 1] before, or to [0, 255] afterwards, is the same.")
def clipping_may_stand_before_or_behind() -> bool:
    x = torch.linspace(-3, 3, 1001)
    return torch.equal(((x.clamp(-1, 1) + 1) * 127.5).round(), ((x + 1) * 127.5).round().clamp(0, 255))


@cache
def boots_drawn(count: int = 4) -> torch.Tensor:
    """Ankle boots of seeds 0, 1, ... on their way, (2, count, steps, numbers): what is there, and the picture predicted
    from the one before it."""
    trained = shipped_model()
    label = torch.tensor([trained.class_names.index("Ankle boot")])
    drawn = [list(draw_states(trained, label, seed=seed, num_steps=STEPS))[1:] for seed in range(count)]
    there = torch.stack([torch.stack([state.x.flatten() for state in states]) for states in drawn])
    return torch.stack(
        [there, torch.stack([torch.stack([state.clean.flatten() for state in states]) for states in drawn])]
    )


@claim(
    "This network's guess is a blur too, but it leans towards one boot already: another seed gives another blur.",
    "The best single guess is the average of them all: a blur, smoother than the one at the left end of the bottom row",
)
def the_first_guess_leans_towards_the_last_picture() -> bool:
    there, predicted = boots_drawn()
    guesses, pictures = predicted[:, 0], there[:, -1]
    others = guesses - guesses.mean(0), pictures - pictures.mean(0)
    alike = torch.cosine_similarity(others[0][:, None], others[1][None], dim=2)
    data = load_dataset("fashion-mnist")
    boots = (data.labels == data.class_names.index("Ankle boot")).nonzero().flatten()
    average = data.batch(boots)[0].mean(0)
    steepness = [float(image.view(3, 32, 32).diff(dim=2).abs().mean()) for image in (average, guesses[1], pictures[1])]
    return alike.argmax(1).tolist() == [0, 1, 2, 3] and steepness == sorted(steepness)


@claim("# for the network, 1000 times the figure's t")
def the_network_is_told_a_thousand_times_the_figures_t() -> bool:
    trained, told = shipped_model(), []
    hook = trained.model.register_forward_pre_hook(lambda module, inputs: told.append(float(inputs[1].flatten()[0])))
    try:
        shown = [state.t for state in draw_states(trained, torch.tensor([0]), seed=0, num_steps=4)]
    finally:
        hook.remove()
    return shown == [1, 0.75, 0.5, 0.25, 0] and told == [1000 * t for t in shown[:-1]]


@claim("Going there and back loses nothing")
def there_and_back_loses_nothing() -> bool:
    pixels = torch.arange(256, dtype=torch.uint8)
    return torch.equal(to_pixels(from_pixels(pixels)), pixels)


@claim("From one picture to the next there is less noise, and the guess comes nearer to the boot at the end.")
def noise_shrinks_and_the_guess_comes_nearer() -> bool:
    there, predicted = boots_drawn()
    end = there[:, -1:]
    # the guesses that the figure shows, each made from the picture above it, and the pictures behind them
    shown = [0, 4, 8, 12, 16]
    noise, off = ((states - end)[:, shown].norm(dim=2) for states in (there, predicted))
    return bool((noise.diff(dim=1) < 0).all() and (off.diff(dim=1) < 0).all())


@claim("After twenty small steps the noise is gone.")
def twenty_steps_leave_no_noise() -> bool:
    there, predicted = boots_drawn()
    return there.shape[:2] == (4, 20) and torch.equal(there[:, -1], predicted[:, -1])


@claim("A network's numbers may lie a little outside [-1, 1].")
def a_drawn_picture_goes_a_little_over() -> bool:
    return 1 < float(boots_drawn()[0, :, -1].abs().max()) < 1.5


@claim("Other noise, other pictures.")
def another_seed_gives_another_picture() -> bool:
    pictures = boots_drawn()[0, :, -1]
    return float(torch.pdist(pictures).min()) > 0.1 * float(pictures.norm(dim=1).mean())


@claim("This network is small, and it was trained for nearly two hours on one processor core.")
def a_small_network_nearly_two_hours_on_one_core() -> bool:
    """Two trainings of the same length, the second from the first; the card tells the minutes of both."""
    trained, card = shipped_model(), asset_path("weights/flow.md").read_text(encoding="utf-8")
    with torch.device("meta"):
        documents = UNet()
    sizes = [sum(weights.numel() for weights in net.parameters()) for net in (trained.model, documents)]
    row = next(line for line in card.splitlines() if line.startswith("| training |"))
    minutes = [int(number) for number in re.findall(r"(\d+) minutes of one (?:processor )?core", row)]
    lengths = row.count(f"{trained.config.steps:,} steps of {trained.config.batch_size} images")
    twice = bool(trained.config.start_from) and lengths == len(minutes) == 2
    small = 10 * sizes[0] < sizes[1] and f"{sizes[0]:,} parameters" in card
    return small and twice and 105 <= sum(minutes) < 120


@claim("One of these, of any class.")
def without_a_class_it_draws_clothes_of_many() -> bool:
    pictures = draw_images(shipped_model(), torch.full((20,), -1), seed=0, num_steps=10)
    _, classes = judge_images(load_judge(), pictures)
    black = pictures[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].mean() < -0.9  # the corners, as in every picture of the data
    return bool(black) and len(classes.unique()) >= 5


@claim("The three channels of a grey picture are equal. Those of the noise are drawn one by one, so it is coloured.")
def pictures_are_grey_and_the_noise_is_not() -> bool:
    picture = load_dataset("fashion-mnist").batch(torch.arange(8))[0]
    noise = next(iter(draw_states(shipped_model(), torch.tensor([9]), seed=1, num_steps=STEPS))).x
    apart = [(images[:, 0] - images[:, 1]).abs().max() for images in (picture, noise)]
    alike = torch.corrcoef(noise[0].flatten(1)).fill_diagonal_(0).abs().max()
    return bool(apart[0] == 0 and apart[1] > 1 and alike < 0.1)


@claim("Ten rows, ten times *same*.")
def ten_roles_hold() -> bool:
    with mock.patch.object(figures, "compare_rows") as told:
        figures.roles_of(UNet())
    rows = told.call_args.args[0]
    return len(rows) == 10 and all(tuple(written) == tuple(measured) for _, written, measured in rows)


@claim(
    "Dividing by 127.5 turns 0 ... 255 into 0 ... 2.",
    "`pixels.float()` first, then divide by `HALF_OF_255`, then subtract 1.",
    "Pictures go in as numbers from -1 to 1 and come out as pixels from 0 to 255.",
)
def the_hints_of_from_pixels_give_it() -> bool:
    pixels = torch.arange(256, dtype=torch.uint8)
    halved = pixels.float() / 127.5
    ends = [(float(each[0]), float(each[-1])) for each in (halved, from_pixels(pixels))]
    return ends == [(0, 2), (-1, 1)] and torch.equal(halved - 1, from_pixels(pixels))


@claim(
    "Do the steps of `from_pixels` backwards: add 1, then multiply.",
    "Clip to [-1, 1]; add 1 and multiply by `HALF_OF_255`; round; convert.",
    "`.to(torch.uint8)` alone cuts off: 99.9 becomes 99.",
)
def the_hints_of_to_pixels_give_it() -> bool:
    x = torch.linspace(-1.5, 1.5, 1001)
    steps = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return torch.equal(steps, to_pixels(x)) and int(torch.tensor(99.9).to(torch.uint8)) == 99
