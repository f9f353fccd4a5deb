"""python -m course_lib train: train the UNet as a DDPM or by flow matching."""

import argparse
import dataclasses

from course_lib.commands.options import add_subparser, whole_numbers
from course_lib.shown_command import shown_command

# option -> field of TrainingConfig, and of UNet
CONFIG_OPTIONS = ("method", "data", "steps", "batch_size", "learning_rate", "ema_decay", "time_sampling", "seed")
UNET_OPTIONS = ("base_channels", "channel_mults", "num_res_blocks", "attention_resolutions", "dropout")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "train", run, "train the UNet on real images, as a DDPM or by flow matching")
    parser.add_argument("--method", help="flow (default) or ddpm")
    parser.add_argument("--data", help="fashion-mnist (default), fashion-mnist-full, cifar10 or shapes")
    parser.add_argument("--data-dir", help="a folder that has the data set's files, or the URL of a mirror")
    parser.add_argument("--out", help="the run's folder (default: runs/METHOD-DATA)")
    parser.add_argument(
        "--profile",
        default="laptop",
        help="laptop (default; about five minutes on two cores), lesson (two minutes), smoke (seconds) or gpu (the "
        "document's network)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out from its last checkpoint")
    parser.add_argument("--overwrite", action="store_true", help="replace the run that is in --out")
    parser.add_argument("--compile", action="store_true", help="torch.compile the network (pays off on a GPU)")
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    change = parser.add_argument_group("change the profile")
    change.add_argument("--steps", type=int, help="optimizer steps")
    change.add_argument("--batch-size", type=int, help="images a step, over all processes")
    change.add_argument("--learning-rate", type=float)
    change.add_argument("--ema-decay", type=float)
    change.add_argument("--time-sampling", help="flow matching's times: uniform or logit-normal")
    change.add_argument("--seed", type=int)
    change.add_argument("--base-channels", type=int)
    change.add_argument("--channel-mults", type=whole_numbers, help="one number a level, such as 1,2,4")
    change.add_argument("--num-res-blocks", type=int)
    change.add_argument("--attention-resolutions", type=whole_numbers, help="such as 8 or 16,8; none for no level")
    change.add_argument("--dropout", type=float)


def run(options: argparse.Namespace) -> None:
    from course_lib.training.config import PROFILES
    from course_lib.training.run_folder import RunFolder
    from course_lib.training.train import train

    if options.profile not in PROFILES:
        raise ValueError(f"profile is {options.profile!r}; allowed: {', '.join(map(repr, PROFILES))}")
    profile = PROFILES[options.profile]
    out = options.out or f"runs/{options.method or profile.method}-{options.data or profile.data}"
    if options.resume:
        config = _stored_config(RunFolder(out))
        _refuse_changes(options, config)
    else:
        unet = profile.unet | {
            name: getattr(options, name) for name in UNET_OPTIONS if getattr(options, name) is not None
        }
        changes = {name: getattr(options, name) for name in CONFIG_OPTIONS if getattr(options, name) is not None}
        config = dataclasses.replace(profile, unet=unet, **changes)
    try:
        folder = train(
            config,
            out,
            data_dir=options.data_dir,
            resume=options.resume,
            overwrite=options.overwrite,
            compile_model=options.compile,
            cpu=options.cpu,
        )
    except KeyboardInterrupt:
        print("\nto go on from the last checkpoint:", shown_command("course_lib", "train", "--out", out, "--resume"))
        raise
    print(f"done: look at {folder.samples(config.steps)}, then try")
    print(" ", shown_command("course_lib", "sample", folder.path, "--guidance", 2, "--out", "grid.png"))


def _stored_config(folder: "RunFolder") -> "TrainingConfig":  # noqa: F821
    from course_lib.training.config import TrainingConfig

    if not folder.config.exists():
        raise ValueError(f"out is {str(folder.path)!r}, which holds no run to resume; allowed: a run's folder")
    return TrainingConfig.from_json(folder.config.read_text(encoding="utf-8"))


def _refuse_changes(options: argparse.Namespace, config: "TrainingConfig") -> None:  # noqa: F821
    """A resumed run is the same run: an option that says otherwise is a mistake worth telling."""
    stored = {name: getattr(config, name) for name in CONFIG_OPTIONS} | config.unet
    for name in (*CONFIG_OPTIONS, *UNET_OPTIONS):
        asked = getattr(options, name)
        if asked is not None and name in stored and _as_list(asked) != _as_list(stored[name]):
            option = "--" + name.replace("_", "-")
            raise ValueError(f"{option} is {asked!r}; allowed with --resume: the run's own value, {stored[name]!r}")


def _as_list(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
