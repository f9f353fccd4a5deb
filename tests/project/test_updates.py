"""Updating the course as the README says: edited notebooks, conflicts, a new zip. What was passed survives each."""

import shutil
import subprocess

import pytest

from course_lib.authoring.source import NOTEBOOKS, ROOT

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
LESSON = "notebooks/00_welcome.ipynb"


def git(folder, *arguments, check=True):
    author = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    return subprocess.run(["git", *author, *arguments], cwd=folder, check=check, capture_output=True, text=True)


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def clone(tmp_path):
    """The published course, and a learner's clone with an answer in a notebook and in my_work."""
    published = tmp_path / "published"
    shutil.copytree(NOTEBOOKS, published / "notebooks")
    shutil.copy(ROOT / ".gitignore", published)
    git(published, "init", "-q", "-b", "main")
    git(published, "add", ".")
    git(published, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(published), "mine")
    mine = tmp_path / "mine"
    edit(mine / LESSON, "def from_pixels", '# my thoughts\\n",\n    "def from_pixels')
    (mine / "my_work").mkdir()
    (mine / "my_work" / "from_pixels.py").write_text("mine")
    return published, mine


def update(published, mine, old, new):
    edit(published / LESSON, old, new)
    git(published, "commit", "-q", "-a", "-m", "second")
    assert git(mine, "pull", "-q", check=False).returncode != 0  # so the README says: stash first
    git(mine, "stash")
    git(mine, "pull", "-q")
    popped = git(mine, "stash", "pop", check=False)
    assert (mine / "my_work" / "from_pixels.py").read_text() == "mine"
    return popped


def test_a_pull_takes_the_new_text_and_keeps_what_was_written(clone):
    published, mine = clone
    assert update(published, mine, '"nbformat_minor": 5', '"nbformat_minor": 5 ').returncode == 0
    text = (mine / LESSON).read_text(encoding="utf-8")
    assert "# my thoughts" in text
    assert '"nbformat_minor": 5 ' in text


def test_a_conflict_is_solved_by_the_new_notebook_and_ones_own_text_can_be_looked_up(clone):
    published, mine = clone
    popped = update(published, mine, "def from_pixels", '# a new remark\\n",\n    "def from_pixels')
    assert "CONFLICT" in popped.stdout
    git(mine, "checkout", "--ours", LESSON)
    text = (mine / LESSON).read_text(encoding="utf-8")
    assert text == (published / LESSON).read_text(encoding="utf-8")
    assert "# my thoughts" in git(mine, "stash", "show", "-p").stdout
    git(mine, "stash", "drop")
