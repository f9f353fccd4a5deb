"""Everyday surroundings: encodings, a reader that goes away, homes, rights, blanks, other defaults of torch."""

import argparse
import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib import files
from course_lib.__main__ import main
from course_lib.assets import asset_path
from course_lib.authoring.source import ROOT
from course_lib.checks import my_work
from course_lib.checks.registry import exercises
from course_lib.commands import surroundings
from course_lib.commands.notebooks import copy_notebooks
from course_lib.commands.surroundings import NOBODY_READS, in_any_terminal
from course_lib.data.cifar10 import load_cifar10
from course_lib.data.download import default_data_dir
from course_lib.data.fashion_mnist import load_fashion_mnist_full
from course_lib.doctor import machine
from course_lib.exporting import write_diffusers_folder
from course_lib.pictures.animation import save_gif
from course_lib.pictures.grid import save_grid
from course_lib.pictures.loss_curve import save_loss_curve
from course_lib.training.saved_model import load_trained, save_trained
from course_lib.training.train import remembered

FLOW = asset_path("weights/fashion_mnist_flow.safetensors")

NO_PATHS = {
    # what may be given as text, and is no path
    "again", "attention_resolutions", "channel_mults", "classes", "column", "comments", "data", "device", "guidance",
    "key", "lessons", "memory_of", "method", "note", "optimizer", "pairing", "part", "profile", "require_isolation",
    "schedule", "solver", "time_sampling", "to",
}  # fmt: skip
COMMANDS = """
import sys
from course_lib.__main__ import main
from course_lib.commands.surroundings import in_any_terminal
def all_of_them():
    for command in (["progress"], ["shapes"], ["doctor", "--no-speed"]):
        assert main(command) == 0
    print("Fréchet · µ 雪")
    return 0
sys.exit(in_any_terminal(all_of_them))
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_output_goes_into_a_file_of_another_encoding(encoding, tmp_path):
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    with open(tmp_path / "out.txt", "wb") as out:
        finished = subprocess.run([sys.executable, "-c", COMMANDS], stdout=out, stderr=subprocess.PIPE, env=environ)
    assert finished.returncode == 0, finished.stderr
    text = (tmp_path / "out.txt").read_text(encoding=encoding)
    assert "exercises passed" in text
    assert text.splitlines()[-1].startswith("Fr?chet" if encoding == "ascii" else "Fréchet")


CHECKING = """
from course_lib.checks import check
def from_pixels(pixels):
    return pixels.float() / 127.5 - 1
check(from_pixels)
"""


def test_a_check_in_a_script_speaks_any_encoding(tmp_path):
    """A verdict has a dot in its first line that ASCII lacks: a right answer must not end in a UnicodeEncodeError."""
    (tmp_path / "script.py").write_text(CHECKING)
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "UNET_COURSE_WORK": str(tmp_path / "é")}
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environ, capture_output=True, encoding="ascii"
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("passed ? from_pixels")


@pytest.mark.skipif(os.name == "nt", reason="a folder in use cannot be removed")
@pytest.mark.parametrize("arguments", ["-m course_lib shapes", "-c 'import course_lib'"])
def test_in_a_folder_that_is_gone_a_sentence_says_so(tmp_path, arguments):
    """In place of "oneMKL FATAL ERROR: Cannot load libtorch_cpu.so", a file that is there."""
    (tmp_path / "gone").mkdir()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f"cd gone && rmdir ../gone && '{sys.executable}' {arguments}"
    finished = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8")
    assert finished.returncode == 1
    assert "The folder that you are in is gone." in finished.stderr.splitlines()[-1]
    assert ("Traceback" in finished.stderr) == ("import" in arguments)


WITHOUT_DOCSTRINGS = """
from course_lib.checks import check
from course_lib.__main__ import main
from course_lib.doctor.first_cell import look_around
from course_lib.doctor.software import python
from course_lib import __version__
def from_pixels(pixels):
    return pixels.float() / 127.5 - 1
check(from_pixels)
print("grade ends with", main(["grade", "."]))
print("the first cell says", look_around(__version__))
print(python())
"""


def test_without_docstrings_no_verdict_is_given_and_the_reason_is_said():
    """With -OO the probes lose their words: a check raised, and marking gave everybody no points."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS]
    finished = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stderr
    reason = "Python was started with -OO or PYTHONOPTIMIZE=2"
    assert finished.stdout.startswith(f"not yet · {reason}")
    assert "grade ends with 2" in finished.stdout
    assert f"error: {reason}" in finished.stderr
    assert f"the first cell says {reason}" in finished.stdout
    assert "[FAIL] Python" in finished.stdout


# the file by itself, which loads no torch
PRINTING = f"""
import argparse, runpy, sys
surroundings = runpy.run_path({surroundings.__file__!r})
def little():
    print("one line")
    return 0
def much():
    try:
        for _ in range(100_000):
            print("a long line " * 9)
    except BrokenPipeError:
        raise
    except OSError as error:  # as the commands do
        return surroundings["complain"](error)
    return 0
def help():
    argparse.ArgumentParser(prog="x").parse_args(["--help"])
sys.exit(surroundings["in_any_terminal"](dict(little=little, much=much, help=help)[sys.argv[1]]))
"""


def printing(what, redirected="", **streams):
    return subprocess.run(
        f'"{sys.executable}" -c "$CODE" {what} {redirected}; exit ${{PIPESTATUS[0]}}',
        shell=True,
        executable="/bin/bash",
        # unbuffered, argparse itself meets the error, and keeps it to itself
        env={**os.environ, "CODE": PRINTING, "PYTHONUNBUFFERED": ""},
        stderr=subprocess.PIPE,
        text=True,
        **streams,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no drive that is always full")
@pytest.mark.parametrize("what", ["little", "much", "help"])
@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [(">/dev/full", 2, "No space left on device"), (">/dev/full 2>&1", 2, ""), (">&-", 0, ""), (">&- 2>&- <&-", 0, "")],
)
def test_where_nothing_can_be_printed_a_command_ends_with_a_status_and_at_most_a_sentence(
    what, redirected, status, said
):
    finished = printing(what, redirected)
    assert finished.returncode == status
    assert said in finished.stderr
    assert len(finished.stderr.splitlines()) == bool(said), finished.stderr


@pytest.mark.skipif(os.name == "nt", reason="no such shell")
@pytest.mark.parametrize("what", ["little", "much", "help"])
def test_a_reader_that_has_gone_is_no_error(what):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        finished = printing(what, stdout=writing)
    finally:
        os.close(writing)
    assert (finished.returncode, finished.stderr) == (NOBODY_READS, "")


@pytest.mark.skipif(os.name == "nt", reason="no such shell")
def test_head_ends_a_command_without_a_traceback():
    finished = printing("much", "| head -1", stdout=subprocess.PIPE)
    assert (finished.returncode, finished.stderr) == (NOBODY_READS, "")
    assert len(finished.stdout.splitlines()) == 1


def test_a_status_is_handed_on():
    assert in_any_terminal(lambda: 2) == 2


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def parsers_of(monkeypatch, main):
    """The parser of each command."""
    found = []

    def stop(parser, arguments=None, namespace=None):
        (subparsers,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
        found.extend(subparsers.choices.items())
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, "parse_args", stop)
        with pytest.raises(SystemExit):
            main()
    return found


@pytest.mark.parametrize("module", ["course_lib", "course_lib.authoring"])
def test_a_tilde_is_the_home_in_every_option_that_takes_a_path(monkeypatch, home, module):
    commands = parsers_of(monkeypatch, importlib.import_module(f"{module}.__main__").main)
    assert len(commands) >= 2
    for command, parser in commands:
        for option in parser._actions:
            if option.nargs == 0 or option.dest in NO_PATHS or option.type in (int, float):
                continue
            read = option.type("~/a b ü") if option.type else "~/a b ü"
            assert str(read) == str(home / "a b ü"), (command, option.dest)


def test_a_tilde_is_the_home_in_every_path(monkeypatch, home, tmp_path):
    monkeypatch.setenv("UNET_COURSE_WORK", "~/kept é")
    assert my_work.work_folder() == tmp_path / "kept é"
    from course_lib.training.run_folder import RunFolder

    assert RunFolder("~/runs/x").path == tmp_path / "runs" / "x"


# what a notebook may call with a path
WRITERS = {
    "save_grid": lambda path: save_grid(torch.zeros(1, 3, 4, 4), path, ["one"]),
    "save_gif": lambda path: save_gif([torch.zeros(1, 3, 4, 4)] * 2, path, columns=1),
    "save_loss_curve": lambda path: save_loss_curve([{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}], path),
    "save_trained": lambda path: save_trained(load_trained(FLOW), path),
    "copy_notebooks": copy_notebooks,
    "write_diffusers_folder": lambda path: write_diffusers_folder(load_trained(FLOW), path),
}
READERS = {
    "load_trained": load_trained,
    "load_fashion_mnist_full": load_fashion_mnist_full,
    "load_cifar10": load_cifar10,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_tilde_is_the_home_in_every_function_that_writes(home, monkeypatch, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    WRITERS[name](Path("~/a b ü.png"))
    assert (home / "a b ü.png").exists()
    assert not list(Path().iterdir())


@pytest.mark.parametrize("name", READERS)
def test_a_tilde_is_the_home_in_every_function_that_reads(home, name):
    (home / "a b ü").write_text("no data")
    # each complains of the file, so it has found it
    with pytest.raises(ValueError, match=r"is not a trained model|which is a file"):
        READERS[name]("~/a b ü")


def test_a_folder_of_data_below_the_home_is_remembered_and_one_of_nobody_s_home_is_a_folder(home):
    assert remembered("~/data") == str((home / "data").resolve())
    # there is no such user: a folder of that name
    assert remembered("~nobody-of-this-name/data") == str(Path("~nobody-of-this-name/data").resolve())


def test_no_script_takes_a_path_that_is_not_read_as_one():
    seen = 0
    for file in (path for folder in ("course_lib", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "add_argument":
                continue
            given = {key.arg: ast.unparse(key.value) for key in node.keywords}
            option = ast.literal_eval(node.args[0]).lstrip("-").replace("-", "_")
            kind = given.get("type", "str" if given.get("action", "'store'") in ("'store'", "'append'") else "")
            assert not kind.endswith("Path"), (file.name, option)
            if kind == "str" and "choices" not in given:
                assert option in NO_PATHS, (file.name, option)
            seen += kind in ("local_path", "local_or_address")
    assert seen >= 35


@pytest.mark.skipif(os.name == "nt", reason="no such rights")
@pytest.mark.parametrize(("umask", "rights"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_new_files_have_the_rights_that_the_learner_s_system_gives(monkeypatch, tmp_path, umask, rights):
    monkeypatch.setattr(files, "UMASK", umask)
    files.write_text(tmp_path / "a.py", "x")
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == rights


def test_a_drive_that_knows_no_rights_takes_files(monkeypatch, tmp_path):
    def refuse(self, mode):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    files.write_text(tmp_path / "mit Leerzeichen ü" / "a.py", "x")
    assert (tmp_path / "mit Leerzeichen ü" / "a.py").read_text() == "x"
    assert len(list((tmp_path / "mit Leerzeichen ü").iterdir())) == 1


# Where my_work lies


@pytest.fixture
def own(monkeypatch, tmp_path):
    """A checkout at tmp_path/course, a home at tmp_path/home."""
    monkeypatch.delenv("UNET_COURSE_WORK", raising=False)
    monkeypatch.setattr(my_work, "PACKAGE", tmp_path / "course" / "course_lib")
    monkeypatch.setattr(my_work, "IS_INSTALLED", False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    (tmp_path / "course").mkdir()
    return tmp_path


AT_HOME = Path("home", "unet-diffusion-course", "my_work")


def test_my_work_lies_in_a_course_of_one_s_own(own):
    assert my_work.work_folder() == own / "course" / "my_work"
    assert my_work.said_of_home() == ""


@pytest.mark.skipif(os.name == "nt", reason="no such rights")
@pytest.mark.parametrize("why", ["read-only", "somebody else's", "installed"])
def test_elsewhere_it_lies_in_the_home_and_is_said_to(own, monkeypatch, why):
    if why == "installed":
        monkeypatch.setattr(my_work, "IS_INSTALLED", True)
    elif why == "read-only":
        monkeypatch.setattr(os, "access", lambda folder, mode: False)
    else:  # where a group may write, two learners would share one folder
        monkeypatch.setattr(os, "getuid", lambda: os.stat(own).st_uid + 1)
    assert my_work.work_folder() == own / AT_HOME
    assert my_work.said_of_home() == str(own / AT_HOME)


@pytest.mark.skipif(os.name == "nt", reason="no such rights")
def test_a_my_work_that_is_one_s_own_is_found_in_a_course_of_somebody_else(own, monkeypatch):
    (own / "course" / "my_work").mkdir()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name == "my_work" and real(path, mode))
    assert my_work.work_folder() == own / "course" / "my_work"


def test_without_a_home_there_are_folders_all_the_same(own, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(my_work, "IS_INSTALLED", True)
    monkeypatch.chdir(own)
    assert my_work.work_folder() == own / "unet-diffusion-course" / "my_work"
    assert default_data_dir().is_absolute()


@pytest.mark.skipif(os.name == "nt", reason="no such rights")
def test_a_home_that_cannot_be_written_or_entered_is_said_before_anything_is_passed(own, monkeypatch, capsys):
    monkeypatch.setattr(my_work, "IS_INSTALLED", True)
    unet = exercises()["UNet"]

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    main(["notebooks", str(own / "mine")])
    said = " ".join(capsys.readouterr().out.split())
    assert "cannot be written to (Permission denied)" in said
    assert "UNET_COURSE_WORK" in said
    with monkeypatch.context() as entered:
        for question in ("is_dir", "is_file", "exists"):
            entered.setattr(Path, question, refuse)
        assert machine.disk().status == "FAIL"
        assert my_work.read_kept(unet).answer is None


# torch's defaults


@pytest.fixture
def other_defaults():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")  # stands for a GPU: what was made there cannot be read here
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def from_pixels(pixels):
    return pixels.float() / 127.5 - 1


@pytest.mark.parametrize("name", ["TimeEmbedding", "UNet", "FlowMatching.loss", "SelfAttention"])
def test_the_verdict_does_not_hang_on_torch_s_defaults(other_defaults, name):
    from course_lib.checks import examine

    assert examine(from_pixels, seed=1).status == "passed"
    exercise = exercises()[name]
    assert examine(exercise.answer, name, seed=1).status == "passed"
    assert torch.get_default_dtype() == torch.float64
    assert torch.get_default_device().type == "meta"


def test_a_trained_network_draws_the_same_whatever_the_defaults_are(other_defaults):
    from course_lib.assets import asset_path
    from course_lib.training.draw import draw_images
    from course_lib.training.saved_model import load_trained

    weights = asset_path("weights/fashion_mnist_flow.safetensors")
    labels = torch.tensor([1], device="cpu")
    images = draw_images(load_trained(weights), labels, num_steps=2)
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.testing.assert_close(images, draw_images(load_trained(weights), labels, num_steps=2))
