"""python -m course_lib sample: draw pictures with a trained model."""

import argparse
from pathlib import Path

from course_lib.commands.options import add_subparser, finite_number
from course_lib.files import local_or_address, local_path

FRAMES = 60
# a grid as wide as a PNG file may be for most programs
MOST_PICTURES = 10_000


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "sample", run, "draw pictures with a trained model")
    parser.add_argument(
        "run_folder", metavar="RUN", type=local_or_address, help="a run's folder, or a .safetensors file"
    )
    parser.add_argument("--classes", help='names or numbers, such as "ankle boot,dress" or 9,3 (default: all)')
    parser.add_argument("--count", type=int, default=8, help="pictures of each class (default: 8)")
    parser.add_argument("--guidance", type=finite_number, default=2.0, help="guidance scale (default: 2; 1 is none)")
    parser.add_argument("--steps", type=int, help="sampling steps (default: 50; 1000 for --solver ddpm)")
    parser.add_argument("--solver", help="euler, heun or rk4 (flow matching); ddim or ddpm (DDPM)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same pictures")
    parser.add_argument(
        "--out", type=local_path, default=Path("grid.png"), help="where the grid goes (default: grid.png)"
    )
    parser.add_argument("--gif", type=local_path, help="also save the way from noise to pictures as an animation")
    parser.add_argument("--device", default="auto", help="auto (default: a GPU if there is one), cpu, cuda or mps")


def run(options: argparse.Namespace) -> None:
    import torch

    from course_lib.data.image_dataset import class_number
    from course_lib.files import check_place
    from course_lib.pictures import save_grid
    from course_lib.pictures.animation import MOST_COLUMNS
    from course_lib.training.hardware import pick_device
    from course_lib.training.saved_model import load_trained

    most = MOST_COLUMNS if options.gif is not None else MOST_PICTURES
    if not 1 <= options.count <= most:
        raise ValueError(
            f"count is {options.count}; allowed: from 1 to {most:,} pictures a class"
            + " in an animation" * (options.gif is not None)
        )
    for name, path, ending in [("out", options.out, ".png"), ("gif", options.gif, ".gif")]:
        if path is not None and path.suffix.lower() != ending:
            raise ValueError(f"{name} is {str(path)!r}; allowed: a name that ends in {ending}")
    trained = load_trained(options.run_folder, pick_device(options.device))
    names = trained.class_names if options.classes is None else options.classes.split(",")
    classes = [class_number(name, trained.class_names) for name in names]
    for name, path in [("out", options.out), ("gif", options.gif)]:
        if path is not None:
            check_place(name, path)
    labels = torch.tensor(classes, device="cpu").repeat_interleave(options.count)
    images, frames = _draw(trained, labels, options)
    save_grid(images, options.out, [trained.class_names[number] for number in classes])
    if options.gif is not None:
        _save_way(frames, options)
    print(f"{len(labels)} pictures in {options.out}")
    if options.gif is not None:
        print(f"{len(frames)} frames in {options.gif}")


def _draw(
    trained: "TrainedModel",  # noqa: F821
    labels: "Tensor",  # noqa: F821
    options: argparse.Namespace,
) -> tuple["Tensor", list["Tensor"]]:  # noqa: F821
    """The pictures, and the frames of the way to them if they are asked for: uint8, one byte a number.

    One batch is in the sampler at a time, and of its states only those are kept that the animation shows.
    """
    import torch
    from tqdm.auto import tqdm

    from course_lib.data.pixels import to_pixels
    from course_lib.training.draw import BATCH_SIZE, batches_of, default_steps, finished
    from course_lib.training.show_progress import somebody_watches

    choices = {"num_steps": options.steps, "solver": options.solver, "guidance_scale": options.guidance}
    total = default_steps(trained, options.solver) if options.steps is None else options.steps
    # at most 60 frames, the first and the last among them
    shown = (
        set(torch.linspace(0, total, min(FRAMES, max(0, total) + 1)).round().int().tolist()) if options.gif else set()
    )
    batches, frames = [], []
    number_of_batches = -(-len(labels) // BATCH_SIZE)
    with tqdm(total=number_of_batches * (total + 1), unit="step", disable=not somebody_watches()) as progress:
        for states in batches_of(trained, labels, seed=options.seed, **choices):
            kept = []
            for number, state in enumerate(states):
                if number in shown:
                    kept.append(to_pixels(state.x).cpu())
                progress.update()
            batches.append(to_pixels(finished(state.x)).cpu())
            frames.append(kept)
    return torch.cat(batches), [torch.cat(parts) for parts in zip(*frames, strict=True)]


def _save_way(frames: list["Tensor"], options: argparse.Namespace) -> None:  # noqa: F821
    from course_lib.pictures import save_gif

    save_gif(frames, options.gif, columns=options.count)
