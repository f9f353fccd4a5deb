"""python -m course_lib sample: draw pictures with a trained model."""

import argparse
from pathlib import Path

from course_lib.commands.options import add_subparser


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "sample", run, "draw pictures with a trained model")
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder, or a .safetensors file")
    parser.add_argument("--classes", help='names or numbers, such as "ankle boot,dress" or 9,3 (default: all)')
    parser.add_argument("--count", type=int, default=8, help="pictures of each class (default: 8)")
    parser.add_argument("--guidance", type=float, default=2.0, help="guidance scale (default: 2; 1 is none)")
    parser.add_argument("--steps", type=int, help="sampling steps (default: 50; 1000 for --solver ddpm)")
    parser.add_argument("--solver", help="euler, heun or rk4 (flow matching); ddim or ddpm (DDPM)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same pictures")
    parser.add_argument("--out", type=Path, default=Path("grid.png"), help="where the grid goes (default: grid.png)")
    parser.add_argument("--gif", type=Path, help="also save the way from noise to pictures as an animation")
    parser.add_argument("--device", default="auto", help="auto (default: a GPU if there is one), cpu, cuda or mps")


def run(options: argparse.Namespace) -> None:
    import torch
    from tqdm.auto import tqdm

    from course_lib.data.image_dataset import class_number
    from course_lib.pictures import save_gif, save_grid
    from course_lib.training.draw import default_steps, draw_states
    from course_lib.training.hardware import pick_device
    from course_lib.training.saved_model import load_trained

    if options.count < 1:
        raise ValueError(f"count is {options.count}; allowed: at least 1 picture a class")
    for name, path, ending in [("out", options.out, ".png"), ("gif", options.gif, ".gif")]:
        if path is not None and path.suffix.lower() != ending:
            raise ValueError(f"{name} is {str(path)!r}; allowed: a name that ends in {ending}")
    trained = load_trained(options.run_folder, pick_device(options.device))
    names = trained.class_names if options.classes is None else options.classes.split(",")
    numbers = [class_number(name, trained.class_names) for name in names]
    labels = torch.tensor(numbers).repeat_interleave(options.count)
    choices = {"num_steps": options.steps, "solver": options.solver, "guidance_scale": options.guidance}
    states = draw_states(trained, labels, seed=options.seed, **choices)
    total = options.steps or default_steps(trained, options.solver)
    trajectory = [state.x.cpu() for state in tqdm(states, total=total + 1, unit="step")]
    save_grid(trajectory[-1], options.out, [trained.class_names[number] for number in numbers])
    print(f"{len(labels)} pictures in {options.out}")
    if options.gif is not None:
        # at most 60 frames, the first and the last among them
        chosen = torch.linspace(0, len(trajectory) - 1, min(60, len(trajectory))).round().int().unique().tolist()
        save_gif([trajectory[index] for index in chosen], options.gif, columns=options.count)
        print(f"{len(chosen)} frames in {options.gif}")
