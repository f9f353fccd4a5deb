"""Fewer calls, against problems with a known answer: every order tried, bell curves, straight lines."""

import re
from itertools import permutations

import pytest
import torch
from helpers import randn

from course_lib.assets import asset_path
from course_lib.lessons.lesson14 import figures, measure_one_step, toy
from course_lib.lessons.lesson14.measure_calls import INTERVALS, RUNS, Run
from course_lib.lessons.shared.results import shipped_results
from course_lib.straightening import (
    cheapest_assignment,
    euler_walk,
    guided_within,
    paired_noise,
    spaced_times,
    straight_piece,
)

MEAN, SPREAD = 0.4, 0.3


@pytest.mark.parametrize("count", range(1, 7))
def test_the_cheapest_assignment_is_the_best_of_all_orders(count):
    for seed in range(5):
        cost = torch.randn(count, count, generator=torch.Generator().manual_seed(seed))
        chosen = cheapest_assignment(cost)
        assert sorted(chosen.tolist()) == list(range(count))
        best = min(sum(float(cost[i, order[i]]) for i in range(count)) for order in permutations(range(count)))
        assert float(cost[torch.arange(count), chosen].sum()) == pytest.approx(best, abs=1e-5)


def test_equal_costs_and_large_ones_are_no_special_case():
    assert sorted(cheapest_assignment(torch.zeros(9, 9)).tolist()) == list(range(9))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    cost = torch.full((30, 30), 1e6)
    cost[torch.arange(30), order] = -1e6
    assert torch.equal(cheapest_assignment(cost), order)


@pytest.mark.parametrize("cost", [torch.zeros(2, 3), torch.zeros(4), torch.tensor([[float("nan")]])])
def test_a_cost_that_is_no_table_of_numbers_is_refused(cost):
    with pytest.raises(ValueError, match="cost"):
        cheapest_assignment(cost)


def test_in_one_dimension_pairs_keep_the_order():
    images, noise = randn(20, 1, 1, 1), randn(20, 1, 1, 1)
    paired = paired_noise(images, noise, torch.zeros(20, dtype=torch.long))
    order = images.flatten().argsort()
    assert torch.equal(paired.flatten()[order], noise.flatten().sort().values)


def test_between_two_bell_curves_a_straightened_path_needs_one_call():
    # the map of the ODE between two bell curves is known
    noise = randn(1, 1, 20, 20)
    states = torch.stack([noise, MEAN + SPREAD * noise])
    x, velocity = straight_piece(states, (1.0, 0.0), 1.0)
    torch.testing.assert_close(x - velocity, states[1])


def bell_velocity(x, t):
    """The exact velocity where every number is drawn from one bell curve: Bayes' rule."""
    variance = (1 - t) ** 2 * SPREAD**2 + t**2
    clean = MEAN + (1 - t) * SPREAD**2 / variance * (x - (1 - t) * MEAN)
    return (x - clean) / t


def test_more_calls_come_nearer_on_the_bell_curve_for_every_shift():
    noise = randn(1, 1, 20, 20)
    for shift in (0.5, 1.0, 2.0):
        off = [
            float(
                (euler_walk(bell_velocity, noise, spaced_times(calls, shift))[-1] - MEAN - SPREAD * noise).abs().max()
            )
            for calls in (2, 8, 32)
        ]
        assert off[0] > 2 * off[1] > 4 * off[2]


def test_one_call_draws_the_mean():
    ends = euler_walk(bell_velocity, randn(1, 1, 20, 20), spaced_times(1))[-1]
    torch.testing.assert_close(ends, torch.full_like(ends, MEAN))


def test_the_exact_map_of_the_two_heaps_is_where_a_fine_walk_ends():
    noise = toy.even_noise(101)
    assert toy.heaps_distance(euler_walk(toy.heaps_velocity, noise, spaced_times(400))[-1], noise) < 0.01


@pytest.mark.parametrize(("calls", "shift"), [(0, 1.0), (4, 0.0), (4, -1.0), (4, float("nan"))])
def test_times_that_make_no_sense_are_refused(calls, shift):
    with pytest.raises(ValueError, match=r"num_steps|shift"):
        spaced_times(calls, shift)


def test_a_time_outside_the_path_is_refused():
    with pytest.raises(ValueError, match="t is"):
        straight_piece(torch.zeros(2, 1, 1, 1, 1), (0.8, 0.2), 0.9)
    with pytest.raises(ValueError, match="states"):
        straight_piece(torch.zeros(3, 1, 1, 1, 1), (0.8, 0.2), 0.5)


@pytest.mark.parametrize("where", INTERVALS)
@pytest.mark.parametrize("steps", [6, 8, 15, 20])
def test_a_run_says_how_often_the_network_is_asked(steps, where):
    low, high = INTERVALS[where]
    asked = figures.calls_of_a_walk(guided_within, low, high, steps)
    assert Run("as trained", steps, 0, scale=2.0, where=where).calls == asked
    assert Run("as trained", steps, 0, where=where).calls == steps


def test_each_result_is_that_of_a_run_and_intervals_compared_cost_the_same():
    assert set(figures.WHERE) == set(INTERVALS)
    runs = {run.key: run.about() for run in RUNS}
    results = {key: entry for key, entry in shipped_results("fewer_calls").items() if key != "real"}
    assert results.keys() == runs.keys()
    assert {key: entry | runs[key] for key, entry in results.items()} == results
    for steps, fewer in ((20, 15), (8, 6)):
        calls = {where: Run("as trained", steps, 0, scale=2.0, where=where).calls for where in INTERVALS}
        assert set(calls.values()) - {calls["everywhere"]} == {2 * fewer}


def test_one_step_is_learned_from_noise_alone_and_leads_to_its_image():
    pairs, labels = randn(6, 2, 3, 32, 32).half(), torch.arange(6)
    noise, times, velocity, classes = measure_one_step.batch_of(pairs, labels, seed=3, step=5)
    assert torch.equal(times, torch.ones(len(noise)))
    assert torch.equal(noise, pairs[classes, 0].float())
    torch.testing.assert_close(noise - velocity, pairs[classes, 1].float())
    again = measure_one_step.batch_of(pairs, labels, seed=3, step=5)
    assert torch.equal(again[0], noise)
    assert not torch.equal(measure_one_step.batch_of(pairs, labels, seed=4, step=5)[0], noise)


def test_the_model_card_has_the_numbers_of_the_results():
    rows = re.findall(
        r"^\| (straightened|as trained), (\d+) Euler steps?, seed (\d) \| (.*) \|$",
        asset_path("weights/flow_straight.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    measured = shipped_results("fewer_calls")
    for network, calls, seed, numbers in rows:
        key = f"{network.replace('straightened', 'straight')}, {calls} calls, shift 1, seed {seed}"
        found = measured[key]
        assert numbers == f"{found['accuracy']:.1%} | {found['frechet']:.2f} | {found['diversity']:.2f}", key
    assert len(rows) == 10
