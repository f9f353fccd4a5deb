"""python -m course_lib evaluate: how good are a trained model's pictures?"""

import argparse
import json

from course_lib.commands.options import add_subparser, numbers
from course_lib.files import local_or_address, local_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "evaluate", run, "judge a trained model's pictures beside real ones")
    parser.add_argument(
        "run_folder", metavar="RUN", type=local_or_address, help="a run's folder, or a .safetensors file"
    )
    parser.add_argument("--count", type=int, default=1000, help="pictures to draw and judge (default: 1000)")
    parser.add_argument("--guidance", type=numbers, default=(1.0, 1.5, 2.0), help="scales to try (default: 1,1.5,2)")
    parser.add_argument("--steps", type=int, default=20, help="sampling steps (default: 20)")
    parser.add_argument("--solver", help="euler, heun or rk4 (flow matching); ddim or ddpm (DDPM)")
    parser.add_argument("--seed", type=int, default=0, help="of the pictures (default: 0)")
    parser.add_argument("--device", default="auto", help="auto (default: a GPU if there is one), cpu, cuda or mps")
    parser.add_argument("--data-dir", type=local_or_address, help="where CIFAR-10's files are, for its FID")
    parser.add_argument("--json", type=local_path, help="also write the figures to this file")


def run(options: argparse.Namespace) -> None:
    from course_lib.evaluation.evaluate import JUDGED_DATA
    from course_lib.files import check_place, write_text
    from course_lib.training.draw import check_seed
    from course_lib.training.hardware import pick_device
    from course_lib.training.saved_model import load_trained

    if options.count < 20:
        raise ValueError(f"count is {options.count}; allowed: at least 20, two of each class")
    check_seed(options.seed)
    if options.json is not None:
        check_place("json", options.json)
    trained = load_trained(options.run_folder, pick_device(options.device))
    if options.data_dir is not None and trained.config.data != "cifar10":
        raise ValueError(
            f"data_dir is {options.data_dir!r}, which has no effect for a run on {trained.config.data!r}; allowed: "
            "with runs on cifar10, whose FID needs the real images"
        )
    if trained.config.data in JUDGED_DATA:
        figures, table = _judge(trained, options)
    elif trained.config.data == "cifar10":
        figures, table = _fid(trained, options)
    else:
        raise ValueError(f"run was trained on {trained.config.data!r}; allowed: fashion-mnist(-full) or cifar10")
    if options.json is not None:
        write_text(options.json, json.dumps(figures, indent=2, allow_nan=False) + "\n")
    print(table)


def _judge(trained: "TrainedModel", options: argparse.Namespace) -> tuple[dict, str]:  # noqa: F821
    import dataclasses

    from course_lib.evaluation.evaluate import MOST_JUDGED, Judge, balanced_labels
    from course_lib.training.draw import draw_states

    if options.count > MOST_JUDGED:
        raise ValueError(f"count is {options.count}; allowed: from 20 to {MOST_JUDGED:,}")
    judge = Judge()
    labels = balanced_labels(options.count, len(trained.class_names))
    # what cannot be drawn is told before the real images are judged
    draw_states(trained, labels[:1], seed=options.seed, num_steps=options.steps, solver=options.solver)
    rows = {"real images": judge.real_scores(options.count, options.seed)}
    for scale in options.guidance:
        images = _draw(trained, labels, scale, options)
        rows[f"guidance {scale:g}"] = judge.scores(images, labels)
    best = min(list(rows)[1:], key=lambda name: rows[name].frechet)
    lines = [f"{options.count} pictures, {options.steps} steps\n"]
    lines.append(f"{'':16}{'class accuracy':>16}{'Fréchet distance':>18}{'diversity':>11}")
    for name, scores in rows.items():
        mark = "  <- best distance" if name == best else ""
        lines.append(f"{name:16}{scores.accuracy:>16.1%}{scores.frechet:>18.2f}{scores.diversity:>11.2f}{mark}")
    lines.append(
        "\nclass accuracy: taken by the judge for the class it was drawn as. Fréchet distance: lower is better, real\n"
        "images set the floor. diversity: spread within a class, 1 is that of real images, 0 is one picture a class;\n"
        "high accuracy with low diversity is a collapsed model, not a good one."
    )
    return {name: dataclasses.asdict(scores) for name, scores in rows.items()}, "\n".join(lines)


def _fid(trained: "TrainedModel", options: argparse.Namespace) -> tuple[dict, str]:  # noqa: F821
    from course_lib.data import load_dataset
    from course_lib.evaluation.evaluate import balanced_labels
    from course_lib.evaluation.inception import inception_fid, needed_for_fid

    needed_for_fid()
    dataset = load_dataset(trained.config.data, options.data_dir)
    labels = balanced_labels(options.count, len(trained.class_names))
    figures, lines = {}, []
    for scale in options.guidance:
        images = _draw(trained, labels, scale, options)
        fid = inception_fid(images, dataset)
        figures[f"guidance {scale:g}"] = {"fid": fid}
        lines.append(f"guidance {scale:g}: FID {fid:.2f} over {options.count} pictures")
    return figures, "\n".join(lines)


def _draw(trained: "TrainedModel", labels: "Tensor", scale: float, options: argparse.Namespace) -> "Tensor":  # noqa: F821
    from course_lib.evaluation.evaluate import draw_many

    choices = {"seed": options.seed, "num_steps": options.steps, "solver": options.solver}
    return draw_many(trained, labels, guidance_scale=scale, **choices)
