"""What the set-up cell of every notebook does on Google Colab and on Kaggle, once it has fetched the course.

The course is used from where it was fetched (by sys.path, and PYTHONPATH for commands), not installed by pip: pip would
look at torch, numpy and the rest again, need build tools in versions that the host may not have, and count only after a
restart. So nothing that the host brings along can change.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import torch

from course_lib.assets import PACKAGE
from course_lib.doctor.software import compared, library_requirements
from course_lib.files import write_atomically

COURSE = PACKAGE.parent
FOLDER_IN_DRIVE = "unet-diffusion-course"

GPU_IS_OFF = """\
The GPU is switched off. Lessons 00 to 07 do not need it; the training in 08 to 12 is much quicker with it.
To switch it on: menu Runtime, Change runtime type, choose a GPU (such as T4), Save.
Then run the notebook again from the top."""


NO_GPU_ON_KAGGLE = """\
The GPU is switched off. Lessons 00 to 07 do not need it; the training in 08 to 12 is much quicker with it.
To switch it on: in the panel at the right, Session options, Accelerator; then run the notebook again from the top."""


def on_colab() -> bool:
    """Whether this is a runtime of Google Colab: only they have its package, and Kaggle's machines."""
    try:
        return "KAGGLE_KERNEL_RUN_TYPE" not in os.environ and importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def set_up(use_drive: bool, packages: list[str] | None = None) -> None:
    """On Colab: install what is missing, and say where the course is, where work is kept, and whether a GPU is on.

    Args:
        use_drive: keep the folder my_work, trained runs included, in the learner's Google Drive.
        packages: what the course needs, one requirement an entry; what pyproject.toml lists by default.
    """
    print(f"The course is in {COURSE}.")
    install_missing(library_requirements() if packages is None else packages)
    print(keep_work(use_drive))
    print(f"GPU: {torch.cuda.get_device_name()}." if torch.cuda.is_available() else GPU_IS_OFF)


def set_up_on_kaggle(packages: list[str] | None = None) -> None:
    """The same on Kaggle, whose folder /kaggle/working, where notebooks run, can be kept with the notebook."""
    print(f"The course is in {COURSE}.")
    install_missing(library_requirements() if packages is None else packages)
    work = Path.cwd() / "my_work"
    os.environ["UNET_COURSE_WORK"] = str(work)
    print(
        f"Your work is kept in {work}. For the next session: in the panel at the right, Session options, Persistence, "
        "Files only; or download that folder."
    )
    print(f"GPU: {torch.cuda.get_device_name()}." if torch.cuda.is_available() else NO_GPU_ON_KAGGLE)


def install_missing(requirements: list[str]) -> None:
    """Install the packages that are not there at all. Every package that is there is pinned to the version it has.

    Where that is impossible it says so and goes on: most lessons need none of what Colab lacks.
    """
    missing = [line for line in requirements if compared(line)[2] == "missing"]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("\n".join(present_versions()), encoding="utf-8")
        options = ["--quiet", "--retries", "1", "--constraint", str(pins)]  # few: there may be no network
        command = [sys.executable, "-m", "pip", "install", *options, *missing]
        finished = subprocess.run(command, capture_output=True, text=True)
    importlib.invalidate_caches()
    if finished.returncode == 0:
        print(f"Installed, without changing any other package: {', '.join(missing)}.")
    else:
        reason = (finished.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        print(f"Could not be installed: {', '.join(missing)} ({reason}). What needs it will say so.")


def present_versions() -> list[str]:
    """A constraint for pip, such as numpy==2.1.0, for every package that is installed."""
    from packaging.version import InvalidVersion, Version

    pins = []
    for package in importlib.metadata.distributions():
        try:
            pins.append(f"{package.metadata['Name']}=={Version(package.version)}")
        except (InvalidVersion, TypeError):
            continue  # a package of the system with a version that pip cannot read, and would not touch
    return pins


def keep_work(use_drive: bool) -> str:
    """Choose the folder my_work for this runtime. Returns a sentence for the learner.

    What was passed before Drive was switched on comes along; nothing in Drive is overwritten.
    """
    here = Path.cwd() / "my_work"
    os.environ["UNET_COURSE_WORK"] = str(here)
    forgotten = f"Your work is kept in {here} until this runtime ends."
    if not use_drive:
        return f"{forgotten} To keep it in your Google Drive, tick USE_DRIVE above and run this cell again."
    from google.colab import drive

    try:
        drive.mount(str(Path.cwd() / "drive"))
        folder = Path.cwd() / "drive" / "MyDrive" / FOLDER_IN_DRIVE / "my_work"
        folder.mkdir(parents=True, exist_ok=True)
        for path in here.rglob("*"):
            target = folder / path.relative_to(here)
            if path.is_file() and not target.exists():
                write_atomically(target, partial(shutil.copyfile, path))
    except Exception as error:  # access denied, or the window closed: Colab raises many types
        return f"Google Drive cannot be used ({type(error).__name__}: {error}). {forgotten}"
    os.environ["UNET_COURSE_WORK"] = str(folder)
    return f"Your work is kept in your Google Drive: {folder}."
