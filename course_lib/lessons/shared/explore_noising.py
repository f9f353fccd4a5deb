"""Drag one real image into noise, along DDPM's path and along the straight one (lessons 08 and 09)."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from course_lib.data import load_dataset
from course_lib.ddpm import DDPM
from course_lib.flow_matching import TIME_SCALE, FlowMatching
from course_lib.lessons.shared.explorer import Explorer, Picture, blank_figure, check_whole, choice, present, slider
from course_lib.lessons.shared.style import COLORS

STILL_TIMES = (0, 200, 400, 600, 800, 999)
FRAMES = {"t": (*range(0, TIME_SCALE, TIME_SCALE // 10), TIME_SCALE - 1)}


def explore_noising(
    t: int = 300, label: int = 8, seed: int = 0, ddpm: DDPM | None = None, flow: FlowMatching | None = None
) -> None:
    """Show an image in both processes, and a slider for any time.

    Args:
        t: where the slider starts, in DDPM's steps; flow matching's time is t / 1000.
        label: class of the image, from 0 to 9; its first image in the data set is taken.
        seed: of the noise, which is the same for both processes.
        ddpm, flow: the library's, or a learner's.
    Raises: ValueError for a time outside 0 to 999, or a label that no class has.
    """
    check_start(t, label)
    ddpm, flow = ddpm or DDPM(), flow or FlowMatching()
    present(
        lambda: draw_noising(ddpm, flow, image_of_class(label), noise_of(seed), STILL_TIMES),
        lambda: noising_explorer(t, label, seed, ddpm, flow),
        FRAMES,
    )


def noising_explorer(
    t: int = 300, label: int = 8, seed: int = 0, ddpm: DDPM | None = None, flow: FlowMatching | None = None
) -> Explorer:
    """The controls and their picture; see `explore_noising`."""
    check_start(t, label)
    ddpm, flow, noise = ddpm or DDPM(), flow or FlowMatching(), noise_of(seed)
    names = load_dataset("fashion-mnist").class_names
    controls = {
        "t": slider("time t", t, 0, TIME_SCALE - 1, 1, "DDPM's step t; flow matching's time is t / 1000"),
        "label": choice("image", [(name, number) for number, name in enumerate(names)], label, "Which image"),
    }
    return Explorer(lambda t, label: draw_noising(ddpm, flow, image_of_class(label), noise, [t]), controls)


def check_start(t: int, label: int) -> None:
    check_whole("t", t, 0, TIME_SCALE - 1)
    check_whole("label", label, 0, 9)


@cache
def image_of_class(label: int) -> Tensor:
    """The first image of a class in the course's data set: (1, 3, 32, 32) in [-1, 1]."""
    data = load_dataset("fashion-mnist")
    first = int((data.labels == label).nonzero()[0])
    return data.batch(torch.tensor([first]))[0]


def noise_of(seed: int) -> Tensor:
    """Noise for one grey image, the same on its three channels: (1, 3, 32, 32)."""
    return torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(seed)).expand(1, 3, 32, 32)


def draw_noising(ddpm: DDPM, flow: FlowMatching, image: Tensor, noise: Tensor, times: Sequence[int]) -> Picture:
    """The image at each time, and how much image and noise there is: DDPM, then flow matching.

    With one time both stand side by side; with several, DDPM has the first row and flow matching the second.
    """
    alone = len(times) == 1
    shape = (1, 4) if alone else (2, len(times) + 1)
    figure = blank_figure(9.5, 2.5) if alone else blank_figure(11.5, 3.4)
    widths = (1, 1.4) * 2 if alone else (*(1,) * len(times), 1.5)
    axes = figure.subplots(*shape, squeeze=False, gridspec_kw={"width_ratios": widths}).reshape(2, len(times) + 1)
    figure.subplots_adjust(
        left=0.01, right=0.99, top=0.9, bottom=0.16 if alone else 0.12, wspace=0.35 if alone else 0.5, hspace=0.55
    )
    steps = torch.arange(TIME_SCALE)
    left = ddpm.alphas_cumprod.sqrt(), (1 - ddpm.alphas_cumprod).sqrt()
    straight = 1 - steps / TIME_SCALE, steps / TIME_SCALE
    at = torch.tensor(times)
    images, noises = image.expand(len(times), -1, -1, -1), noise.expand(len(times), -1, -1, -1)
    rows = {
        "DDPM": (ddpm.add_noise(images, at, noises), left),
        "flow": (flow.interpolate(images, at / TIME_SCALE, noises), straight),
    }
    shares = []
    for line, (name, (noisy, (signal, sigma))) in zip(axes, rows.items(), strict=True):
        for axis, t, picture in zip(line, times, noisy, strict=False):
            axis.imshow(picture[0].clamp(-1, 1), cmap="gray", vmin=-1, vmax=1)
            axis.set_axis_off()
            axis.set_title(f"{name}, t = {t}" if name == "DDPM" else f"{name}, t = {t / TIME_SCALE:g}", fontsize=9)
        curves = line[-1]
        clock = steps if name == "DDPM" else steps / TIME_SCALE
        curves.plot(clock, signal, "-", color=COLORS["blue"], label="image")
        curves.plot(clock, sigma, "--", color=COLORS["vermilion"], label="noise")
        for t in times:
            curves.axvline(clock[t], color=COLORS["grey"], linewidth=1.5 if alone else 0.7)
        curves.set_title("image solid, noise dashed", fontsize=8)
        curves.set(ylim=(-0.05, 1.05), yticks=(0, 0.5, 1), xticks=(clock[0], clock[500], TIME_SCALE * clock[1]))
        curves.tick_params(labelsize=8)
        curves.set_ylabel("weight", fontsize=8, labelpad=3)
        curves.set_xlabel("t", fontsize=8, labelpad=0)
        shares.append([100 * float(sigma[t] ** 2 / (sigma[t] ** 2 + signal[t] ** 2)) for t in times])
    listed = [", ".join(f"{share:.0f} %" for share in row) for row in shares]
    what = f"t = {times[0]}" if alone else f"t = {', '.join(map(str, times))}"
    return Picture(
        figure,
        f"the same image and the same noise at {what}. The noise's share, squared weights: DDPM {listed[0]}; flow "
        f"matching {listed[1]}.",
        f"A picture from Fashion-MNIST at {what} of 1000 on DDPM's path and on the straight path of flow matching, "
        "with curves of how much image and how much noise is in it: the image's falls, the noise's rises.",
    )
