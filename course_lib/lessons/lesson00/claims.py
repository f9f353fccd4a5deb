"""What lesson 00 states, proven: pictures, numbers, and what the shipped network costs."""

import torch

from course_lib.data import load_dataset
from course_lib.data.pixels import from_pixels, to_pixels
from course_lib.lessons.lesson00.figures import BRIGHT_PICTURE, STEPS
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.training.draw import draw_states


@claim("The black background stays inside [-1, 1]; most of the garment goes over 1.")
def most_of_the_garment_goes_over_one() -> bool:
    image = load_dataset("fashion-mnist").batch(torch.tensor([BRIGHT_PICTURE]))[0][0]
    garment = image > -0.9
    over = image + 0.15 > 1
    return bool(over[garment].double().mean() > 0.5) and not bool(over[~garment].any())


@claim("256 numbers, arranged like the hours of a clock: after 255 comes 0.")
def uint8_wraps_around() -> bool:
    return torch.tensor([255.0, 256.0, 265.0]).to(torch.uint8).tolist() == [255, 0, 9]


@claim("No: to [-1, 1] before, or to [0, 255] afterwards, is the same.")
def clipping_may_stand_before_or_behind() -> bool:
    x = torch.linspace(-3, 3, 1001)
    return torch.equal(((x.clamp(-1, 1) + 1) * 127.5).round(), ((x + 1) * 127.5).round().clamp(0, 255))


def boots_drawn(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Ankle boots of seeds 0, 1, ...: the first predicted picture and the last, each (count, numbers)."""
    trained = shipped_model()
    label = torch.tensor([trained.class_names.index("Ankle boot")])
    drawn = [list(draw_states(trained, label, seed=seed, num_steps=STEPS)) for seed in range(count)]
    first = torch.stack([states[1].clean.flatten() for states in drawn])
    return first, torch.stack([states[-1].x.flatten() for states in drawn])


@claim(
    "This network's guess is a blur too, but it leans towards one boot already: another seed gives another blur.",
    "The best single guess is the average of them all: a blur, smoother than the one at the left end of the bottom row",
)
def the_first_guess_leans_towards_the_last_picture() -> bool:
    guesses, pictures = boots_drawn()
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
