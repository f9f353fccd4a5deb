"""python -m course_lib export: a trained model for other people's programs."""

import argparse

from course_lib.commands.options import add_subparser
from course_lib.files import local_or_address, local_path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "export", run, "write a trained model as a folder for other people's programs")
    parser.add_argument(
        "run_folder", metavar="RUN", type=local_or_address, help="a run's folder, or a .safetensors file"
    )
    parser.add_argument("--to", required=True, choices=["diffusers"], help="whose programs: diffusers' pipelines")
    parser.add_argument("folder", metavar="DIR", type=local_path, help="a new folder, or one that this command wrote")
    parser.add_argument(
        "--steps", type=int, default=50, help="flow matching: the Euler steps that the scheduler is spaced for (50)"
    )


def run(options: argparse.Namespace) -> None:
    from course_lib.ddpm import DDPM
    from course_lib.exporting import write_diffusers_folder
    from course_lib.training.saved_model import load_trained

    trained = load_trained(options.run_folder)
    written = write_diffusers_folder(trained, options.folder, options.steps)
    print(f"written: {written}. To draw with it (pip install diffusers):")
    print("  from diffusers import DDPMPipeline")
    print(f"  pipeline = DDPMPipeline.from_pretrained({str(written)!r}, trust_remote_code=True)")
    steps = trained.process.num_timesteps if isinstance(trained.process, DDPM) else options.steps
    print(f"  pipeline(batch_size=4, num_inference_steps={steps}).images[0].save('picture.png')")
    print(f"More, and the names of the classes: {written / 'README.md'}")
