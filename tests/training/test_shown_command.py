"""A command that we print runs as it is printed."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.shown_command import shown_command


@pytest.mark.skipif(sys.platform == "win32", reason="quoted for a POSIX shell here")
def test_it_runs_as_printed_and_keeps_its_arguments():
    folder = "runs/my first; run's"
    shown = shown_command("course_lib", "train", "--out", folder, "--resume")
    assert shlex.split(shown)[1:] == ["-m", "course_lib", "train", "--out", folder, "--resume"]
    ran = subprocess.run(shown_command("platform"), shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout.strip()


@pytest.mark.parametrize("place", [".venv/bin/python", "my env/bin/python3"])
def test_below_the_current_folder_the_python_is_shown_as_in_the_guides(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(Path.cwd() / place))
    monkeypatch.setenv("PATH", "")
    assert shlex.split(shown_command("course_lib"))[0] == place


def test_an_activated_environment_is_called_by_its_short_name(tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shown_command("course_lib", "doctor") == "python -m course_lib doctor"
