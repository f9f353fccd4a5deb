"""Colab and Kaggle by simulation: a clean environment, a stand-in for google.colab, a notebook alone in its folder.

The repository is served from a local path.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import zipfile
from pathlib import Path

import nbformat
import pytest
import torch
from helpers import words_of
from nbclient import NotebookClient

from course_lib import colab
from course_lib.authoring.build import NOTEBOOKS, ROOT, SOLUTIONS
from course_lib.authoring.colab_cell import CELL_ID, colab_cell
from course_lib.authoring.source import version

CELL = colab_cell().source
COURSE = f"unet-course-{version()}"
LESSON = "02_class_embedding"

DRIVE = """
from pathlib import Path


def mount(mountpoint):
    with open("mounted.txt", "a") as file:
        print(mountpoint, file=file)
    (Path(mountpoint) / "MyDrive").mkdir(parents=True, exist_ok=True)
"""

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def git(folder, *arguments):
    author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The course as it lies here, as a repository with the tag of its version, and a later commit without a course."""
    folder = tmp_path_factory.mktemp("published") / "course"
    folder.mkdir()
    for name in ("course_lib", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "the version of the notebooks")
    git(folder, "tag", f"v{version()}")
    git(folder, "rm", "--quiet", "-r", "course_lib")
    git(folder, "commit", "--quiet", "-m", "something else")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment that sees the packages here but no course, with the stand-in for Colab."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())
    # a path file inside that folder, such as that of an editable installation, is not read
    (packages / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    stand_in = packages / "google" / "colab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text("")
    (stand_in / "drive.py").write_text(DRIVE)

    kernel = folder / "jupyter" / "kernels" / "clean"
    kernel.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "clean", "language": "python"}))
    seen = subprocess.run([python, "-c", "import course_lib"], cwd=folder, capture_output=True)
    if seen.returncode == 0:
        pytest.skip("the course is installed as a copy, so no environment without it can be made from this one")
    return folder, python


def run_cell(python, folder, cell=CELL, **variables):
    """Run the set-up cell as a script in `folder`; a second script in the same folder is a restarted runtime."""
    (folder / "cell.py").write_text(cell, encoding="utf-8")
    environ = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run([python, "cell.py"], cwd=folder, env=environ, capture_output=True, text=True)


@needs_git
def test_a_lesson_runs_on_colab_and_again_after_a_restart(environment, repository, tmp_path, monkeypatch):
    folder, _ = environment
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    monkeypatch.setenv("UNET_COURSE_REPOSITORY", repository.as_uri())
    monkeypatch.delenv("UNET_COURSE_WORK")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}
    shutil.copy(NOTEBOOKS / f"{LESSON}.ipynb", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{LESSON}.ipynb"]
    made = nbformat.read(tmp_path / f"{LESSON}.ipynb", as_version=4)
    answers = nbformat.read(SOLUTIONS / f"{LESSON}.ipynb", as_version=4).cells
    solved = {cell.metadata["exercise"]: cell.source for cell in answers if "exercise" in cell.metadata}
    first = next(cell for cell in made.cells if "exercise" in cell.metadata)
    first.source = solved[first.metadata["exercise"]]

    def run(cells):
        part = nbformat.v4.new_notebook(cells=cells, metadata=made.metadata)
        NotebookClient(
            part, timeout=300, kernel_name="clean", resources={"metadata": {"path": str(tmp_path)}}
        ).execute()
        return [words_of(cell.get("outputs", [])) for cell in part.cells]

    printed = run(made.cells)
    assert f"The course is in {tmp_path / COURSE}." in printed[1]
    assert "The GPU is switched off" in printed[1] or "GPU: " in printed[1]
    name = first.metadata["exercise"]
    assert any(text.startswith(f"passed · {name}") for text in printed)
    assert (tmp_path / "my_work" / f"{name}.py").is_file()

    # a restart: nothing is fetched again, and the course and the passed answer are found again
    monkeypatch.setenv("UNET_COURSE_REPOSITORY", "file:///gone")
    question = nbformat.v4.new_code_cell(
        "import course_lib\nfrom course_lib.checks.my_work import work_folder\n"
        "print(course_lib.__file__, *[path.name for path in work_folder().iterdir()])"
    )
    command = nbformat.v4.new_code_cell("!python -c 'import course_lib; print(course_lib.__file__)'")
    command.source = command.source.replace("python", "{sys.executable}").replace("!", "import sys\n!")
    *_, kept, child = run([*made.cells[:3], question, command])
    assert kept.startswith(str(tmp_path / COURSE))
    assert f"{name}.py" in kept
    assert child.startswith(str(tmp_path / COURSE))

    # the environment holds what it held
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_elsewhere_the_cell_is_silent_and_leaves_no_name_behind(tmp_path):
    code = f"{CELL}\nprint(*(name for name in vars() if not name.startswith('__')))"
    finished = run_cell(sys.executable, tmp_path, code, PYTHONPATH=ROOT)
    assert finished.returncode == 0
    assert finished.stdout.split() == ["USE_DRIVE", "set_up"]
    assert finished.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["cell.py"]


def test_every_notebook_has_the_cell_under_its_title_folded_and_without_output():
    for path in [*NOTEBOOKS.glob("*.ipynb"), *SOLUTIONS.glob("*.ipynb")]:
        title, cell, *others = nbformat.read(path, as_version=4).cells
        assert title.source.startswith("# ")
        assert cell.source == CELL, path
        assert cell.outputs == []
        assert cell.metadata["jupyter"]["source_hidden"]
        assert not any(other.id == CELL_ID for other in others)


@needs_git
def test_the_tag_of_the_notebook_is_fetched_and_before_it_exists_the_newest_state(environment, repository, tmp_path):
    _, python = environment
    finished = run_cell(python, tmp_path, UNET_COURSE_REPOSITORY=repository.as_uri())
    assert finished.returncode == 0, finished.stderr  # the newest commit has no course_lib
    other = CELL.replace(f"v{version()}", "v999.0").replace(COURSE, "newest")
    finished = run_cell(python, tmp_path, other, UNET_COURSE_REPOSITORY=repository.as_uri())
    assert "The course that is installed is older than this notebook, or damaged." in finished.stderr
    assert (tmp_path / "newest" / "assets").is_dir()


@needs_git
def test_without_the_repository_the_cell_says_so_and_an_interrupted_fetch_does_not_stand_in_the_way(
    environment, repository, tmp_path
):
    _, python = environment
    half = tmp_path / f"{COURSE}.part"
    half.mkdir()
    (half / "rest").write_text("of an earlier fetch")
    finished = run_cell(python, tmp_path, UNET_COURSE_REPOSITORY="file:///gone")
    assert "Stop: The course could not be fetched from file:///gone" in finished.stderr
    assert "Session options" not in finished.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cell.py"]
    half.mkdir()
    (half / "rest").write_text("of an earlier fetch")
    assert run_cell(python, tmp_path, UNET_COURSE_REPOSITORY=repository.as_uri()).returncode == 0


@needs_git
def test_a_repository_below_the_home_is_found_by_a_tilde(environment, repository, tmp_path):
    _, python = environment
    home = {"HOME": repository.parent, "USERPROFILE": repository.parent}
    finished = run_cell(python, tmp_path, UNET_COURSE_REPOSITORY=f"~/{repository.name}", **home)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / COURSE / "course_lib").is_dir()


# Kaggle, whose machines have Colab's package too


@needs_git
def test_on_kaggle_the_course_is_fetched_and_work_is_kept_where_kaggle_keeps_it(environment, repository, tmp_path):
    _, python = environment
    kaggle = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive", "KAGGLE_INPUT": tmp_path / "input"}
    working = tmp_path / "working"
    working.mkdir()
    finished = run_cell(python, working, UNET_COURSE_REPOSITORY=repository.as_uri(), **kaggle)
    assert finished.returncode == 0, finished.stderr
    assert f"The course is in {working / COURSE}." in finished.stdout
    assert f"Your work is kept in {working / 'my_work'}." in finished.stdout
    assert "Colab" not in finished.stdout
    assert "Drive" not in finished.stdout


@needs_git
def test_on_kaggle_without_the_internet_the_cell_says_what_to_do_and_an_attached_copy_is_enough(
    environment, repository, tmp_path
):
    _, python = environment
    kaggle = {"KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_INPUT": tmp_path / "input"}
    working = tmp_path / "working"
    working.mkdir()
    finished = run_cell(python, working, UNET_COURSE_REPOSITORY="file:///gone", **kaggle)
    assert "Is the internet switched on? In the panel at the right: Session options" in finished.stderr
    # as Kaggle lays out a zip that was uploaded as a data set
    attached = tmp_path / "input" / "unet-course" / "unet-diffusion-course-main"
    git(tmp_path, "clone", "--quiet", "--branch", f"v{version()}", repository.as_uri(), attached)
    for path in attached.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    finished = run_cell(python, working, UNET_COURSE_REPOSITORY="file:///gone", **kaggle)
    assert finished.returncode == 0, finished.stderr
    assert f"The course is in {attached}." in finished.stdout
    assert [path.name for path in working.iterdir()] == ["cell.py"]


@needs_git
def test_drive_is_used_only_when_it_was_chosen(environment, repository, tmp_path):
    _, python = environment
    run_cell(python, tmp_path, UNET_COURSE_REPOSITORY=repository.as_uri())
    assert not (tmp_path / "mounted.txt").exists()
    chosen = CELL.replace("USE_DRIVE = False", "USE_DRIVE = True")
    finished = run_cell(python, tmp_path, chosen, UNET_COURSE_REPOSITORY=repository.as_uri())
    folder = tmp_path / "drive" / "MyDrive" / colab.FOLDER_IN_DRIVE / "my_work"
    assert f"Your work is kept in your Google Drive: {folder}." in finished.stdout
    assert (tmp_path / "mounted.txt").read_text().split() == [str(tmp_path / "drive")]
    assert folder.is_dir()


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """In-process: a working directory, and variables that are as before afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("UNET_COURSE_WORK", os.environ["UNET_COURSE_WORK"])
    return tmp_path


def stand_in(monkeypatch, mount):
    drive = type(sys)("google.colab.drive")
    drive.mount = mount
    package = type(sys)("google.colab")
    package.drive = drive
    for name, module in (("google.colab", package), ("google.colab.drive", drive)):
        monkeypatch.setitem(sys.modules, name, module)


def test_what_was_passed_before_comes_along_and_nothing_in_drive_is_overwritten(in_folder, monkeypatch):
    stand_in(monkeypatch, lambda mountpoint: None)
    here, there = in_folder / "my_work", in_folder / "drive" / "MyDrive" / colab.FOLDER_IN_DRIVE / "my_work"
    for folder, name, text in ((here, "A.py", "new"), (here, "runs/x/loss.csv", "1"), (here, "B.py", "new")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    there.mkdir(parents=True)
    (there / "B.py").write_text("old")
    assert str(there) in colab.keep_work(use_drive=True)
    assert os.environ["UNET_COURSE_WORK"] == str(there)
    found = {path.relative_to(there).as_posix(): path.read_text() for path in there.rglob("*") if path.is_file()}
    assert found == {"A.py": "new", "B.py": "old", "runs/x/loss.csv": "1"}


def test_a_copy_that_was_cut_short_is_made_again(in_folder, monkeypatch):
    stand_in(monkeypatch, lambda mountpoint: None)
    here, there = in_folder / "my_work", in_folder / "drive" / "MyDrive" / colab.FOLDER_IN_DRIVE / "my_work"
    here.mkdir()
    (here / "A.py").write_text("whole")

    def cut_short(source, target):
        Path(target).write_text("wh")
        raise OSError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", cut_short)
        assert "cannot be used (OSError: the connection is gone)" in colab.keep_work(use_drive=True)
    assert os.environ["UNET_COURSE_WORK"] == str(here)
    assert str(there) in colab.keep_work(use_drive=True)
    assert {path.name: path.read_text() for path in there.iterdir()} == {"A.py": "whole"}


def test_a_drive_that_is_refused_leaves_the_work_here(in_folder, monkeypatch):
    def refuse(mountpoint):
        raise ValueError("mount failed")

    stand_in(monkeypatch, refuse)
    said = colab.keep_work(use_drive=True)
    assert "Google Drive cannot be used (ValueError: mount failed)" in said
    assert os.environ["UNET_COURSE_WORK"] == str(in_folder / "my_work")


@pytest.mark.parametrize("there", [True, False])
def test_it_says_whether_the_gpu_is_on(in_folder, monkeypatch, capsys, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    colab.set_up(use_drive=False, packages=[])
    printed = capsys.readouterr().out
    assert ("GPU: Tesla T4." in printed) == there
    assert ("Change runtime type" in printed) != there


def wheel(folder, name, needs=""):
    """A package of one module, as the file that pip would download."""
    information = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{information}/METADATA", metadata)
        file.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{information}/RECORD", "")


def test_a_missing_package_is_installed_and_none_that_is_there_changes(environment, tmp_path):
    pytest.importorskip("pip", reason="this environment, made by uv, has no pip")
    _, python = environment
    wheel(tmp_path, "small_thing", needs="numpy")
    wheel(tmp_path, "greedy_thing", needs="numpy>=999")
    code = textwrap.dedent("""
        import importlib.metadata
        from course_lib.colab import install_missing

        def versions():
            found = importlib.metadata.distributions()
            return sorted((one.metadata["Name"], one.version) for one in found)

        before = versions()
        install_missing(["numpy>=1", "small_thing>=1"])
        import small_thing
        after = versions()
        assert [one for one in after if one not in before] == [("small_thing", "1.0")], after
        install_missing(["greedy_thing>=1"])
        assert versions() == after
    """)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": tmp_path, "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": ROOT}
    finished = run_cell(python, tmp_path, code, **offline)
    assert finished.returncode == 0, finished.stderr
    installed, refused = finished.stdout.splitlines()
    assert installed == "Installed, without changing any other package: small_thing>=1."
    assert refused.startswith("Could not be installed: greedy_thing>=1 (")
