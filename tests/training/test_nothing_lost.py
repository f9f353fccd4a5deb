"""Training never loses anything: refused requests, killed runs, full disks, closed pipes, numbers that are none."""

import dataclasses
import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, save_file

from course_lib.__main__ import main
from course_lib.ddpm import DDPM
from course_lib.files import (
    check_place,
    load_checkpoint,
    remove_leftovers,
    save_checkpoint,
    write_atomically,
    write_text,
)
from course_lib.training import train as train_module
from course_lib.training.config import PROFILES, TrainingConfig
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import load_trained
from course_lib.training.start import OtherRunError
from course_lib.training.train import train
from course_lib.unet import UNet

FAST = ["--profile", "smoke", "--steps", "4", "--base-channels", "8", "--batch-size", "4", "--cpu"]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "my run"
    assert main(["train", *FAST, "--out", str(out)]) == 0
    return out


@pytest.fixture
def run(finished_run, tmp_path):
    return Path(shutil.copytree(finished_run, tmp_path / "my run"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch-size", "20000"], "batch_size is 20000"),
        (["--data", "imagenet"], "data is 'imagenet'"),
        (["--data-dir", "/tmp"], "data_dir"),
        (["--base-channels", "6", "--attention-resolutions", "32"], "num_heads"),
        (["--channel-mults", "1,2,2,2,2,2,2"], "image_size"),
        (["--dropout", "1.5"], "dropout"),
        (["--learning-rate", "nan"], "learning_rate"),
        (["--time-sampling", "normal"], "time_sampling"),
        (["--schedule", "linear"], "schedule"),
        (["--from", "/nowhere"], "run is '/nowhere'"),
        (["--minutes", "0"], "minutes"),
        (["--seed", "-3"], "seed"),
    ],
)
def test_a_refused_request_changes_nothing(run, arguments, words, capsys, tmp_path):
    before = content(run)
    steps = [] if "--minutes" in arguments else ["--steps", "3"]
    for place in (run, tmp_path / "new"):
        assert (
            main(["train", "--profile", "smoke", "--cpu", *steps, "--overwrite", "--out", str(place), *arguments]) == 2
        )
        assert words in capsys.readouterr().err
    assert content(run) == before
    assert not (tmp_path / "new").exists()


class Dies(RuntimeError):
    pass


class DiesLater(UNet):
    """A network that the third training step kills: the rehearsal and the first step pass."""

    calls = 0

    def forward(self, *inputs):
        if self.training:
            DiesLater.calls += 1
            if DiesLater.calls > 2:
                raise Dies
        return super().forward(*inputs)


SHORT = dataclasses.replace(
    PROFILES["smoke"], steps=4, batch_size=4, unet=PROFILES["smoke"].unet | {"base_channels": 8}, checkpoint_every=4
)


def test_the_old_run_stays_until_the_new_one_has_a_checkpoint(run):
    before = content(run)
    DiesLater.calls = 0
    with pytest.raises(Dies):
        train(SHORT, run, overwrite=True, cpu=True, make_model=DiesLater)
    assert content(run) == before
    DiesLater.calls = 0
    with pytest.raises(Dies):
        train(
            dataclasses.replace(SHORT, checkpoint_every=1, seed=5), run, overwrite=True, cpu=True, make_model=DiesLater
        )
    assert load_checkpoint(run / "checkpoint.pt")["step"] == 1
    assert json.loads((run / "config.json").read_text())["seed"] == 5
    assert not list(run.glob("samples_*"))


def test_a_folder_in_which_no_step_was_taken_is_no_run(tmp_path):
    DiesLater.calls = 1
    with pytest.raises(Dies):
        train(SHORT, tmp_path / "run", cpu=True, make_model=DiesLater)
    assert not list((tmp_path / "run").iterdir())
    save_checkpoint({"step": 0, "model": {}, "ema": {}, "optimizer": {}}, tmp_path / "run" / "checkpoint.pt")
    with pytest.raises(ValueError, match="no run to resume"):
        train(SHORT, tmp_path / "run", cpu=True, resume=True)
    train(dataclasses.replace(SHORT, steps=1), tmp_path / "run", cpu=True)  # without --overwrite


def test_a_run_that_was_cut_off_after_its_last_step_is_completed(run, finished_run, capsys):
    """Between the last checkpoint and what is made of it: the model, the curve and the pictures."""
    made = [run / "model.safetensors", run / "loss.png", *run.glob("samples_*4.png")]
    assert len(made) == 3
    for file in made:
        file.unlink()
    assert main(["train", *FAST, "--out", str(run), "--resume"]) == 0
    weights, wanted = (load_file(folder / "model.safetensors") for folder in (run, finished_run))
    assert all(torch.equal(values, wanted[name]) for name, values in weights.items())
    assert all(file.is_file() for file in made)
    assert (run / "metrics.jsonl").read_bytes() == (finished_run / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["begin", "read_metrics"])
def test_an_overwriting_run_that_was_cut_off_at_its_first_checkpoint_is_nobody_elses(run, name, monkeypatch, tmp_path):
    class KilledError(BaseException):
        pass

    def killed(*_, **__):
        raise KilledError

    (run / "samples_holiday.png").write_bytes(b"mine")
    other = [*FAST, "--seed", "5", "--learning-rate", "0.001"]
    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, name, killed)
        with pytest.raises(KilledError):
            main(["train", *other, "--out", str(run), "--overwrite"])
    assert main(["train", "--profile", "smoke", "--cpu", "--out", str(run), "--resume"]) == 0
    straight = tmp_path / "straight"
    assert main(["train", *other, "--out", str(straight)]) == 0
    ours, wanted = (load_file(folder / "model.safetensors") for folder in (run, straight))
    assert all(torch.equal(values, wanted[key]) for key, values in ours.items())
    losses, same = ([row["loss"] for row in RunFolder(folder).read_metrics()] for folder in (run, straight))
    assert losses == same
    assert json.loads((run / "config.json").read_text())["seed"] == 5
    assert (run / "samples_holiday.png").read_bytes() == b"mine"


def test_a_run_that_came_meanwhile_is_not_replaced(run, tmp_path, monkeypatch, capsys):
    """Between the question whether a run is there and the lock, another process may finish one."""
    for place, arguments in ((tmp_path / "new", FAST), (run, ["--profile", "smoke", "--cpu", "--resume"])):

        def meanwhile(*_, place=place, **__):
            place.mkdir(exist_ok=True)
            (place / "checkpoint.pt").write_bytes(b"another's")
            return 1.0

        with monkeypatch.context() as patched:
            patched.setattr(train_module, "rehearse", meanwhile)
            assert main(["train", "--out", str(place), *arguments]) == 2
        assert "in which another process has trained meanwhile" in capsys.readouterr().err
        assert (place / "checkpoint.pt").read_bytes() == b"another's"


def test_somebodys_files_under_a_runs_names_are_not_replaced(tmp_path, capsys):
    (tmp_path / "config.json").write_text("my own")
    assert main(["train", *FAST, "--out", str(tmp_path)]) == 2
    assert "which holds no run but config.json; allowed: another folder, or --overwrite" in capsys.readouterr().err
    assert content(tmp_path) == {"config.json": b"my own"}


def test_the_command_that_goes_on_asks_for_as_many_steps(tmp_path, monkeypatch, capsys):
    out = ["--out", str(tmp_path / "run")]
    assert main(["train", *FAST, "--schedule", "constant", *out]) == 0

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "training_steps", stopped)
    assert main(["train", "--cpu", "--profile", "smoke", *out, "--resume", "--steps", "9"]) == 130
    command = re.search(r"step 4: (.+)", capsys.readouterr().err)[1]
    assert shlex.split(command)[-4:] == ["--resume", "--steps", "9", "--cpu"]


@pytest.mark.parametrize(
    "line",
    ["null", "[]", '{"step": 2}', '{"loss": 0.5}', '{"step": "2", "loss": 1}', '{"step": 2, "loss": NaN}', "step 2"],
)
def test_a_line_of_metrics_that_is_none_of_ours_is_passed_over_and_stays(run, line):
    folder = RunFolder(run)
    rows = folder.read_metrics()
    first, *others = folder.metrics.read_text().splitlines(keepends=True)
    strange = "\ufeff" + first + line + "\n" + "".join(others) + '{"step": 9, "lo'
    folder.metrics.write_text(strange, encoding="utf-8")
    assert folder.read_metrics() == rows
    assert main(["train", *FAST, "--out", str(run), "--resume"]) == 0
    assert line in folder.metrics.read_text(encoding="utf-8").splitlines()
    assert folder.read_metrics() == rows


def test_a_finished_run_without_its_metrics_is_still_finished(run, capsys):
    (run / "metrics.jsonl").unlink()
    assert main(["train", *FAST, "--out", str(run), "--resume"]) == 0
    assert "samples_000004.png" in capsys.readouterr().out


def test_a_folder_called_like_the_home_is_no_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["train", *FAST, "--out", "./~"]) == 0
    assert {"model.safetensors", "loss.png", "checkpoint.pt", "samples_000004.png"} <= content(tmp_path / "~").keys()
    assert not (tmp_path / "home").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_device_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        write_text(pipe, "{}\n")
        assert reader.communicate()[0] == b"{}\n"
    check_place("json", Path(os.devnull))
    write_text(Path(os.devnull), "{}\n")
    assert not pipe.is_file()
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", *FAST, "--base-channels", "1000000"], "unet is"),
        (
            ["train", "--profile", "smoke", "--minutes", "1e308"],
            "minutes is 1e+308; allowed: a number above 0, at most",
        ),
        (["sample", "RUN", "--count", "1000000000000"], "count is 1000000000000; allowed: from 1 to 10,000"),
        (["sample", "RUN", "--count", "993", "--gif", "way.gif"], "from 1 to 992 pictures a class in an animation"),
        (["evaluate", "RUN", "--seed", str(2**64)], "seed is"),
        (["evaluate", "RUN", "--seed", "-1"], "seed is -1"),
        (["evaluate", "RUN", "--count", "10001"], "count is 10001; allowed: from 20 to 9,998"),
        (["evaluate", "RUN", "--count", "20", "--solver", "ddim"], "solver is 'ddim'"),
        (["sample", "RUN/checkpoint.pt"], "allowed: a run's folder, or the model.safetensors in it"),
    ],
)
def test_what_is_too_large_or_another_file_is_one_sentence(run, arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("course_lib.evaluation.evaluate.Judge.real_scores", None)  # it is told before
    assert main([argument.replace("RUN", str(run)) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1


def test_a_damaged_checkpoint_is_one_sentence_with_a_way_on(run, capsys):
    for damaged in (b"", b"{}", b"\x80\x04K\x01.", (run / "model.safetensors").read_bytes()):
        (run / "checkpoint.pt").write_bytes(damaged)
        assert main(["train", *FAST, "--out", str(run), "--resume"]) == 2
        error = capsys.readouterr().err
        assert "is not a readable checkpoint" in error
        assert "weights_only" not in error
        assert "model.safetensors beside it, which a new run can begin with: train --from" in error
        assert len(error.strip().splitlines()) == 1


def test_a_run_knows_its_noise_schedule(tmp_path):
    config = TrainingConfig(method="ddpm", data="shapes", unet={"base_channels": 8}, steps=2, batch_size=2)
    out, short = tmp_path / "run", DDPM(8)
    train(config, out, cpu=True, process=short)  # its pictures are drawn in as many steps as there are
    assert load_trained(out, process=short).process is short
    for call in (
        lambda: load_trained(out),
        lambda: train(config, out, cpu=True, resume=True),
    ):
        with pytest.raises(ValueError, match=r"process has 1000 steps.*allowed: what.*8 steps"):
            call()
    train(config, out, cpu=True, process=DDPM(8), resume=True)
    with pytest.raises(ValueError, match="process is DDPM; allowed: that of the method, 'flow'"):
        train(dataclasses.replace(config, method="flow"), tmp_path / "other", cpu=True, process=short)


def test_weights_that_two_layers_share_are_stored(tmp_path):
    class Tied(UNet):
        def __init__(self, **options):
            super().__init__(**options)
            self.mid_resblock2.conv1.weight = self.mid_resblock1.conv1.weight

    config = TrainingConfig(data="shapes", unet={"base_channels": 8}, steps=1, batch_size=2)
    train(config, tmp_path / "run", cpu=True, make_model=Tied, grids=False)
    model = load_trained(tmp_path / "run", make_model=Tied).model
    assert model.mid_resblock2.conv1.weight is model.mid_resblock1.conv1.weight


def test_the_rehearsal_leaves_no_trace(tmp_path):
    config = dataclasses.replace(SHORT, steps=2)
    plain = load_checkpoint(train(config, tmp_path / "plain", cpu=True, grids=False).checkpoint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "rehearse", lambda *_: 1.0)
        bare = load_checkpoint(train(config, tmp_path / "bare", cpu=True, grids=False).checkpoint)
    for name, weight in plain["model"].items():
        assert torch.equal(weight, bare["model"][name])


def test_minutes_become_steps_that_the_run_can_resume(run, monkeypatch, capsys):
    monkeypatch.setattr(train_module, "rehearse", lambda *_: 1.5)
    small = ["--profile", "smoke", "--base-channels", "8", "--batch-size", "4", "--cpu"]
    assert main(["train", *small, "--minutes", "0.1", "--overwrite", "--out", str(run)]) == 0
    # six seconds less the share for pictures, in steps of 1.5
    assert TrainingConfig.from_json((run / "config.json").read_text()).steps == 3
    assert load_checkpoint(run / "checkpoint.pt")["step"] == 3
    assert main(["train", "--resume", "--minutes", "1", "--out", str(run)]) == 2
    assert "--minutes" in capsys.readouterr().err


def test_a_finished_run_goes_on_where_its_schedule_allows(tmp_path, finished_run, capsys):
    constant = dataclasses.replace(SHORT, schedule="constant", steps=3)
    more = dataclasses.replace(constant, steps=5)
    parts = train(constant, tmp_path / "parts", cpu=True, grids=False)
    train(more, parts.path, resume=True, cpu=True, grids=False)
    whole = train(more, tmp_path / "whole", cpu=True, grids=False)
    one, other = (load_checkpoint(folder.checkpoint)["model"] for folder in (parts, whole))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert TrainingConfig.from_json(parts.config.read_text()).steps == 5
    with pytest.raises(OtherRunError, match=r"steps is 2; .*at least the 5"):
        train(dataclasses.replace(constant, steps=2), parts.path, resume=True, cpu=True)
    with pytest.raises(OtherRunError, match="batch_size is 2"):
        train(dataclasses.replace(more, batch_size=2), parts.path, resume=True, cpu=True)
    # cosine has ended: a new run from the old one's weights
    assert main(["train", "--resume", "--steps", "9", "--out", str(finished_run)]) == 2
    assert "--from RUN" in capsys.readouterr().err
    new = tmp_path / "new"
    small = ["--profile", "smoke", "--steps", "1", "--batch-size", "4", "--learning-rate", "1e-12", "--cpu"]
    assert main(["train", *small, "--from", str(finished_run), "--out", str(new)]) == 0
    before, after = (load_file(folder / "model.safetensors") for folder in (finished_run, new))
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    wrong = ["train", "--from", str(finished_run), "--base-channels", "16", "--out", str(tmp_path / "other"), "--cpu"]
    assert main([*wrong, "--steps", "1"]) == 2
    assert "start_from" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fails_is_one_sentence_with_the_command_that_goes_on(run, number, monkeypatch, capsys, tmp_path):
    """The checkpoint of step 2 is written, that of step 4 is not."""
    written, replace = [], os.replace

    def fails(source, target):
        if Path(target).name == "checkpoint.pt":
            written.append(target)
            if len(written) == 2:
                raise OSError(number, os.strerror(number), str(target))
        replace(source, target)

    smoke = dataclasses.replace(PROFILES["smoke"], checkpoint_every=2)
    monkeypatch.setitem(PROFILES, "smoke", smoke)
    out = tmp_path / "it's a new one"
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        assert main(["train", *FAST, "--out", str(out)]) == 2
    said = capsys.readouterr().err
    error = said[said.index("error: ") :]
    assert "Traceback" not in said
    assert error.count("\n") == 1
    assert load_checkpoint(out / "checkpoint.pt")["step"] == 2
    command = shlex.split(error[error.index("step 2: ") + len("step 2: ") :])
    assert command[1:3] == ["-m", "course_lib"]
    assert main(command[3:]) == 0
    assert load_checkpoint(out / "checkpoint.pt")["step"] == 4
    assert not list(out.glob(".*"))


def test_a_run_remembers_the_folder_of_its_data(tmp_path, monkeypatch):
    asked = []

    def load(name, data_dir):
        asked.append(data_dir)
        return original("fashion-mnist")

    original = train_module.load_dataset
    monkeypatch.setattr(train_module, "load_dataset", load)
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(SHORT, schedule="constant", steps=1, data="cifar10")
    for place in ("data here", "https://example.org/mirror"):
        folder = train(config, tmp_path / "run", data_dir=place, overwrite=True, cpu=True, grids=False)
        train(dataclasses.replace(config, steps=2), folder.path, resume=True, cpu=True, grids=False)
    assert asked == ["data here", str(tmp_path / "data here"), *["https://example.org/mirror"] * 2]


def test_one_run_has_one_writer(run):
    before = content(run)
    with RunFolder(run).only_writer():
        for options in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(ValueError, match="another process is training"):
                train(TrainingConfig.from_json((run / "config.json").read_text()), run, cpu=True, **options)
    assert content(run) == before


def test_what_dead_processes_left_goes_and_what_living_ones_write_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = [f".grid.{ended.pid}.tmp.png", f".checkpoint.{ended.pid}.tmp.pt", f".a.b.{ended.pid}.tmp"]
    alive = [f".grid.{os.getppid()}.tmp.png", ".grid.tmp.png", "grid.png", ".hidden"]
    for name in (*dead, *alive):
        (tmp_path / name).write_text("x")
    write_atomically(tmp_path / "grid.png", lambda path: path.write_text("new"))
    assert {path.name for path in tmp_path.iterdir()} == {*dead[1:], *alive}
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(alive)


def test_a_drive_without_permissions_and_without_fsync_serves(tmp_path, monkeypatch):
    def refuses(*_, **__):
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(Path, "chmod", refuses)
    monkeypatch.setattr(os, "fsync", refuses)
    write_atomically(tmp_path / "grid.png", lambda path: path.write_text("new"))
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]


def test_without_a_terminal_the_log_is_plain_lines(tmp_path):
    """And a terminal that knows ASCII alone, and an output that nobody reads any more, cost nothing."""
    out = tmp_path / "Übung"
    reader, writer = os.pipe()
    os.close(reader)
    finished = subprocess.run(
        [sys.executable, "-m", "course_lib", "train", *FAST, "--steps", "12", "--out", str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    lines = finished.stderr.splitlines()
    assert [re.match(r"step (\d+)/12  loss \d\.\d+ ", line)[1] for line in lines[:3]] == ["5", "10", "12"]
    assert "\r" not in finished.stderr
    assert "Traceback" not in finished.stderr
    assert len(lines) == 3
    assert load_checkpoint(out / "checkpoint.pt")["step"] == 12


# ---- not a number ----


def spoiled(run: Path, value: float) -> None:
    path = run / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    weights = load_file(path)
    weights["conv_out.bias"][0] = value
    save_file(weights, path, metadata)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "command", [["sample"], ["sample", "--gif", "GIF"], ["evaluate"], ["evaluate", "--json", "JSON"]]
)
def test_weights_that_are_no_numbers_are_an_error_in_every_command(run, value, command, capsys, tmp_path):
    spoiled(run, value)
    places = {"GIF": str(tmp_path / "a.gif"), "JSON": str(tmp_path / "a.json")}
    options = ["--out", str(tmp_path / "a.png")] if command[0] == "sample" else []
    assert main([command[0], str(run), *options, *[places.get(word, word) for word in command[1:]]]) == 2
    assert "conv_out.bias" in capsys.readouterr().err
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize("scale", ["nan", "inf", "-inf", "1,nan", "x"])
@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_a_guidance_that_gives_no_numbers_is_an_error(run, scale, command, capsys, tmp_path):
    extra = ["--count", "20"] if command == "evaluate" else ["--count", "1", "--out", str(tmp_path / "a.png")]
    try:
        status = main([command, str(run), "--guidance", scale, "--steps", "2", *extra])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert "error" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_a_loss_that_is_no_number_never_replaces_a_checkpoint(tmp_path):
    """Its average is looked at every 100 steps, the checkpoint comes every step: the weights are looked at then."""

    class Broken(UNet):
        def forward(self, x, t, labels=None):
            answer = super().forward(x, t, labels)
            Broken.calls += self.training
            return answer * (float("nan") if Broken.calls == 4 else 1)

    Broken.calls = 0
    config = dataclasses.replace(SHORT, log_every=100, checkpoint_every=1, steps=9)
    with pytest.raises(FloatingPointError, match=r"diverged.*checkpoint in"):
        train(config, tmp_path / "run", cpu=True, make_model=Broken)
    saved = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert saved["step"] == 2
    assert all(weight.isfinite().all() for weight in saved["model"].values())


@pytest.mark.parametrize(
    "wrapper", ["_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module.", "module.module."]
)
def test_weights_of_wrapped_networks_are_read(run, wrapper):
    path = run / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    # read whole: of a file that is mapped, writing to it changes the tensors
    weights = load(path.read_bytes())
    save_file({wrapper + name: weight for name, weight in weights.items()}, path, metadata)
    loaded = load_trained(run).model.state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in weights.items())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"steps": "10"}, "steps"),
        ({"steps": 10.0}, "steps"),
        ({"batch_size": True}, "batch_size"),
        ({"learning_rate": "1e-3"}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"grad_clip": float("nan")}, "grad_clip"),
        ({"method": None}, "method"),
        ({"data": Path("cifar10")}, "data"),
        ({"unet": [("base_channels", 8)]}, "unet"),
        ({"unet": {"dropout": float("nan")}}, r"unet\['dropout'\]"),
        ({"unet": {"make": print}}, r"unet\['make'\]"),
        ({"seed": 1.5}, "seed"),
        ({"weight_decay": [0]}, "weight_decay"),
    ],
)
def test_a_config_checks_the_types_it_announces(change, name):
    with pytest.raises(ValueError, match=rf"{name} is .*; allowed: "):
        dataclasses.replace(SHORT, **change)
