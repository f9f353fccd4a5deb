"""Python and the packages, compared with what pyproject.toml and requirements.txt ask for."""

import importlib
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterable
from typing import Any

from course_lib.assets import IS_INSTALLED, ROOT
from course_lib.docstrings import has_docstrings
from course_lib.doctor.finding import FAIL, OK, WARN, Finding
from course_lib.shown_command import quoted

LOWEST_PYTHON = (3, 11)


def python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < LOWEST_PYTHON:
        lowest = ".".join(map(str, LOWEST_PYTHON))
        advice = f"install Python {lowest} or newer, make a new environment with it, and install the course again."
        return Finding(FAIL, "Python", f"{found}; the course needs {lowest} or newer", advice)
    if not has_docstrings():
        advice = "start Python without -OO, and unset PYTHONOPTIMIZE."
        return Finding(FAIL, "Python", f"{found}, without the docstrings that the checks' sentences are", advice)
    return Finding(OK, "Python", found)


def packages() -> Finding:
    """Compare every installed version with its range.

    What the library itself imports must be there. Without the rest (JupyterLab, the tests' and the build's tools) the
    notebooks still run, on Colab or in an editor. Where the course was installed there is nothing to build or to test.
    """
    needed = library_requirements()
    others = [line for line in (lab_extra() if IS_INSTALLED else requirements_file()) if line not in needed]
    broken, missing_tools, newer = {}, {}, {}
    for line in [*needed, *others]:
        name, found, verdict = compared(line)
        if verdict == "missing" and line in others:
            missing_tools[line] = name
        elif verdict in ("missing", "older"):
            broken[line] = f"{name} is missing" if found is None else f"{name} is {found}, needed is {ranges(line)}"
        elif verdict == "newer":
            newer[line] = f"{name} {found}"
    if broken:
        return Finding(FAIL, "packages", "; ".join(broken.values()), install_command(broken))
    if newer:
        text = f"newer than what the course was tested with: {', '.join(newer.values())}"
        return Finding(WARN, "packages", text, f"if something breaks, {install_command(newer)}")
    if missing_tools:
        text = f"all that lessons need is here; not installed: {', '.join(missing_tools.values())}"
        build = "" if IS_INSTALLED else " and do not build or test them"
        advice = f"nothing, if you open the notebooks in some other way{build}. Else, "
        advice += install_command(missing_tools)
        return Finding(WARN, "packages", text, advice)
    return Finding(OK, "packages", f"{len(needed) + len(others)}, all in versions that the course is made for")


def torchvision() -> Finding:
    """torch and torchvision come in pairs; a wrong pair is found out when torchvision is imported."""
    import torch

    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        text = f"cannot be imported ({first_line})"
        advice = "install a pair that belongs together: python -m pip install --upgrade torch torchvision"
        return Finding(FAIL, "torchvision", text, advice)
    versions = importlib.metadata.version("torchvision")
    return Finding(OK, "torchvision", f"{versions} fits torch {torch.__version__}")


def library_requirements() -> list[str]:
    """What pyproject.toml lists for this Python: the packages that course_lib imports."""
    return for_this_python(project()["dependencies"])


def lab_extra() -> list[str]:
    """What opens the notebooks, in an installation: pip install ".[lab]"."""
    return for_this_python(project()["optional-dependencies"]["lab"])


def project() -> dict[str, Any]:
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]


def requirements_file() -> list[str]:
    """The lines of requirements.txt that name a package for this Python."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return for_this_python(line.strip() for line in lines if line.strip() and not line.startswith(("#", "-")))


def install_command(lines: Iterable[str]) -> str:
    """Words with the command that brings what these lines ask for, in versions that fit."""
    pip = [sys.executable, "-m", "pip", "install", "--upgrade"]
    if IS_INSTALLED:
        return f"run: {quoted([*pip, *(line.partition(';')[0].strip() for line in lines)])}"
    return f"in the course's folder ({ROOT}), run: {quoted([*pip, '-r', 'requirements.txt'])}"


def for_this_python(lines: Iterable[str]) -> list[str]:
    """Those requirements whose marker, if they have one, is true here."""
    from packaging.requirements import Requirement

    markers = [(line, Requirement(line).marker) for line in lines]
    return [line for line, marker in markers if marker is None or marker.evaluate()]


def compared(line: str) -> tuple[str, str | None, str]:
    """A requirement's package, its installed version or None, and one of "fits", "older", "newer", "missing"."""
    from packaging.requirements import Requirement

    requirement = Requirement(line)
    try:
        found = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return requirement.name, None, "missing"
    unmet = [part.operator for part in requirement.specifier if not part.contains(found, prereleases=True)]
    verdict = "fits" if not unmet else "newer" if set(unmet) <= {"<", "<="} else "older"
    return requirement.name, found, verdict


def ranges(line: str) -> str:
    from packaging.requirements import Requirement

    return " and ".join(sorted(map(str, Requirement(line).specifier), reverse=True))
