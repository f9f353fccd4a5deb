"""Versions are promises: what is imported is listed, ranges have both ends, an old Python is told so in a sentence."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement

from course_lib.authoring.source import ROOT, project
from course_lib.doctor.software import for_this_python

OWN = {
    "course_lib",
    "conftest",
    "test_kept_kinds",
    *(path.stem for folder in ("tests", "benchmarks") for path in ROOT.glob(f"{folder}/**/*.py")),
}
# stand-ins that tests write themselves, and Colab's own package
NOWHERE = {"google", "small_thing", "slow_package"}
EXTRAS = project()["optional-dependencies"]
# by folder: an environment made beside the course, as README has it, holds other people's files
LEARNERS_FILES = ["course_lib/*.py", "course_lib/[b-z]*/**/*.py"]
ALL_FILES = ["*.py", *(f"{folder}/**/*.py" for folder in ("course_lib", "tests", "benchmarks"))]


def requirements(lines):
    return [Requirement(line) for line in lines]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def all_lines():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith(("#", "-"))]


def foreign_imports(*patterns):
    """package -> one of the files that import it."""
    found = {}
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
                found |= {name.partition(".")[0]: path.relative_to(ROOT).as_posix() for name in names}
    return {name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, *OWN, *NOWHERE}}


@pytest.mark.parametrize(
    ("files", "listed"),
    [
        # what learners run needs no more than the library's own list
        (LEARNERS_FILES, project()["dependencies"]),
        (ALL_FILES, [*all_lines(), *(line for extra in EXTRAS.values() for line in extra)]),
    ],
    ids=["course_lib", "everything"],
)
def test_what_is_imported_is_listed_and_not_there_by_luck_of_another(files, listed):
    names = {normal(requirement.name) for requirement in requirements(listed)}
    owners = packages_distributions()
    # what an extra brings, imported where it is installed; the build is none of a learner's
    optional = {normal(Requirement(line).name) for extra in EXTRAS.values() for line in extra}
    if files == ALL_FILES:
        optional = set()
    imports = foreign_imports(*files)
    assert len(imports) >= 10
    for package, path in imports.items():
        if not {normal(name) for name in owners.get(package, [package])} & optional:
            assert {normal(name) for name in owners.get(package, [package])} & names, f"{package}, imported in {path}"


@pytest.mark.parametrize("line", [*all_lines(), *(line for extra in EXTRAS.values() for line in extra)])
def test_a_range_has_a_lowest_version_and_an_end(line):
    operators = {part.operator for part in Requirement(line).specifier}
    assert ">=" in operators
    # packaging counts in years; nothing of it that is used here has ever changed
    assert "<" in operators or Requirement(line).name in ("packaging", "psutil")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14", "3.15", "3.16"])
def test_every_python_gets_each_package_once(python):
    for lines in (all_lines(), project()["dependencies"]):
        names = [
            r.name for r in requirements(lines) if r.marker is None or r.marker.evaluate({"python_version": python})
        ]
        assert len(names) == len(set(names))
        assert {"torch", "torchvision", "numpy", "matplotlib", "pillow"} <= set(names)
    assert len(for_this_python(all_lines())) < len(all_lines())


def run_init(version, torch="there", as_command=True):
    """What the first file that runs says under a Python of that version, with torch there or looked for in vain."""
    source = (ROOT / "course_lib" / "__init__.py").read_text(encoding="utf-8")
    before, _, _ = source.partition("from course_lib.class_embedding")
    find = f"importlib.util.find_spec = lambda name: {None if torch == 'missing' else 1}"
    arguments = ["-m"] if as_command else ["x"]
    code = f"import sys, importlib.util; {find}; sys.version_info = {version}; sys.argv = {arguments}\n"
    code += f"exec(compile({before!r}, 'course_lib', 'exec'))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 9), (3, 10)])
def test_an_old_python_is_told_so_in_one_sentence_before_torch_is_looked_for(version):
    finished = run_init(version, torch="missing")
    lines = finished.stderr.strip().splitlines()
    assert finished.returncode == 1
    assert len(lines) == 1
    assert lines[0].startswith("The course needs Python 3.11 or newer, and this is {}.{} (".format(*version))
    assert "ImportError: The course needs Python" in run_init(version, as_command=False).stderr


def test_a_missing_torch_is_told_in_one_sentence_and_a_new_python_with_torch_has_nothing_to_say():
    finished = run_init((3, 11), torch="missing")
    assert finished.stderr.startswith("torch is not installed for the Python that runs here.")
    assert len(finished.stderr.strip().splitlines()) == 1
    assert run_init((3, 15)).stderr == ""


def test_the_first_file_is_python_of_any_version():
    """Up to the sentence: a newer syntax in that file would be a SyntaxError in place of it."""
    source = (ROOT / "course_lib" / "__init__.py").read_text(encoding="utf-8")
    assert source.isascii()
    tree = ast.parse(source, feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Match, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
