"""Lesson 09: from_other_direction, and the experiments its text relies on, against closed forms."""

import json
import math

import pytest
import torch
from helpers import Recorder, assert_close, predict_by_label, randn
from torch import Tensor

from course_lib import FlowMatching
from course_lib.flow_matching import euler_step, heun_step
from course_lib.lessons.lesson09 import figures as lesson09
from course_lib.lessons.lesson09 import measure_side_by_side as side_by_side
from course_lib.warm_ups import from_other_direction


def test_from_other_direction_equals_the_definition_image_by_image() -> None:
    x, t, labels = randn(3, 2, 4, 5), torch.tensor([0.0, 370.0, 1000.0], dtype=torch.float64), torch.tensor([4, -1, 2])
    other = Recorder(predict_by_label)
    actual = from_other_direction(other)(x, t, labels)
    ((seen, s, seen_labels),) = other.calls
    assert_close(seen, x)
    assert s.tolist() == pytest.approx([1.0, 0.63, 0.0], rel=0, abs=1e-15)
    assert torch.equal(seen_labels, labels)
    for b in range(3):
        assert_close(actual[b], -predict_by_label(x, 1 - t / 1000, labels)[b])


def test_a_model_trained_in_the_other_direction_draws_what_ours_draws() -> None:
    # their own sampler, written out: from noise at s = 0 up to s = 1 along their velocity
    def other(x: Tensor, s: Tensor, labels: Tensor | None) -> Tensor:
        return torch.tanh(x) * (1 + s.reshape(-1, 1, 1, 1)) - 0.3

    noise, steps = randn(2, 1, 3, 2), 8
    theirs = noise
    for i in range(steps):
        theirs = theirs + other(theirs, torch.full((2,), i / steps, dtype=torch.float64), None) / steps
    ours = FlowMatching().sample(from_other_direction(other), noise.shape, num_steps=steps, noise=noise)
    assert_close(ours, theirs, atol=1e-12)


def test_turning_twice_gives_the_model_back() -> None:
    back = from_other_direction(lesson09.model_of_the_papers(predict_by_label))
    x, t, labels = randn(2, 1, 3, 2), torch.tensor([125.0, 750.0], dtype=torch.float64), torch.tensor([1, -1])
    assert_close(back(x, t, labels), predict_by_label(x, t, labels), atol=1e-12)


def test_no_labels_stay_no_labels() -> None:
    other = Recorder(predict_by_label)
    from_other_direction(other)(randn(1, 1, 2, 2), torch.tensor([10.0]))
    assert other.calls[0][2] is None


# ---- the experiments ----


def walk_back(velocity_at, x, num_steps, step):
    for i in range(num_steps):
        t, t_next = 1 - i / num_steps, 1 - (i + 1) / num_steps
        x = step(velocity_at, x, t, t_next, velocity_at(x, t))
    return x


def test_the_lessons_loop_is_the_librarys_sampler() -> None:
    noise = randn(2, 1, 3, 2)

    def model(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        return lesson09.gaussian_velocity(x, t[0].item() / 1000)

    def heun_but_last(velocity_at, x, t, t_next, v):
        # the library's last step is Euler's, as in Karras et al. 2022, algorithm 1
        return (heun_step if t_next > 0 else euler_step)(velocity_at, x, t, t_next, v)

    for name, step in (("euler", euler_step), ("heun", heun_but_last)):
        library = FlowMatching().sample(model, noise.shape, num_steps=7, solver=name, noise=noise)
        assert_close(walk_back(lesson09.gaussian_velocity, noise, 7, step), library, atol=1e-12)


@pytest.mark.parametrize(("step", "lowest", "highest"), [(euler_step, 0.9, 1.1), (heun_step, 1.85, 2.1)])
def test_orders_as_the_lesson_measures_them(step, lowest, highest) -> None:
    coarse, fine = (abs(lesson09.mean_and_spread(walk_back, step, n)[1] - lesson09.STD) for n in (20, 80))
    assert lowest < math.log(coarse / fine, 4) < highest
    # the mean is exact after a single step
    assert abs(lesson09.mean_and_spread(walk_back, euler_step, 1)[0] - lesson09.MEAN) < 1e-12


def test_two_point_velocity_is_the_mean_over_both_points() -> None:
    for t in (0.2, 0.5, 0.9):
        x = torch.linspace(-2, 2, 9, dtype=torch.float64)
        likely = {c: torch.exp(-((x - (1 - t) * c) ** 2) / (2 * t**2)) for c in (-1.0, 1.0)}
        mean = sum(likely[c] * ((x - (1 - t) * c) / t - c) for c in likely) / sum(likely.values())
        assert_close(lesson09.two_point_velocity(x, t), mean, atol=1e-10)


def test_crossings_counts_pairs_that_change_their_order() -> None:
    starts = torch.tensor([0.0, 1.0, 2.0])
    assert lesson09.crossings(starts, torch.tensor([5.0, 6.0, 7.0])) == 0
    assert lesson09.crossings(starts, torch.tensor([7.0, 6.0, 5.0])) == 3
    assert lesson09.crossings(starts, torch.tensor([6.0, 5.0, 6.0])) == 1


def test_numbers_of_the_embedding_that_vary_are_those_the_lesson_names() -> None:
    assert [lesson09.dimensions_that_vary(scale)[0] for scale in (1, 1000)] == [33, 225]


# ---- side by side ----


def test_model_calls_are_counted_with_solver_and_guidance() -> None:
    assert side_by_side.Run("flow", "euler", 20).calls == 20
    assert side_by_side.Run("flow", "heun", 10).calls == 19
    assert side_by_side.Run("ddpm", "ddim", 10, scale=2.0).calls == 20


def test_no_two_runs_share_an_entry_or_starting_noise() -> None:
    runs = [run for part in side_by_side.PARTS for run in side_by_side.runs_of(part)]
    assert len({run.key for run in runs}) == len(runs)
    batches_a_run = side_by_side.PICTURES // side_by_side.BATCH
    starts = [seed + k for seed in side_by_side.SEEDS for k in range(batches_a_run)]
    assert len(set(starts)) == len(starts)


def test_a_run_is_made_once_and_again_for_other_weights(tmp_path, monkeypatch, judge) -> None:
    drawn = []
    monkeypatch.setattr(side_by_side, "Judge", lambda: judge)

    def draw(trained, labels, **options):
        drawn.append(options["seed"])
        return torch.randn(len(labels), 3, 32, 32, generator=torch.Generator().manual_seed(options["seed"])).clamp(
            -1, 1
        )

    monkeypatch.setattr(side_by_side, "draw_images", draw)
    monkeypatch.setattr(side_by_side, "PICTURES", 60)
    monkeypatch.setattr(side_by_side, "FEWER", 40)
    monkeypatch.setattr(side_by_side, "BATCH", 20)
    run = side_by_side.Run("flow", "euler", 2, pictures=60)
    monkeypatch.setattr(side_by_side, "runs_of", lambda part: [run])
    out = tmp_path / "out.json"
    arguments = ["side_by_side", "--part", "main", "--out", str(out), "--batches", str(tmp_path / "batches")]

    # no time at all: one batch is drawn and kept, no entry is written
    monkeypatch.setattr("sys.argv", [*arguments, "--minutes", "0"])
    side_by_side.main()
    assert drawn == [0]
    assert not out.exists()
    monkeypatch.setattr("sys.argv", arguments)
    side_by_side.main()
    assert drawn == [0, 1, 2]
    entry = json.loads(out.read_text())["results"][run.key]
    assert entry["pictures"] == 60
    assert set(entry["first_500"]) == {"accuracy", "frechet", "diversity"}
    side_by_side.main()
    assert drawn == [0, 1, 2]

    monkeypatch.setattr(side_by_side, "fingerprint", lambda method: "other")
    side_by_side.main()
    assert drawn == [0, 1, 2, 0, 1, 2]
    assert json.loads(out.read_text())["results"][run.key]["weights"] == "other"
