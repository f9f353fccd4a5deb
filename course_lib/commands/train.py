"""python -m course_lib train: train the UNet as a DDPM or by flow matching."""

import argparse
import dataclasses
import sys

from course_lib.commands.options import add_subparser, whole_numbers
from course_lib.files import local_or_address
from course_lib.shown_command import shown_command

# option -> field of TrainingConfig, and of UNet
CONFIG_OPTIONS = (
    "method",
    "data",
    "steps",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "ema_decay",
    "time_sampling",
    "pairing",
    "start_from",
    "seed",
)
MINUTES_OF_LAPTOP = 5.0
UNET_OPTIONS = ("base_channels", "channel_mults", "num_res_blocks", "attention_resolutions", "dropout")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "train", run, "train the UNet on real images, as a DDPM or by flow matching")
    parser.add_argument("--method", help="flow (default) or ddpm")
    parser.add_argument("--data", help="fashion-mnist (default), fashion-mnist-full, cifar10 or shapes")
    parser.add_argument(
        "--data-dir", type=local_or_address, help="a folder that has the data set's files, or the URL of a mirror"
    )
    parser.add_argument("--out", type=local_or_address, help="the run's folder (default: runs/METHOD-DATA)")
    parser.add_argument(
        "--profile",
        default="laptop",
        help="laptop (default; about five minutes on two cores), lesson (two minutes), smoke (seconds) or gpu (the "
        "document's network)",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="time some steps first and take as many as fit (default: 5 for the profile laptop without --steps)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in --out from its last checkpoint; where its schedule is constant, to more --steps",
    )
    parser.add_argument(
        "--from",
        dest="start_from",
        metavar="RUN",
        type=local_or_address,
        help="begin a new run with the weights of this one (or of a .safetensors file)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the run in --out, once the new one has its first checkpoint"
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile the network (pays off on a GPU)")
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    change = parser.add_argument_group("change the profile")
    change.add_argument("--steps", type=int, help="optimizer steps")
    change.add_argument("--batch-size", type=int, help="images a step, over all processes")
    change.add_argument("--optimizer", help="adamw, or muon for the weight matrices")
    change.add_argument("--learning-rate", type=float, help="of AdamW; with muon a matrix moves four times as fast")
    change.add_argument("--schedule", help="of the learning rate: constant, or cosine down to zero")
    change.add_argument("--ema-decay", type=float, help="share of the average that stays at each step, such as 0.999")
    change.add_argument("--time-sampling", help="flow matching's times: uniform or logit-normal")
    change.add_argument("--pairing", help="flow matching's noise: random or within-classes")
    change.add_argument("--seed", type=int, help="of weights, order, times and noise: the same seed, the same run")
    change.add_argument("--base-channels", type=int, help="channels of the highest level (the document: 64)")
    change.add_argument("--channel-mults", type=whole_numbers, help="one number a level, such as 1,2,4")
    change.add_argument("--num-res-blocks", type=int, help="residual blocks of a level (the document: 2)")
    change.add_argument("--attention-resolutions", type=whole_numbers, help="such as 8 or 16,8; none for no level")
    change.add_argument("--dropout", type=float, help="share of the values that each block drops in training")


def run(options: argparse.Namespace) -> None:
    from course_lib.training.config import PROFILES, TrainingConfig
    from course_lib.training.run_folder import RunFolder
    from course_lib.training.train import train

    if options.profile not in PROFILES:
        raise ValueError(f"profile is {options.profile!r}; allowed: {', '.join(map(repr, PROFILES))}")
    if options.resume and options.overwrite:
        raise ValueError("--resume and --overwrite exclude each other: go on with the run, or replace it")
    if options.minutes is not None and (options.steps is not None or options.resume):
        raise ValueError("--minutes finds the number of steps of a new run; allowed: without --steps and --resume")
    profile = PROFILES[options.profile]
    if options.resume:
        out = options.out or f"runs/{options.method or profile.method}-{options.data or profile.data}"
        config, minutes = _resumed_config(options, RunFolder(out)), None
    else:
        config, minutes = _new_config(options, profile), options.minutes
        out = options.out or f"runs/{config.method}-{config.data}"
        if minutes is None and options.steps is None and options.profile == "laptop":
            minutes = MINUTES_OF_LAPTOP
    try:
        folder = train(
            config,
            out,
            data_dir=options.data_dir,
            resume=options.resume,
            overwrite=options.overwrite,
            compile_model=options.compile,
            cpu=options.cpu,
            minutes=minutes,
        )
    except KeyboardInterrupt:
        print(f"\n{_how_to_go_on(options, RunFolder(out))}", file=sys.stderr)
        raise
    except OSError as error:
        # the network itself is safe in the last checkpoint
        raise OSError(
            f"{_in_one_line(error)}; the training has stopped. {_how_to_go_on(options, RunFolder(out))}"
        ) from None
    steps = TrainingConfig.from_json(folder.config.read_text(encoding="utf-8")).steps
    print(f"done: look at {folder.samples(steps)}, then try")
    print(" ", shown_command("course_lib", "sample", folder.path, "--guidance", 2, "--out", "grid.png"))


def _in_one_line(error: OSError) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _how_to_go_on(options: argparse.Namespace, folder: "RunFolder") -> str:  # noqa: F821
    """The command that goes on from the last checkpoint as this one would have, if there is a checkpoint of its run."""
    try:
        step = folder.last_checkpoint()["step"]
    except (ValueError, OSError):
        return "No checkpoint was written yet: the same command starts again."
    if options.overwrite and not _is_newer(folder):
        return "No checkpoint was written yet, and the run that was there before is as it was."
    arguments = ["--out", folder.path, "--resume"]
    arguments += ["--steps", options.steps] if options.resume and options.steps else []
    arguments += ["--data-dir", options.data_dir] if options.data_dir else []
    arguments += [f"--{name}" for name in ("compile", "cpu") if getattr(options, name)]
    return f"To go on from the checkpoint of step {step}: {shown_command('course_lib', 'train', *arguments)}"


def _is_newer(folder: "RunFolder") -> bool:  # noqa: F821
    """Whether the checkpoint was written since this process began, and not by the run that was to be replaced."""
    import psutil

    return folder.checkpoint.stat().st_mtime >= psutil.Process().create_time()


def _new_config(options: argparse.Namespace, profile: "TrainingConfig") -> "TrainingConfig":  # noqa: F821
    changes = {name: getattr(options, name) for name in CONFIG_OPTIONS if getattr(options, name) is not None}
    unet = {name: getattr(options, name) for name in UNET_OPTIONS if getattr(options, name) is not None}
    if options.start_from is None:
        return dataclasses.replace(profile, unet=profile.unet | unet, **changes)
    from course_lib.training.saved_model import load_trained

    # the network is the one whose weights they are
    source = load_trained(options.start_from).config
    return dataclasses.replace(profile, unet=source.unet | unet, **({"method": source.method} | changes))


def _resumed_config(options: argparse.Namespace, folder: "RunFolder") -> "TrainingConfig":  # noqa: F821
    """The run's own config; more steps may be asked for, and `train` says whether its schedule allows them.

    A resumed run is the same run: an option that says otherwise is a mistake worth telling.
    """
    from course_lib.training.config import TrainingConfig
    from course_lib.training.start import check_same_run

    saved = folder.last_checkpoint()
    config = TrainingConfig.from_json(saved["config"])
    stored = {name: getattr(config, name) for name in CONFIG_OPTIONS} | config.unet
    for name in (*CONFIG_OPTIONS, *UNET_OPTIONS):
        asked = getattr(options, name)
        if name != "steps" and asked is not None and asked != stored.get(name):
            option = "--from" if name == "start_from" else "--" + name.replace("_", "-")
            own = f"the run's own value, {stored[name]!r}" if name in stored else "without it"
            raise ValueError(f"{option} is {asked!r}; allowed with --resume: {own}")
    if options.steps is None:
        return config
    config = dataclasses.replace(config, steps=options.steps)
    try:
        check_same_run(config, saved)
    except ValueError as error:
        raise ValueError(f"--{error}") from None
    return config
