"""The first cell of a notebook: silent where all is well, else one sentence with the command, without a traceback."""

import json
import subprocess
import sys

import pytest

from course_lib.assets import PACKAGE, ROOT
from course_lib.authoring.colab_cell import colab_cell
from course_lib.authoring.source import version
from course_lib.doctor import first_cell

CELL = colab_cell().source

# each case in the shell that runs cells, one after the other; what it showed, and whether the cell came to its end
DRIVER = """
import contextlib, importlib.metadata, importlib.util, io, json, os, sys
from IPython.core.interactiveshell import InteractiveShell
import course_lib.doctor.first_cell

cell, cases = json.load(open("cases.json", encoding="utf-8"))
find, installed, path = importlib.util.find_spec, importlib.metadata.version, list(sys.path)
shown = {}


def version(name):
    if name in case.get("not_installed", []):
        raise importlib.metadata.PackageNotFoundError(name)
    return case.get("installed", {}).get(name) or installed(name)


for name, case in cases.items():
    os.chdir(case["folder"])
    importlib.util.find_spec = lambda name: None if name in case.get("not_found", []) else find(name)
    importlib.metadata.version = version
    real, sys.version_info = sys.version_info, tuple(case.get("python") or sys.version_info)
    kept = sys.modules["course_lib.doctor.first_cell"]
    if case.get("old_library"):
        sys.modules["course_lib.doctor.first_cell"] = None
    with contextlib.redirect_stdout(io.StringIO()) as output:
        result = InteractiveShell.instance().run_cell(cell.replace(*case.get("replace", ["\\0", ""])))
    sys.version_info, sys.modules["course_lib.doctor.first_cell"] = real, kept
    shown[name] = [output.getvalue(), result.success, sys.path[0]]
    sys.path[:] = path
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first cell")
    (folder / "alone").mkdir()
    for name in ("moved", "other"):
        (folder / name / "notebooks").mkdir(parents=True)
    (folder / "moved" / "course_lib").symlink_to(PACKAGE, target_is_directory=True)
    (folder / "other" / "course_lib").mkdir()
    (folder / "other" / "course_lib" / "__init__.py").write_text("")
    alone = str(folder / "alone")
    cases = {
        "healthy": {"folder": str(ROOT / "notebooks")},
        "old python": {"folder": alone, "python": [3, 9, 18], "not_found": ["torch"]},
        "no torch": {"folder": alone, "not_found": ["torch", "course_lib.checks"]},
        "no course": {"folder": alone, "not_found": ["course_lib.checks"]},
        "moved": {"folder": str(folder / "moved" / "notebooks"), "not_found": ["course_lib.checks"]},
        "missing": {"folder": alone, "not_installed": ["jinja2", "accelerate"], "installed": {"safetensors": "0.1"}},
        "older notebook": {"folder": alone, "replace": [f'look_around("{version()}"', 'look_around("0.0.9"']},
        "newer notebook": {"folder": alone, "replace": [f'look_around("{version()}"', 'look_around("9.1"']},
        "two copies": {"folder": str(folder / "other" / "notebooks")},
        "old library": {"folder": alone, "old_library": True},
    }
    (folder / "cases.json").write_text(json.dumps([CELL, cases]), encoding="utf-8")
    finished = subprocess.run([sys.executable, "-c", DRIVER], cwd=folder, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("case", "said", "command"),
    [
        ("old python", "the course needs 3.11 or newer", "-m venv .venv"),
        (
            "no torch",
            "has no torch. If you have installed the course, choose the kernel",
            "install -r requirements.txt",
        ),
        ("no course", "The course is not found from", "-m pip install -e ."),
        ("missing", "has no accelerate, jinja2 and has safetensors 0.1 (needed is >=0.5 and <1)", "-m pip install"),
        ("old library", "is older than this notebook", "git pull"),
    ],
)
def test_what_stops_a_notebook_is_one_sentence_with_the_command(shown, case, said, command):
    text, went_on, _ = shown[case]
    assert not went_on
    assert said in text
    assert command in text
    assert "Traceback" not in text
    assert "Error" not in text
    assert len(text.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("older notebook", "This notebook is of version 0.0.9 of the course, the course that runs is"),
        ("newer notebook", "which is older"),
        ("two copies", "There are two copies of the course"),
    ],
)
def test_what_does_not_stop_it_is_said_and_it_goes_on(shown, case, said):
    text, went_on, _ = shown[case]
    assert went_on
    assert said in " ".join(text.split())


def test_a_healthy_machine_hears_nothing(shown):
    assert shown["healthy"][:2] == ["", True]


def test_a_folder_that_was_moved_is_found_from_its_own_notebooks(shown):
    text, went_on, path = shown["moved"]
    assert went_on
    assert path.endswith("moved")
    assert "two copies" not in text


@pytest.mark.parametrize(
    ("notebook", "library", "word"),
    [
        ("0.1.0", "0.1.0", ""),
        ("0.9.0", "0.10.0", "goes on working"),
        ("0.10.0", "0.9.9", "which is older"),
        ("1.0", "2.0.1", "goes on working"),
    ],
)
def test_versions_are_compared_as_numbers(notebook, library, word):
    said = first_cell.other_version(notebook, library)
    assert word in said
    assert bool(word) == bool(said)


BARE = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Missing())
import course_lib.doctor.first_cell
"""


def test_what_the_first_cell_asks_needs_none_of_the_packages_that_it_asks_for():
    """But torch, which the library itself asks for in a sentence of its own."""
    names = {"numpy", "PIL", "matplotlib", "safetensors", "tqdm", "IPython", "ipywidgets", "psutil", "accelerate"}
    code = BARE.format(names=sorted(names))
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stderr
