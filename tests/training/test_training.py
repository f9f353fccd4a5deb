"""Training: what each step sees, what a killed run goes on with, what is found out before it is too late."""

import dataclasses
import itertools
import json
import math
import os
import pickle
import runpy
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from course_lib import FlowMatching
from course_lib.data.image_dataset import ImageDataset
from course_lib.data.shapes import draw_shapes
from course_lib.files import load_checkpoint, save_safetensors, write_atomically, write_text
from course_lib.training.batches import share_of, training_batch
from course_lib.training.config import PROFILES, TrainingConfig
from course_lib.training.loop import training_steps
from course_lib.training.run_folder import RunFolder
from course_lib.training.saved_model import load_trained
from course_lib.training.start import new_state
from course_lib.training.train import train

TESTS = Path(__file__).resolve().parent
TINY = TrainingConfig(
    data="shapes",
    unet={"base_channels": 8, "channel_mults": [1, 2], "num_res_blocks": 1, "dropout": 0.1},
    steps=12,
    batch_size=4,
    learning_rate=1e-3,
    warmup_steps=3,
    schedule="cosine",
    ema_decay=0.9,
    checkpoint_every=4,
    sample_every=100,
    log_every=2,
)


def everything_saved(folder: RunFolder) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint, flattened, with the names of where they stood."""
    flat = {}

    def walk(prefix, value):
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{prefix}.{key}", item)
        elif isinstance(value, torch.Tensor):
            flat[prefix] = value

    walk("", load_checkpoint(folder.checkpoint))
    return flat


def assert_bit_for_bit(first: RunFolder, second: RunFolder) -> None:
    one, other = everything_saved(first), everything_saved(second)
    assert one.keys() == other.keys()
    assert len(one) > 100
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return train(TINY, tmp_path_factory.mktemp("run") / "uninterrupted", cpu=True)


def test_every_epoch_shows_every_image_once_and_steps_do_not_depend_on_history():
    dataset = draw_shapes(12)
    tagged = ImageDataset("shapes", dataset.pixels, torch.arange(12), tuple("abcdefghijkl"))
    config = dataclasses.replace(TINY, class_dropout=0.0)
    process = FlowMatching()
    epochs = [
        torch.cat([training_batch(config, tagged, process, 3 * epoch + k).labels for k in range(3)])
        for epoch in range(2)
    ]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(12))
    assert epochs[0].tolist() != epochs[1].tolist()
    again = training_batch(config, tagged, process, 4)
    for part, same in zip(again, training_batch(config, tagged, process, 4), strict=True):
        assert torch.equal(part, same)
    other = training_batch(dataclasses.replace(config, seed=1), tagged, process, 4)
    assert not torch.equal(again.noise, other.noise)


def test_labels_are_dropped_as_often_as_asked_and_flips_happen_only_where_they_may():
    dataset = draw_shapes(400)
    config = dataclasses.replace(TINY, batch_size=400, class_dropout=0.25)
    batch = training_batch(config, dataset, FlowMatching(), 0)
    assert (batch.labels == -1).float().mean().item() == pytest.approx(0.25, abs=0.07)
    originals = {image.numpy().tobytes() for image in dataset.batch(torch.arange(400))[0]}
    assert all(image.numpy().tobytes() in originals for image in batch.images)
    flipping = dataclasses.replace(dataset, flip=True)
    flipped = training_batch(config, flipping, FlowMatching(), 0)
    unchanged = sum(image.numpy().tobytes() in originals for image in flipped.images)
    assert 140 < unchanged < 260
    assert all(
        image.numpy().tobytes() in originals or image.flip(-1).contiguous().numpy().tobytes() in originals
        for image in flipped.images
    )


def test_pairing_within_classes_exchanges_noises_of_a_class_and_makes_the_lines_shorter():
    dataset = draw_shapes(25)
    config = dataclasses.replace(TINY, batch_size=25, class_dropout=0.2)
    plain = training_batch(config, dataset, FlowMatching(), 0)
    paired = training_batch(dataclasses.replace(config, pairing="within-classes"), dataset, FlowMatching(), 0)
    for name in ("images", "labels", "t"):
        assert torch.equal(getattr(plain, name), getattr(paired, name))
    assert -1 in plain.labels
    for label in plain.labels.unique():
        members = plain.labels == label
        rows, others = (batch.noise[members].flatten(1) for batch in (plain, paired))
        # every noise of the class is there once more, and no other order makes shorter lines
        assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, others.tolist()))
        cost = torch.cdist(plain.images[members].flatten(1), rows).square()
        orders = itertools.permutations(range(len(rows)))
        shortest = min(sum(cost[i, j] for i, j in enumerate(order)) for order in orders)
        torch.testing.assert_close((plain.images[members].flatten(1) - others).square().sum(), shortest)
    ddpm = dataclasses.replace(config, method="ddpm", pairing="within-classes")
    assert torch.equal(training_batch(ddpm, dataset, FlowMatching(), 0).noise, plain.noise)


def test_processes_share_a_batch_without_gap_or_overlap():
    batch = training_batch(TINY, draw_shapes(12), FlowMatching(), 0)
    parts = [share_of(batch, index, 2) for index in range(2)]
    for name in batch._fields:
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(batch, name))
    with pytest.raises(ValueError, match="batch_size is 4; allowed: a multiple of the 3 processes"):
        share_of(batch, 0, 3)


def test_every_step_is_taken_with_the_learning_rate_of_its_schedule():
    config = dataclasses.replace(TINY, steps=4, warmup_steps=2, learning_rate=1e-3, schedule="cosine")
    accelerator = Accelerator(cpu=True)
    state = new_state(config, 10, accelerator.device)
    used = []
    for _ in training_steps(config, state, draw_shapes(12), FlowMatching(), accelerator):
        used.append(state.optimizer.param_groups[0]["lr"])
    cosine = [(1 + math.cos(math.pi * step / 4)) / 2 for step in range(4)]
    assert used == pytest.approx([1e-3 * share * left for share, left in zip((0.5, 1, 1, 1), cosine, strict=True)])


def test_a_resumed_run_ends_with_the_same_bits(uninterrupted, tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    def stop_at_step_six(folder, **metrics):
        if metrics["step"] == 6:
            raise Stop
        original(folder, **metrics)

    original = RunFolder.append_metrics
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "append_metrics", stop_at_step_six)
        with pytest.raises(Stop):
            train(TINY, tmp_path / "run", cpu=True)
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")["step"] == 4
    resumed = train(TINY, tmp_path / "run", resume=True, cpu=True)
    assert_bit_for_bit(uninterrupted, resumed)
    steps = [row["step"] for row in resumed.read_metrics()]
    assert steps == [2, 4, 6, 8, 10, 12]
    losses = [[row["loss"] for row in folder.read_metrics()] for folder in (uninterrupted, resumed)]
    assert losses[0] == losses[1]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_run_killed_with_signal_9_goes_on_and_ends_with_the_same_bits(tmp_path):
    command = [sys.executable, "-m", "course_lib", "train", "--profile", "smoke", "--data", "shapes", "--cpu"]
    command += ["--base-channels", "8", "--batch-size", "4", "--steps", "40"]
    killed = tmp_path / "killed"
    process = subprocess.Popen([*command, "--out", str(killed)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and not ((killed / "checkpoint.pt").exists() and RunFolder(killed).read_metrics()):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = load_checkpoint(killed / "checkpoint.pt")["step"]
    assert 0 < reached < 40
    config = TrainingConfig.from_json((killed / "config.json").read_text())
    resumed = train(config, killed, resume=True, cpu=True)
    assert_bit_for_bit(train(config, tmp_path / "whole", cpu=True), resumed)
    assert not list(killed.glob(".*"))


def test_two_processes_get_the_gradients_of_one(tmp_path):
    script, paths = TESTS / "two_process_gradients.py", {count: tmp_path / f"{count}.safetensors" for count in "12"}
    runpy.run_path(str(script))["write_gradients"](paths["1"])  # the one process may be this one
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    finished = subprocess.run(
        [*command, str(script), str(paths["2"])], env=environment, capture_output=True, text=True, timeout=240
    )
    assert finished.returncode == 0, finished.stderr
    gradients = []
    for count, path in paths.items():
        with safe_open(path, framework="pt") as file:
            assert file.metadata()["processes"] == count
        gradients.append(load_file(path))
    one, two = gradients
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-6, msg=lambda text, name=name: name + text)


def test_an_existing_run_is_never_overwritten_unasked(uninterrupted, tmp_path):
    shutil.copytree(uninterrupted.path, tmp_path / "run")
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    with pytest.raises(ValueError, match=r"already holds a run; allowed: .*--resume.*--overwrite"):
        train(TINY, tmp_path / "run", cpu=True)
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
    (tmp_path / "run" / "notes.txt").write_text("mine")
    train(dataclasses.replace(TINY, steps=1), tmp_path / "run", overwrite=True, cpu=True)
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")["step"] == 1
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_found_before_the_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"out is .* cannot be stored"):
        train(TINY, tmp_path / "file" / "run", cpu=True)


def test_a_full_disk_is_found_before_the_training(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ValueError, match=r"out is .* are free"):
        train(TINY, tmp_path / "run", cpu=True)


def test_a_quota_that_only_shows_when_writing_is_found_before_the_training(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(ValueError, match=r"out is .* cannot be stored"):
            RunFolder(tmp_path / "run").prepare(5_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "run").iterdir()) == []


def test_a_file_is_old_or_new_and_never_half(tmp_path):
    path = tmp_path / "figures.txt"
    path.write_text("old")

    def fail_half_way(temporary):
        temporary.write_text("ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail_half_way)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["figures.txt"]


class Bomb:
    def __reduce__(self):
        return print, ("this must never be printed",)


def test_the_same_weights_are_the_same_bytes(tmp_path):
    tensors = {"b.weight": torch.arange(6.0).reshape(2, 3), "a": torch.tensor([1, 2], dtype=torch.int64)}
    metadata = {"config": '{"n": 1}', "class_names": '["Gr\u00f6\u00dfe"]', "step": "7", "schedule": ""}
    written = set()
    for number in range(20):
        save_safetensors(tensors, tmp_path / f"{number}.safetensors", metadata)
        written.add((tmp_path / f"{number}.safetensors").read_bytes())
    assert len(written) == 1
    with safe_open(tmp_path / "0.safetensors", framework="pt") as file:
        assert file.metadata() == metadata
        assert all(torch.equal(file.get_tensor(name), values) for name, values in tensors.items())


def test_a_link_leads_to_what_is_written_and_threads_do_not_disturb_each_other(tmp_path):
    (tmp_path / "large").mkdir()
    link, target = tmp_path / "model.txt", tmp_path / "large" / "model.txt"
    link.symlink_to(target)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_text(link, f"{number}" * 1000), range(10, 60)))
    assert link.is_symlink()
    assert len(target.read_text(encoding="utf-8")) == 2000
    assert [path.name for path in (tmp_path / "large").iterdir()] == ["model.txt"]


def test_a_checkpoint_that_wants_to_run_code_or_is_cut_short_is_refused(uninterrupted, tmp_path, capsys):
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": Bomb()}, path)
    with pytest.raises(ValueError, match=r"checkpoint\.pt"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"checkpoint\.pt"):
        load_checkpoint(path)
    path.write_bytes(uninterrupted.checkpoint.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"checkpoint\.pt"):
        load_checkpoint(path)
    assert "never" not in capsys.readouterr().out


def test_the_saved_model_is_the_average_and_predicts_like_it(uninterrupted):
    trained = load_trained(uninterrupted.path)
    saved = load_checkpoint(uninterrupted.checkpoint)["ema"]
    for name, parameter in trained.model.state_dict().items():
        assert torch.equal(parameter, saved[name])
    assert trained.step == 12
    assert trained.config == TINY
    assert trained.class_names[0] == "orange disc"
    assert not trained.model.training


def test_a_damaged_or_foreign_model_file_is_named(uninterrupted, tmp_path):
    with pytest.raises(ValueError, match=r"run is .*nowhere.*allowed"):
        load_trained(tmp_path / "nowhere")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(uninterrupted.model.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"damaged\.safetensors"):
        load_trained(damaged)
    for key, value in (("step", "x"), ("config", '{"steps": -1}'), ("config", '{"unet": {"image_size": 30}}')):
        weights = load_file(uninterrupted.model)
        with safe_open(uninterrupted.model, framework="pt") as file:
            metadata = file.metadata() | {key: value}
        save_file(weights, damaged, metadata)
        with pytest.raises(ValueError, match=r"damaged\.safetensors"):
            load_trained(damaged)


def test_training_learns_and_the_loss_starts_near_its_known_value(tmp_path):
    config = dataclasses.replace(PROFILES["smoke"], data="shapes", steps=40, log_every=1)
    metrics = train(config, tmp_path / "run", cpu=True).read_metrics()
    pixels = draw_shapes(10_000).pixels.double() / 127.5 - 1
    # a model that predicts about zero has loss 1 + mean(images squared)
    expected = 1 + pixels.square().mean().item()
    assert metrics[0]["loss"] == pytest.approx(expected, rel=0.35)
    assert sum(row["loss"] for row in metrics[-5:]) / 5 < 0.5 * metrics[0]["loss"]


def test_a_diverging_run_stops_with_the_reason(tmp_path):
    config = dataclasses.replace(TINY, learning_rate=1e30, grad_clip=1e30, warmup_steps=0, steps=30)
    with pytest.raises(FloatingPointError, match=r"the loss is .* --learning-rate"):
        train(config, tmp_path / "run", cpu=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "gan"}, ["method", "'gan'", "'ddpm', 'flow'"]),
        ({"steps": 0}, ["steps", "0", "at least 1"]),
        ({"optimizer": "sgd"}, ["optimizer", "'sgd'", "'adamw', 'muon'"]),
        ({"pairing": "across"}, ["pairing", "'across'", "'random', 'within-classes'"]),
        ({"learning_rate": 0.0}, ["learning_rate", "0.0", "above 0"]),
        ({"ema_decay": 1.0}, ["ema_decay", "1.0", "below 1"]),
        ({"class_dropout": -0.1}, ["class_dropout", "-0.1"]),
        ({"seed": -1}, ["seed", "-1"]),
    ],
)
def test_a_config_that_makes_no_sense_is_named(change, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the words are checked below)
        dataclasses.replace(TINY, **change)
    for word in words:
        assert word in str(caught.value)


def test_a_config_survives_its_file(tmp_path):
    assert TrainingConfig.from_json(TINY.to_json()) == TINY
    for text in ("{}{", json.dumps({"colour": 1})):
        with pytest.raises(ValueError, match="config"):
            TrainingConfig.from_json(text)
