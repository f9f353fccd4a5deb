"""python -m course_lib notebooks: the learner's notebooks, copied to a folder of one's own."""

import argparse
from pathlib import Path

from course_lib.assets import ASSETS, NOTEBOOKS
from course_lib.commands.options import add_subparser
from course_lib.files import local_path, write_text

# what lessons link to and show lies beside the copies, so that the links lead there from any folder
BESIDE = ("network.md", "figures/first_steps.svg")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    parser = add_subparser(subparsers, "notebooks", run, "copy the notebooks to a folder of your own")
    parser.add_argument(
        "folder", metavar="DIR", type=local_path, help="where to; notebooks that are there already stay"
    )


def run(options: argparse.Namespace) -> None:
    from course_lib.checks.my_work import work_folder
    from course_lib.doctor.machine import disk
    from course_lib.shown_command import shown_command

    copied, kept = copy_notebooks(options.folder)
    print(f"{len(copied)} notebooks copied to {options.folder}.")
    if kept:
        print(f"These were there already, other than the course's, and stay as they are: {', '.join(kept)}.")
        print("For a fresh copy of one of them, rename yours and run this again.")
    print(f"What you pass will be kept in {work_folder()}.")
    place = disk()
    if place.advice:
        print(place)
    print(f"To open them: {shown_command('jupyter', 'lab', options.folder)}")


def copy_notebooks(folder: Path) -> tuple[list[str], list[str]]:
    """Copy them, the page that they link to, and the picture that they show.

    Returns: the names of those that were copied, and of those that stay, since another file of that name was there.
    Raises: ValueError if the course's notebooks are missing, or if the folder cannot be written.
    """
    folder = local_path(folder)
    sources = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not sources:
        raise ValueError(f"{NOTEBOOKS} holds no notebooks; allowed: a complete copy of the course")
    if folder.resolve() == NOTEBOOKS.resolve():
        raise ValueError(f"DIR is {str(folder)!r}, the course's own notebooks; allowed: another folder")
    copied, kept = [], []
    try:
        for source in sources:
            text = source.read_text(encoding="utf-8")
            for name in BESIDE:
                text = text.replace(f"](../assets/{name}", f"]({name}")
            target = folder / source.name
            if not target.exists():
                write_text(target, text)
                copied.append(source.name)
            elif target.read_text(encoding="utf-8", errors="replace") != text:
                kept.append(source.name)
        for name in BESIDE:
            write_text(folder / name, (ASSETS / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"DIR is {str(folder)!r}, where nothing can be written ({error.strerror})") from None
    return copied, kept
