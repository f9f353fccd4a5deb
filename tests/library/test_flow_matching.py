"""Flow matching against closed forms: the straight line, its loss, and the exact flow of a Gaussian."""

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist

import pytest
import torch
from helpers import DESIGN_U, DESIGN_V, Predict, Recorder, assert_close, predict_by_label, randn
from torch import Tensor

from course_lib import FlowMatching

MEAN, STD = 0.3, 0.4
CALLS_IN_SIX_STEPS = {"euler": 6, "heun": 11, "rk4": 24}


def gaussian_velocity(x: float, t: float) -> float:
    """E[noise - clean | x_t = x] for clean ~ N(MEAN, STD^2), noise ~ N(0, 1)."""
    variance = (1 - t) ** 2 * STD**2 + t**2
    centred = x - (1 - t) * MEAN
    return t * centred / variance - MEAN - (1 - t) * STD**2 * centred / variance


def perfect_model_for(std: float) -> Predict:
    def model(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        t = t.reshape(-1, 1, 1, 1) / 1000
        variance = (1 - t) ** 2 * std**2 + t**2
        return (t - (1 - t) * std**2) * (x - (1 - t) * MEAN) / variance - MEAN

    return model


perfect_model = perfect_model_for(STD)


def mean_and_std(num_steps: int, solver: str, std: float = STD) -> tuple[float, float]:
    """Of the images the sampler makes of standard normal noise: it is an affine map, read off at 0 and 1."""
    start = torch.tensor([0.0, 1.0], dtype=torch.float64).reshape(2, 1, 1, 1)
    end = FlowMatching().sample(perfect_model_for(std), (2, 1, 1, 1), num_steps=num_steps, solver=solver, noise=start)
    at_zero, at_one = end.flatten().tolist()
    return at_zero, at_one - at_zero


# ---- the solvers, written out for one number ----


def naive_euler(x: float, t: float, h: float) -> float:
    return x - h * gaussian_velocity(x, t)


def naive_heun(x: float, t: float, h: float) -> float:
    v1 = gaussian_velocity(x, t)
    if abs(t - h) < 1e-9:  # Karras et al. 2022, algorithm 1, line 6: no correction where no noise is left
        return x - h * v1
    v2 = gaussian_velocity(x - h * v1, t - h)
    return x - h * 0.5 * (v1 + v2)


def naive_rk4(x: float, t: float, h: float) -> float:
    v1 = gaussian_velocity(x, t)
    v2 = gaussian_velocity(x - 0.5 * h * v1, t - 0.5 * h)
    v3 = gaussian_velocity(x - 0.5 * h * v2, t - 0.5 * h)
    v4 = gaussian_velocity(x - h * v3, t - h)
    return x - h * (v1 / 6 + v2 / 3 + v3 / 3 + v4 / 6)


NAIVE: dict[str, Callable[[float, float, float], float]] = {
    "euler": naive_euler,
    "heun": naive_heun,
    "rk4": naive_rk4,
}


# ---- the path and the loss ----


def test_interpolate_and_velocity_equal_the_formula_pixel_by_pixel() -> None:
    clean, noise, t = (
        randn(3, 2, 2, 3, seed=1),
        randn(3, 2, 2, 3, seed=2),
        torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64),
    )
    line, velocity = FlowMatching().interpolate(clean, t, noise), FlowMatching().velocity(clean, noise)
    for b in range(3):
        for index in range(12):
            c, n, time = clean[b].flatten()[index].item(), noise[b].flatten()[index].item(), t[b].item()
            assert line[b].flatten()[index].item() == pytest.approx((1 - time) * c + time * n, rel=0, abs=1e-15)
            assert velocity[b].flatten()[index].item() == n - c
    assert_close(line[0], clean[0])
    assert_close(line[2], noise[2])


@pytest.mark.parametrize("time", [0.1, 0.5, 0.9])
def test_velocity_is_the_derivative_of_interpolate(time: float) -> None:
    clean, noise, h = randn(2, 3, 2, 2, seed=1), randn(2, 3, 2, 2, seed=2), 1e-3
    flow = FlowMatching()
    later, earlier = (
        flow.interpolate(clean, torch.full((2,), t, dtype=torch.float64), noise) for t in (time + h, time - h)
    )
    # the path is straight, so the central difference is exact but for rounding
    assert_close((later - earlier) / (2 * h), flow.velocity(clean, noise), atol=1e-11)


def test_loss_is_the_mean_squared_error_and_the_model_sees_1000_t_and_the_labels() -> None:
    clean, noise, t = (
        randn(3, 2, 2, 3, seed=1),
        randn(3, 2, 2, 3, seed=2),
        torch.tensor([0.0, 0.37, 1.0], dtype=torch.float64),
    )
    labels = torch.tensor([4, -1, 2])
    model = Recorder(predict_by_label)
    loss = FlowMatching().loss(model, clean, labels, t=t, noise=noise)
    ((x_t, times, seen_labels),) = model.calls
    assert_close(times, torch.tensor([0.0, 370.0, 1000.0], dtype=torch.float64), atol=1e-12)
    assert torch.equal(seen_labels, labels)
    total = 0.0
    for b in range(3):
        at = x_t[b].flatten()
        prediction = predict_by_label(x_t, 1000 * t, labels)[b].flatten()
        for index, (c, n) in enumerate(zip(clean[b].flatten().tolist(), noise[b].flatten().tolist(), strict=True)):
            assert at[index].item() == pytest.approx((1 - t[b].item()) * c + t[b].item() * n, rel=0, abs=1e-15)
            total += (prediction[index].item() - (n - c)) ** 2
    assert loss.item() == pytest.approx(total / 36, rel=1e-13)


@pytest.mark.parametrize("time", [0.0, 0.001, 0.25, 0.5, 0.999, 1.0])
def test_loss_of_the_perfect_model_is_the_variance_no_model_can_explain(time: float) -> None:
    # Var(noise - clean | x_t) = std^2 / ((1 - t)^2 std^2 + t^2), and the design makes the mean an exact expectation
    t = torch.tensor([time], dtype=torch.float64)
    loss = FlowMatching().loss(perfect_model, MEAN + STD * DESIGN_U, t=t, noise=DESIGN_V)
    assert loss.item() == pytest.approx(STD**2 / ((1 - time) ** 2 * STD**2 + time**2), rel=1e-12)


def test_loss_draws_the_times_first_then_the_noise() -> None:
    images, model = randn(4, 1, 2, 2, dtype=torch.float32), Recorder(predict_by_label)
    loss = FlowMatching().loss(model, images, generator=torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(7)
    t, noise = torch.rand(4, generator=generator), torch.randn(4, 1, 2, 2, generator=generator)
    ((x_t, times, _),) = model.calls
    assert_close(times, 1000 * t)
    line = t.reshape(4, 1, 1, 1)
    assert_close(x_t, (1 - line) * images + line * noise, atol=1e-6)
    assert_close(loss, ((predict_by_label(x_t, times, None) - (noise - images)) ** 2).mean(), rtol=1e-6)


@pytest.mark.parametrize("time_sampling", ["uniform", "logit-normal"])
def test_times_have_the_quantiles_of_their_distribution(time_sampling: str) -> None:
    n = 200_000
    times = FlowMatching(time_sampling).sample_times(n, torch.Generator().manual_seed(0)).double().sort().values
    assert times[0] >= 0
    assert times[-1] <= 1
    for p in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        z = NormalDist().inv_cdf(p)
        logistic = 1 / (1 + math.exp(-z))
        quantile = p if time_sampling == "uniform" else logistic
        density = 1 if time_sampling == "uniform" else NormalDist().pdf(z) / (logistic * (1 - logistic))
        standard_error = math.sqrt(p * (1 - p) / n) / density
        assert abs(times[int(p * n)].item() - quantile) < 4 * standard_error


@pytest.mark.parametrize("time", [0.0, 0.2, 0.7, 1.0])
def test_path_and_velocity_equal_torchcfm_with_time_reversed_and_sign_flipped(time: float) -> None:
    torchcfm = pytest.importorskip("torchcfm.conditional_flow_matching")
    clean, noise, t = randn(3, 2, 4, 2, seed=1), randn(3, 2, 4, 2, seed=2), torch.full((3,), time, dtype=torch.float64)
    matcher = torchcfm.ConditionalFlowMatcher(sigma=0.0)
    # there, time runs from noise (x0) to data (x1)
    _, x_t, velocity = matcher.sample_location_and_conditional_flow(noise, clean, 1 - t)
    assert_close(FlowMatching().interpolate(clean, t, noise), x_t, atol=1e-15)
    assert_close(FlowMatching().velocity(clean, noise), -velocity)


# ---- sampling ----


@pytest.mark.parametrize("num_steps", [1, 7, 50])
@pytest.mark.parametrize("solver", NAIVE)
def test_sampler_equals_the_naive_loop_on_gaussian_data(solver: str, num_steps: int) -> None:
    ends = []
    for x in (0.0, 1.0):
        for i in range(num_steps):
            x = NAIVE[solver](x, (num_steps - i) / num_steps, 1 / num_steps)
        ends.append(x)
    mean, std = mean_and_std(num_steps, solver)
    assert mean == pytest.approx(ends[0], rel=0, abs=1e-12)
    assert std == pytest.approx(ends[1] - ends[0], rel=0, abs=1e-12)


def test_with_many_steps_the_samples_have_the_datas_mean_and_standard_deviation() -> None:
    # The exact flow carries N(0, 1) at t = 1 onto N(MEAN, STD^2) at t = 0. Its mean moves in a straight line, so every
    # solver gets that right but for rounding; the standard deviation shows the solver's own error.
    for solver, tolerance in (("euler", 4e-3), ("heun", 5e-5), ("rk4", 1e-11)):
        mean, std = mean_and_std(200, solver)
        assert abs(mean - MEAN) < 1e-14
        assert abs(std - STD) < tolerance


@pytest.mark.parametrize(("solver", "lowest", "highest"), [("euler", 0.9, 1.1), ("heun", 1.85, 2.1), ("rk4", 3.9, 4.5)])
def test_order_of_each_solver_between_20_and_80_steps(solver: str, lowest: float, highest: float) -> None:
    # std 0.25: at 0.4 the error of rk4 happens to change its sign near 25 steps, which hides its order
    coarse, fine = (abs(mean_and_std(n, solver, std=0.25)[1] - 0.25) for n in (20, 80))
    assert lowest < math.log(coarse / fine, 4) < highest


def test_model_is_called_at_1000_t_and_never_outside_the_step() -> None:
    expected = {
        "euler": [1000, 750, 500, 250],
        "heun": [1000, 750, 750, 500, 500, 250, 250],  # its last step is Euler's: nobody asks at t = 0
        "rk4": [1000, 875, 875, 750, 750, 625, 625, 500, 500, 375, 375, 250, 250, 125, 125, 0],
    }
    for solver, times in expected.items():
        model = Recorder(predict_by_label)
        FlowMatching().sample(model, (2, 1, 2, 2), num_steps=4, solver=solver)
        assert [t.tolist() for _, t, _ in model.calls] == [[time, time] for time in times]


@pytest.mark.parametrize("solver", NAIVE)
@pytest.mark.parametrize(("scale", "calls"), [(1.0, 1), (0.0, 1), (3.0, 2)])
def test_number_of_model_calls_with_and_without_guidance(solver: str, scale: float, calls: int) -> None:
    model, labels = Recorder(predict_by_label), torch.tensor([2, 5])
    options = {"num_steps": 6, "solver": solver, "guidance_scale": scale}
    FlowMatching().sample(model, (2, 1, 2, 2), labels, **options)
    assert len(model.calls) == CALLS_IN_SIX_STEPS[solver] * calls
    model.calls.clear()
    FlowMatching().sample(model, (2, 1, 2, 2), **options)
    assert len(model.calls) == CALLS_IN_SIX_STEPS[solver]


@pytest.mark.parametrize("solver", NAIVE)
def test_guided_sampling_equals_sampling_from_the_guided_model(solver: str) -> None:
    labels, scale, noise = torch.tensor([2, 5]), 3.0, randn(2, 1, 3, 2)

    def guided(x: Tensor, t: Tensor, _: Tensor | None) -> Tensor:
        without, with_label = predict_by_label(x, t, torch.tensor([-1, -1])), predict_by_label(x, t, labels)
        return (1 - scale) * without + scale * with_label

    options = {"num_steps": 5, "solver": solver, "noise": noise}
    actual = FlowMatching().sample(predict_by_label, noise.shape, labels, guidance_scale=scale, **options)
    assert_close(actual, FlowMatching().sample(guided, noise.shape, **options), atol=1e-12)


def test_sampling_is_reproducible_and_the_generators_first_draw_is_the_starting_noise() -> None:
    shape, model = (2, 3, 4, 2), Recorder(predict_by_label)
    first, again = (
        FlowMatching().sample(model, shape, num_steps=3, generator=torch.Generator().manual_seed(11)) for _ in range(2)
    )
    assert_close(again, first)
    assert_close(model.calls[0][0], torch.randn(shape, generator=torch.Generator().manual_seed(11)))
    other = FlowMatching().sample(model, shape, num_steps=3, generator=torch.Generator().manual_seed(12))
    assert (other - first).abs().max() > 0.1


@pytest.mark.parametrize("solver", NAIVE)
def test_sample_steps_yields_every_state_with_the_clean_image_its_velocity_points_at(solver: str) -> None:
    noise, num_steps = randn(2, 1, 3, 2), 5
    options = {"num_steps": num_steps, "solver": solver, "noise": noise}
    states = list(FlowMatching().sample_steps(predict_by_label, noise.shape, **options))
    assert [state.t for state in states] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0], rel=0, abs=1e-15)
    assert_close(states[0].x, noise)
    assert states[0].clean is None
    assert_close(states[-1].x, FlowMatching().sample(predict_by_label, noise.shape, **options))
    for before, after in pairwise(states):
        velocity = predict_by_label(before.x, torch.full((2,), 1000 * before.t, dtype=torch.float64), None)
        assert_close(after.clean, before.x - before.t * velocity, atol=1e-13)


def test_the_true_velocity_of_one_image_leads_straight_to_it_in_any_number_of_steps() -> None:
    image, noise = randn(1, 2, 3, 2, seed=1), randn(1, 2, 3, 2, seed=2)
    for solver in NAIVE:
        for num_steps in (1, 3, 10):
            states = list(
                FlowMatching().sample_steps(
                    lambda x, t, labels: noise - image, image.shape, num_steps=num_steps, solver=solver, noise=noise
                )
            )
            assert len(states) == num_steps + 1
            assert_close(states[-1].x, image, atol=1e-13)
            assert all((state.clean - image).abs().max() < 1e-13 for state in states[1:])
