"""The command line as people use it: train, sample, evaluate, and what it says when something is wrong."""

import dataclasses
import json
import re
import shlex

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from course_lib.__main__ import main
from course_lib.assets import asset_path
from course_lib.data.pixels import to_pixels
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.pictures import save_gif, save_grid, save_loss_curve

FAST = ["--profile", "smoke", "--steps", "4", "--base-channels", "8", "--batch-size", "4", "--cpu"]


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "flow"
    assert main(["train", *FAST, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def ddpm_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "ddpm"
    assert main(["train", *FAST, "--method", "ddpm", "--data", "shapes", "--out", str(out)]) == 0
    return out


def test_training_leaves_config_metrics_checkpoint_and_pictures(flow_run):
    assert json.loads((flow_run / "config.json").read_text())["method"] == "flow"
    rows = [json.loads(line) for line in (flow_run / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 4
    assert {"step", "loss", "images_per_second", "learning_rate"} <= rows[-1].keys()
    names = {path.name for path in flow_run.iterdir()}
    assert {"checkpoint.pt", "model.safetensors", "loss.png", "samples_000004.png"} <= names


def test_sampling_is_reproducible_by_seed_and_knows_names_and_numbers(flow_run, tmp_path):
    def draw(classes, seed, name):
        out = tmp_path / name
        arguments = ["--classes", classes, "--steps", "3", "--solver", "heun", "--guidance", "2", "--count", "2"]
        assert main(["sample", str(flow_run), *arguments, "--seed", str(seed), "--out", str(out)]) == 0
        return np.asarray(Image.open(out))

    first = draw("ankle boot,dress", 0, "a.png")
    assert np.array_equal(first, draw("9, 3", 0, "b.png"))
    assert not np.array_equal(first, draw("9,3", 1, "c.png"))


def test_a_gif_shows_the_way_from_noise_to_pictures(ddpm_run, tmp_path):
    out, gif = tmp_path / "grid.png", tmp_path / "way.gif"
    arguments = ["--classes", "blue ring", "--count", "2", "--steps", "5", "--out", str(out), "--gif", str(gif)]
    assert main(["sample", str(ddpm_run), *arguments]) == 0
    with Image.open(gif) as animation:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(animation)]
    assert len(durations) == 6
    assert durations[-1] > 10 * durations[0]


def test_evaluation_prints_the_run_beside_real_images(flow_run, tmp_path, capsys, judge, monkeypatch):
    monkeypatch.setattr("course_lib.evaluation.evaluate.Judge", lambda: judge)
    figures = tmp_path / "figures.json"
    arguments = ["--count", "40", "--steps", "2", "--guidance", "1,2", "--json", str(figures)]
    assert main(["evaluate", str(flow_run), *arguments]) == 0
    printed = capsys.readouterr().out
    for words in ("real images", "guidance 1 ", "guidance 2 ", "class accuracy", "Fréchet distance", "diversity"):
        assert words in printed
    scores = json.loads(figures.read_text(encoding="utf-8"))
    assert scores["guidance 1"]["frechet"] > scores["real images"]["frechet"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--profile", "huge"], ["profile", "'huge'", "laptop"]),
        (["train", "--method", "gan", "--out", "OUT"], ["method", "'gan'", "ddpm"]),
        (["train", "--data", "imagenet", "--out", "OUT"], ["data", "'imagenet'", "fashion-mnist"]),
        (["train", "--steps", "0", "--out", "OUT"], ["steps", "0", "at least 1"]),
        (["train", "--resume", "--out", "OUT"], ["out", "no run to resume"]),
        (["train", "--out", "RUN"], ["out", "already holds a run", "--resume"]),
        (["train", "--out", "RUN", "--resume", "--steps", "9"], ["--steps is 9", "4"]),
        (["sample", "OUT"], ["run", "no trained model"]),
        (["sample", "RUN", "--classes", "sock"], ["class", "'sock'", "9 Ankle boot"]),
        (["sample", "RUN", "--solver", "ddim"], ["solver", "'ddim'", "'heun'"]),
        (["sample", "RUN", "--steps", "0"], ["num_steps", "0", "at least 1"]),
        (["sample", "RUN", "--count", "0"], ["count", "0"]),
        (["sample", "RUN", "--device", "tpu"], ["device", "'tpu'", "'cpu'"]),
        (["sample", "RUN", "--out", "grid.bmp"], ["out", "grid.bmp", ".png"]),
        (["evaluate", "RUN", "--count", "3"], ["count", "3", "20"]),
        (["shapes", "--image-size", "30"], ["image_size", "30"]),
        (["shapes", "--base-channels", "0"], ["base_channels", "0"]),
    ],
)
def test_a_wrong_request_is_one_sentence_and_exit_status_2(arguments, words, flow_run, tmp_path, capsys):
    places = {"RUN": str(flow_run), "OUT": str(tmp_path / "new")}
    assert main([places.get(argument, argument) for argument in arguments]) == 2
    message = capsys.readouterr().err
    assert "error: " in message
    assert "Traceback" not in message
    for word in words:
        assert word in message


def test_evaluating_data_without_a_judge_says_so(ddpm_run, capsys):
    assert main(["evaluate", str(ddpm_run)]) == 2
    assert "'shapes'; allowed: fashion-mnist" in capsys.readouterr().err


def test_pixels_are_scaled_rounded_and_clipped():
    images = torch.tensor([-2.0, -1.0, -0.5, 0.0, 1.0, 3.0])
    assert to_pixels(images).tolist() == [0, 0, 64, 128, 255, 255]


def test_a_grid_shows_every_image_in_its_place(tmp_path):
    images = torch.linspace(-1, 1, 6)[:, None, None, None].expand(-1, 3, 32, 32)
    save_grid(images, tmp_path / "grid.png", ["first", "second"])
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    # three images a row, each 64 pixels wide, two pixels between them, the names to the left
    left = picture.shape[1] - (3 * 66 + 2)
    middles = [
        picture[2 + 66 * row + 32, left + 2 + 66 * column + 32, 0].item() for row in range(2) for column in range(3)
    ]
    assert middles == to_pixels(torch.linspace(-1, 1, 6)).tolist()
    assert (picture[:, :left] < 128).any()  # the names are there
    with pytest.raises(ValueError, match="images holds 6; allowed: a multiple of the 4 rows"):
        save_grid(images, tmp_path / "grid.png", list("abcd"))


def test_a_loss_curve_and_an_animation_are_pictures(tmp_path):
    save_loss_curve([{"step": step, "loss": 1 / step} for step in range(1, 20)], tmp_path / "loss.png")
    assert np.asarray(Image.open(tmp_path / "loss.png")).std() > 5
    save_gif([torch.zeros(2, 3, 32, 32), torch.ones(2, 3, 32, 32)], tmp_path / "way.gif", columns=2)
    with Image.open(tmp_path / "way.gif") as animation:
        assert animation.n_frames == 2


class AskedError(Exception):
    """What a training was asked for, in place of the training."""


def test_a_run_from_weights_goes_into_the_folder_of_its_own_method(monkeypatch):
    def ask(_, out, **__):
        raise AskedError(out)

    monkeypatch.setattr("course_lib.training.train.train", ask)
    weights = str(asset_path("weights/fashion_mnist_ddpm.safetensors"))
    with pytest.raises(AskedError, match=r"^runs/ddpm-fashion-mnist$"):
        main(["train", "--from", weights, "--steps", "5"])


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_the_command_on_a_model_card_asks_for_the_training_that_the_weights_had(method, monkeypatch):
    def ask(config, *_, **__):
        raise AskedError(config)

    card = asset_path(f"weights/{method}.md").read_text(encoding="utf-8")
    command = re.search(r"^\| command \| `python -m course_lib (.+)` \|$", card, re.MULTILINE)[1]
    monkeypatch.setattr("course_lib.training.train.train", ask)
    # FIRST, with which the training began, is not shipped any more: it had this network, with other weights
    arguments = shlex.split(command)
    first = str(asset_path(f"weights/fashion_mnist_{method}.safetensors"))
    arguments[arguments.index("FIRST")] = first
    with pytest.raises(AskedError) as asked:
        main(arguments)
    assert asked.value.args[0] == dataclasses.replace(shipped_model(method).config, start_from=first)
