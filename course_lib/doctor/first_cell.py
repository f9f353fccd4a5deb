"""What the first cell of a notebook says once it has found the course: packages, versions, a second checkout."""

import sys
import textwrap
from pathlib import Path

import course_lib
from course_lib.assets import IS_INSTALLED, PACKAGE
from course_lib.docstrings import NO_DOCSTRINGS, has_docstrings
from course_lib.doctor.software import compared, install_command, library_requirements, ranges

LINE = 100


def look_around(notebook: str, host: str = "", use_drive: bool = False) -> str:
    """Set a hosted machine up, or look at a machine of one's own. Nothing is printed where all is well.

    Args:
        notebook: the version of the course that the notebook was built from.
        host: "Colab", "Kaggle", or "" for a machine of one's own.
        use_drive: on Colab, keep work in Google Drive.
    Returns: what keeps the notebook from running, in a sentence with what to do; "" if nothing does.
    """
    if host == "Colab":
        from course_lib.colab import set_up

        set_up(use_drive)
    elif host == "Kaggle":
        from course_lib.colab import set_up_on_kaggle

        set_up_on_kaggle()
    else:
        problem = missing_packages() or ("" if has_docstrings() else f"{NO_DOCSTRINGS}.")
        if problem:
            return problem
        say(second_checkout(Path.cwd()))
    say(other_version(notebook, course_lib.__version__))
    return ""


def say(sentence: str) -> None:
    if sentence:
        print(textwrap.fill(sentence, LINE))


def missing_packages() -> str:
    found = [(line, *compared(line)) for line in library_requirements()]
    missing = [name for _, name, _, verdict in found if verdict == "missing"]
    old = [f"{name} {has} (needed is {ranges(line)})" for line, name, has, verdict in found if verdict == "older"]
    if not missing and not old:
        return ""
    parts = [f"has no {', '.join(missing)}"] * bool(missing) + [f"has {', '.join(old)}"] * bool(old)
    needed = [line for line, _, _, verdict in found if verdict in ("missing", "older")]
    install = f"{install_command(needed)}; then restart the kernel."
    return f"This kernel ({sys.executable}) {' and '.join(parts)}. To install: {install}"


def other_version(notebook: str, library: str) -> str:
    """Words for a notebook that is not of the library's version."""
    if notebook == library:
        return ""
    older = numbers(notebook) < numbers(library)
    if not older:
        update = "install the newer one, as this one was installed."
        if not IS_INSTALLED:
            update = f"in its folder, git pull; then, {install_command(())}; then restart the kernel."
        return (
            f"This notebook is of version {notebook} of the course, the course that runs is {library}, which is older. "
            f"Where something fails, update the course: {update}"
        )
    return (
        f"This notebook is of version {notebook} of the course, the course that runs is {library}. It goes on working "
        "with its own text; checks and figures are those of the course. What you passed stays. For the new text, see "
        '"Update the course" in the README.'
    )


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def second_checkout(here: Path) -> str:
    """Words for a notebook that lies in one copy of the course and runs another."""
    for folder in (here, here.parent):
        beside = folder / "course_lib"
        if (beside / "__init__.py").is_file() and beside.resolve() != PACKAGE:
            return (
                f"There are two copies of the course: this notebook lies in {folder}, and what it imports lies in "
                f"{PACKAGE.parent}. So changes in {folder} have no effect here. To use that one: in it, run "
                f"{sys.executable} -m pip install -e . and then restart the kernel."
            )
    return ""
