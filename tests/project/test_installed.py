"""Installed, the course is whole: a wheel in an environment of its own, read-only, the checkout out of sight.

The source distribution has all that its tests need.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from course_lib.authoring.source import NOTEBOOKS, ROOT, SOLUTIONS
from course_lib.commands.notebooks import copy_notebooks

SLOW = bool(os.environ.get("COURSE_SLOW_TESTS"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and a source distribution."""
    pytest.importorskip("hatchling", reason="hatchling, which builds the package, is in requirements.txt")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """A Python that has the wheel and borrows all other packages, and a home and a folder to work in."""
    folder = tmp_path_factory.mktemp("a place with blanks, é")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    (packages / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(packages)
    for path in [packages, *(packages / "course_lib").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "home").mkdir()
    (folder / "elsewhere").mkdir()
    yield python, folder
    for path in [packages, *(packages / "course_lib").rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


def run(installed, *arguments):
    python, folder = installed
    environ = {**os.environ, "HOME": str(folder / "home"), "USERPROFILE": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    for name in ("UNET_COURSE_WORK", "PYTHONPATH"):
        environ.pop(name, None)
    finished = subprocess.run(
        [python, *arguments], cwd=folder / "elsewhere", env=environ, capture_output=True, encoding="utf-8"
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


COMMANDS = """
import course_lib
from course_lib.__main__ import main
from course_lib.assets import IS_INSTALLED, asset_path
assert IS_INSTALLED and course_lib.__file__.startswith(__import__("sys").prefix)
assert main(["notebooks", "mine"]) == 0
assert main(["doctor", "--no-speed"]) == 0
weights = str(asset_path("weights/fashion_mnist_flow.safetensors"))
assert main(["sample", weights, "--steps", "2", "--count", "1"]) == 0
from course_lib.checks import check
from answer import from_pixels
check(from_pixels)
"""
ANSWER = "def from_pixels(pixels):\n    return pixels.float() / 127.5 - 1\n"


def test_the_commands_work_from_anywhere(installed):
    _, folder = installed
    (folder / "elsewhere" / "answer.py").write_text(ANSWER)
    said = run(installed, "-c", COMMANDS)
    work = folder / "home" / "unet-diffusion-course" / "my_work"
    assert f"{len(list(NOTEBOOKS.glob('[0-9]*')))} notebooks copied to mine." in said
    assert "FAIL" not in said
    # nobody builds or tests the course where it is installed
    assert "packages: all that lessons need" not in said
    assert "hatchling" not in said
    assert "10 pictures in grid.png" in said
    assert "passed · from_pixels" in said
    assert f"(Your work is kept in {work}.)" in said
    assert (work / "from_pixels.py").is_file()
    assert {path.name for path in (folder / "elsewhere" / "mine").iterdir()} == {
        "network.md",
        "figures",
        *(path.name for path in NOTEBOOKS.glob("[0-9]*.ipynb")),
    }


@pytest.mark.skipif(os.name == "nt", reason="marking needs fork")
def test_the_answers_of_the_self_test_need_no_solutions(installed):
    """An installation has none, and `grade --self-test` marks the library's source."""
    _, folder = installed
    code = (
        "from pathlib import Path; from course_lib.commands.grade_self_test import SOLUTIONS, write_solved\n"
        "assert not SOLUTIONS.exists(); Path('solved').mkdir(); write_solved(Path('solved'))"
    )
    run(installed, "-c", code)
    ours = {path.name: answers_in(path) for path in SOLUTIONS.glob("[0-9]*.ipynb")}
    assert sum(map(len, ours.values())) >= 60
    assert {name: answers_in(folder / "elsewhere" / "solved" / name) for name in ours} == ours
    # what is given and shown stands there too
    assert "class UNetLayers" in (folder / "elsewhere" / "solved" / "07_unet.ipynb").read_text(encoding="utf-8")


def answers_in(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["metadata"]["exercise"]: "".join(cell["source"]) for cell in cells if "exercise" in cell["metadata"]}


@pytest.mark.skipif(not SLOW, reason="only with COURSE_SLOW_TESTS=1")
def test_training_and_marking_work_with_what_was_installed(installed):
    _, folder = installed
    submissions = folder / "elsewhere" / "submissions"
    submissions.mkdir()
    shutil.copy(SOLUTIONS / "02_class_embedding.ipynb", submissions / "ada.ipynb")
    run(installed, "-m", "course_lib", "train", "--profile", "smoke", "--steps", "3", "--out", "run")
    assert (folder / "elsewhere" / "run" / "model.safetensors").is_file()
    assert "3 passed" in run(installed, "-m", "course_lib", "grade", "submissions", "--out", "report")
    assert "everything is as it should be" in run(installed, "-m", "course_lib", "grade", "--self-test")


def test_the_source_distribution_has_what_its_tests_need(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("assets", "course_lib", "notebooks", "solutions", "tests", "benchmarks"):
        ours = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts) and path.name[0] != "."
        }
        assert len(ours) > 1
        assert ours <= names, ours - names
    assert {"conftest.py", "pyproject.toml", "requirements.txt", "README.md", "hatch_build.py"} <= names
    assert not [name for name in names if name.startswith(("my_work", "runs", ".venv"))]


# The learner's notebooks, copied


def test_copied_notebooks_are_the_course_s_own_and_their_links_lead_somewhere(tmp_path):
    copied, kept = copy_notebooks(tmp_path / "mine")
    assert copied
    assert not kept
    for name in copied:
        text = (tmp_path / "mine" / name).read_text(encoding="utf-8")
        assert "](../" not in text
        original = (NOTEBOOKS / name).read_text(encoding="utf-8")
        assert text.count("](network.md") == original.count("](../assets/network.md")
        assert json.loads(text)["cells"]
    assert (tmp_path / "mine" / "network.md").is_file()


def test_a_second_copy_leaves_what_was_written_and_brings_back_what_is_missing(tmp_path):
    copied, _ = copy_notebooks(tmp_path)
    mine, gone, *_ = copied
    (tmp_path / mine).write_text("my own words", encoding="utf-8")
    (tmp_path / gone).unlink()
    assert copy_notebooks(tmp_path) == ([gone], [mine])
    assert (tmp_path / mine).read_text(encoding="utf-8") == "my own words"


def test_a_place_that_cannot_be_written_and_the_course_s_own_folder_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="nothing can be written"):
        copy_notebooks(tmp_path / "file" / "mine")
    with pytest.raises(ValueError, match="the course's own notebooks"):
        copy_notebooks(NOTEBOOKS)
