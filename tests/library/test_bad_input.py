"""Bad calls: each is a ValueError that names the argument, says what came and what is allowed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from course_lib import (
    DDPM,
    ClassEmbedding,
    Downsample,
    FlowMatching,
    ResidualBlock,
    SelfAttention,
    SinusoidalPositionEmbedding,
    TimeEmbedding,
    UNet,
    Upsample,
    drop_labels,
    num_groups,
)
from course_lib.ema import EMA
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.evaluation.metrics import class_accuracy

SHAPE = (2, 3, 8, 8)
X, T, LABELS = torch.zeros(SHAPE), torch.tensor([5, 6]), torch.tensor([0, 1])


def unet(x: Tensor = X, t: Tensor = T, labels: Tensor | None = None, **options: object) -> Tensor:
    return UNet(**{"base_channels": 16, "num_res_blocks": 1, "image_size": 8, **options})(x, t, labels)


def zeros(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
    return torch.zeros_like(x)


def never_called(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
    raise AssertionError("the model was called before the arguments were checked")


# what is wrong, the call, and what the message must contain: the argument, what came, what is allowed
BAD_CALLS: dict[str, tuple[Callable[[], object], list[str]]] = {
    "label 10 of 10": (lambda: unet(labels=torch.tensor([0, 10])), ["class_labels", "contains 10;", "from -1 to 9"]),
    "label -7": (lambda: unet(labels=torch.tensor([-7, 0])), ["class_labels", "contains -7;", "from -1 to 9"]),
    "label 5 of 5 in the embedding": (
        lambda: ClassEmbedding(5, 4)(torch.tensor([5])),
        ["class_labels", "contains 5;", "from -1 to 4"],
    ),
    "float labels": (lambda: unet(labels=LABELS.float()), ["class_labels", "torch.float32", "integer", "torch.int64"]),
    "boolean labels": (lambda: unet(labels=LABELS.bool()), ["class_labels", "torch.bool", "integer", "torch.int64"]),
    "too few labels": (lambda: unet(labels=torch.tensor([1])), ["class_labels", "shape (1,)", "(2,)"]),
    "one-hot labels": (
        lambda: unet(labels=torch.zeros(2, 10, dtype=torch.int64)),
        ["class_labels", "shape (2, 10)", "(2,)"],
    ),
    "one channel for three": (lambda: unet(torch.zeros(2, 1, 8, 8)), ["x has", "(2, 1, 8, 8)", "(B, 3, H, W)"]),
    "an image without a batch": (lambda: unet(torch.zeros(3, 8, 8)), ["x has", "(3, 8, 8)", "(B, 3, H, W)"]),
    "a 30x30 image": (lambda: unet(torch.zeros(2, 3, 30, 30)), ["x is", "30x30", "divisible by 4"]),
    "a 32x30 image": (lambda: unet(torch.zeros(2, 3, 32, 30)), ["x is", "32x30", "divisible by 4"]),
    "image_size 30": (lambda: UNet(image_size=30), ["image_size is 30", "multiple of 4"]),
    "t of the wrong length": (lambda: unet(t=torch.tensor([5, 6, 7])), ["t has", "(3,)", "(2,)"]),
    "t of length one": (lambda: unet(t=torch.tensor([5])), ["t has", "(1,)", "(2,)"]),
    "two-dimensional t": (lambda: unet(t=T[:, None]), ["t has", "(2, 1)", "(2,)"]),
    "a scalar t": (lambda: unet(t=torch.tensor(5)), ["t has", "()", "(2,)"]),
    "two-dimensional times": (lambda: TimeEmbedding(8)(T[:, None].float()), ["timesteps has", "(2, 1)", "(B,)"]),
    "channels not divisible by heads": (lambda: SelfAttention(30, 4), ["channels is 30", "multiple of num_heads, 4"]),
    "a UNet whose channels heads do not divide": (
        lambda: UNet(num_heads=3),
        ["channels is 256", "multiple of num_heads, 3"],
    ),
    "odd embedding width": (lambda: SinusoidalPositionEmbedding(7), ["dim is 7", "even"]),
    "embedding width 0": (lambda: SinusoidalPositionEmbedding(0), ["dim is 0", "even", "at least 2"]),
    "odd width of the time network": (lambda: TimeEmbedding(9), ["dim is 9", "even"]),
    "an odd image to halve": (lambda: Downsample(3)(torch.zeros(1, 3, 8, 7)), ["x is", "8x7", "divisible by 2"]),
    "other channels to halve": (lambda: Downsample(3)(torch.zeros(1, 4, 8, 8)), ["x has", "(1, 4, 8, 8)", "(B, 3,"]),
    "other channels to double": (lambda: Upsample(3)(torch.zeros(1, 4, 8, 8)), ["x has", "(1, 4, 8, 8)", "(B, 3,"]),
    "other channels to attend to": (
        lambda: SelfAttention(8)(torch.zeros(1, 4, 8, 8)),
        ["x has", "(1, 4, 8, 8)", "(B, 8,"],
    ),
    "other channels for a block": (
        lambda: ResidualBlock(8, 8, 4)(torch.zeros(2, 4, 8, 8), torch.zeros(2, 4)),
        ["x has", "(2, 4, 8, 8)", "(B, 8, H, W)"],
    ),
    "an embedding of another width": (
        lambda: ResidualBlock(8, 8, 4)(torch.zeros(2, 8, 8, 8), torch.zeros(2, 5)),
        ["emb has", "(2, 5)", "(2, 4)"],
    ),
    "one embedding for two images": (
        lambda: ResidualBlock(8, 8, 4)(torch.zeros(2, 8, 8, 8), torch.zeros(1, 4)),
        ["emb has", "(1, 4)", "(2, 4)"],
    ),
    "a block with one channel out": (lambda: ResidualBlock(8, 1, 4), ["out_channels is 1", "at least 2"]),
    "dropout 1.5": (lambda: ResidualBlock(8, 8, 4, dropout=1.5), ["dropout is 1.5", "at least 0 and below 1"]),
    "dropout -0.1 of a UNet": (lambda: UNet(dropout=-0.1), ["dropout is -0.1", "at least 0 and below 1"]),
    "num_classes 0": (lambda: UNet(num_classes=0), ["num_classes is 0", "at least 1"]),
    "num_classes 0 of the embedding": (lambda: ClassEmbedding(0, 4), ["num_classes is 0", "at least 1"]),
    "no levels": (lambda: UNet(channel_mults=()), ["channel_mults is ()", "at least one level"]),
    "a level of no channels": (lambda: UNet(channel_mults=(1, 0)), ["channel_mults is 0", "at least 1"]),
    "num_res_blocks 0": (lambda: UNet(num_res_blocks=0), ["num_res_blocks is 0", "at least 1"]),
    "groups of 0 channels": (lambda: num_groups(0), ["channels is 0", "at least 1"]),
    # DDPM
    "num_timesteps 0": (lambda: DDPM(0), ["num_timesteps is 0", "at least 1"]),
    "beta_start 0": (lambda: DDPM(beta_start=0.0), ["beta_start", "0.0, 0.02", "0 < beta_start <= beta_end < 1"]),
    "beta_end 1": (lambda: DDPM(beta_end=1.0), ["beta_end", "0.0001, 1.0", "0 < beta_start <= beta_end < 1"]),
    "betas that fall": (
        lambda: DDPM(beta_start=0.02, beta_end=0.01),
        ["beta_start", "0.02, 0.01", "0 < beta_start <= beta_end < 1"],
    ),
    "variances that leave nothing of an image": (
        lambda: DDPM(beta_end=0.2),
        ["num_timesteps, beta_start, beta_end are 1000, 0.0001, 0.2", "2.1e-47"],
    ),
    "steps that leave nothing of an image": (lambda: DDPM(20_000), ["num_timesteps", "20000", "1.2e-38"]),
    "DDPM's times to flow matching": (
        lambda: FlowMatching().loss(zeros, X, t=T),
        ["t contains", "allowed: numbers from 0 to 1"],
    ),
    "a time that is none": (
        lambda: FlowMatching().loss(zeros, X, t=torch.tensor([0.5, float("nan")])),
        ["t contains nan", "0 to 1"],
    ),
    "labels in bytes to be dropped": (lambda: drop_labels(LABELS.byte(), 0.5), ["labels has", "torch.uint8", "-1"]),
    "predictions for other images": (
        lambda: class_accuracy(torch.arange(4), torch.arange(4)[:, None]),
        ["predicted has", "(4,)", "(4, 1)"],
    ),
    "one prediction for four images": (
        lambda: class_accuracy(torch.arange(1), torch.arange(4)),
        ["predicted has", "(1,)", "(4,)"],
    ),
    "bytes to the judge": (lambda: judge_images(load_judge(), X.byte()), ["images has", "torch.uint8"]),
    "bytes to add_noise": (lambda: DDPM().add_noise(X.byte(), T, X.byte()), ["x_t has", "torch.uint8", "floating"]),
    "whole numbers to predict_clean": (lambda: DDPM().predict_clean(X.int(), T, X), ["x_t has", "torch.int32"]),
    "bytes to DDPM's loss": (lambda: DDPM().loss(zeros, X.byte()), ["images has", "torch.uint8", "floating"]),
    "bytes to flow matching's loss": (lambda: FlowMatching().loss(zeros, X.byte()), ["images has", "torch.uint8"]),
    "bytes beside noise of numbers": (
        lambda: FlowMatching().loss(zeros, X.byte(), noise=X),
        ["images has", "floating"],
    ),
    "bytes beside a noise of DDPM": (lambda: DDPM().loss(zeros, X.byte(), t=T, noise=X), ["images has", "floating"]),
    "one channel from DDPM's model": (
        lambda: DDPM().loss(lambda x, *_: x[:, :1], X),
        ["model's answer", "(2, 1, 8, 8)", "(2, 3, 8, 8)"],
    ),
    "one image from flow matching's model": (
        lambda: FlowMatching().loss(lambda x, *_: x[:1], X),
        ["model's answer", "(1, 3, 8, 8)", "(2, 3, 8, 8)"],
    ),
    "nothing from the model": (lambda: DDPM().loss(lambda *_: None, X), ["model's answer is None", "tensor"]),
    "t -1 to add_noise": (lambda: DDPM().add_noise(X, torch.tensor([-1, 0]), X), ["t contains -1", "0 to 999"]),
    "t 1000 to add_noise": (lambda: DDPM().add_noise(X, torch.tensor([0, 1000]), X), ["t contains 1000", "0 to 999"]),
    "t 10 of 10 to step": (lambda: DDPM(10).step(X, torch.tensor([0, 10]), X), ["t contains 10;", "0 to 9"]),
    "fractional t to add_noise": (lambda: DDPM().add_noise(X, T / 7, X), ["t has", "torch.float32", "integer"]),
    "t of the wrong length to add_noise": (lambda: DDPM().add_noise(X, T[:1], X), ["t has", "(1,)", "(2,)"]),
    "t_prev -2": (lambda: DDPM().ddim_step(X, T, torch.tensor([-2, 0]), X), ["t_prev contains -2", "-1 to 999"]),
    "eta 1.5": (lambda: DDPM().ddim_step(X, T, T - 1, X, eta=1.5), ["eta is 1.5", "from 0", "to 1"]),
    "noise of another shape to add_noise": (
        lambda: DDPM().add_noise(X, T, X[:1]),
        ["noise has", "(1, 3, 8, 8)", "clean, (2, 3, 8, 8)"],
    ),
    "eps of another shape": (
        lambda: DDPM().predict_clean(X, T, X[:, :1]),
        ["eps has", "(2, 1, 8, 8)", "x_t, (2, 3, 8, 8)"],
    ),
    "noise of another shape to DDPM.loss": (
        lambda: DDPM().loss(never_called, X, noise=X[..., :1]),
        ["noise has", "(2, 3, 8, 1)", "(2, 3, 8, 8)"],
    ),
    "noise of another shape to DDPM.sample": (
        lambda: DDPM().sample(never_called, SHAPE, noise=X[:1]),
        ["noise has", "(1, 3, 8, 8)", "(2, 3, 8, 8)"],
    ),
    "DDPM num_steps 0": (lambda: DDPM().sample(never_called, SHAPE, num_steps=0), ["num_steps is 0", "1 to", "1000"]),
    "DDPM num_steps 1001": (
        lambda: DDPM().sample(never_called, SHAPE, num_steps=1001),
        ["num_steps is 1001", "1 to", "1000"],
    ),
    "DDPM num_steps 2.5": (
        lambda: DDPM().sample(never_called, SHAPE, num_steps=2.5),
        ["num_steps is 2.5", "whole number"],
    ),
    "unknown method": (
        lambda: DDPM().sample(never_called, SHAPE, method="dpm++"),
        ["method is 'dpm++'", "'ddpm'", "'ddim'"],
    ),
    "too few labels to DDPM.sample": (
        lambda: DDPM().sample(never_called, SHAPE, torch.tensor([1])),
        ["labels has", "(1,)", "(2,)"],
    ),
    # flow matching
    "flow num_steps 0": (
        lambda: FlowMatching().sample(never_called, SHAPE, num_steps=0),
        ["num_steps is 0", "at least 1"],
    ),
    "unknown solver": (
        lambda: FlowMatching().sample(never_called, SHAPE, solver="midpoint"),
        ["solver is 'midpoint'", "'euler'", "'heun'", "'rk4'"],
    ),
    "unknown time sampling": (
        lambda: FlowMatching("cosine"),
        ["time_sampling is 'cosine'", "'uniform'", "'logit-normal'"],
    ),
    "noise of another shape to interpolate": (
        lambda: FlowMatching().interpolate(X, torch.rand(2), X[:, :1]),
        ["noise has", "(2, 1, 8, 8)", "clean, (2, 3, 8, 8)"],
    ),
    "noise of another shape to velocity": (
        lambda: FlowMatching().velocity(X, X[:1]),
        ["noise has", "(1, 3, 8, 8)", "clean, (2, 3, 8, 8)"],
    ),
    "two-dimensional t to interpolate": (
        lambda: FlowMatching().interpolate(X, torch.rand(2, 1), X),
        ["t has", "(2, 1)", "(2,)"],
    ),
    "noise of another shape to FlowMatching.sample": (
        lambda: FlowMatching().sample(never_called, SHAPE, noise=X[:1]),
        ["noise has", "(1, 3, 8, 8)", "(2, 3, 8, 8)"],
    ),
    # training
    "guidance drop probability 1.5": (lambda: drop_labels(LABELS, 1.5), ["probability is 1.5", "at least 0 and below"]),
    "guidance drop probability 1": (lambda: drop_labels(LABELS, 1.0), ["probability is 1.0", "at least 0 and below"]),
    "guidance drop probability -0.1": (lambda: drop_labels(LABELS, -0.1), ["probability is -0.1", "at least 0"]),
    "EMA decay 1": (lambda: EMA(nn.Linear(1, 1), 1.0), ["decay is 1.0", "at least 0 and below 1"]),
    "EMA decay -0.5": (lambda: EMA(nn.Linear(1, 1), -0.5), ["decay is -0.5", "at least 0 and below 1"]),
    "EMA decay nan": (lambda: EMA(nn.Linear(1, 1), float("nan")), ["decay is nan", "at least 0 and below 1"]),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_bad_call_is_a_value_error_that_names_argument_what_came_and_what_is_allowed(what: str) -> None:
    call, fragments = BAD_CALLS[what]
    with pytest.raises(ValueError, match="; allowed: ") as raised:
        call()
    missing = [fragment for fragment in fragments if fragment not in str(raised.value)]
    assert not missing, str(raised.value)
    # what came stands before what is allowed
    assert fragments[0].rstrip(";") in str(raised.value).split("; allowed: ")[0]


def test_the_same_calls_with_good_arguments_pass() -> None:
    unet(labels=torch.tensor([9, -1]))
    unet(torch.zeros(2, 3, 32, 28))
    DDPM().add_noise(X, torch.tensor([0, 999]), X)
    DDPM().ddim_step(X, T, torch.tensor([-1, 0]), X, eta=1.0)
    DDPM(3).sample(zeros, SHAPE, num_steps=3, method="ddim")
    FlowMatching().sample(zeros, SHAPE, num_steps=1)
    drop_labels(LABELS, 0.0)
    EMA(nn.Linear(1, 1), 0.0)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_labels_of_the_two_usual_integer_types_are_looked_up(dtype: torch.dtype) -> None:
    embed = ClassEmbedding(5, 3)
    assert torch.equal(embed(torch.tensor([4, -1, 0], dtype=dtype)), embed(torch.tensor([4, -1, 0])))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16])
def test_labels_of_smaller_integer_types_are_looked_up_or_refused_for_their_type(dtype: torch.dtype) -> None:
    embed, labels = ClassEmbedding(5, 3), torch.tensor([4, 0, 2])
    try:
        vectors = embed(labels.to(dtype))
    except ValueError as error:
        assert str(dtype) in str(error)  # noqa: PT017  (either answer is a good one)
    else:
        assert torch.equal(vectors, embed(labels))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_times_of_smaller_integer_types_mean_what_they_say_or_are_refused_for_their_type(dtype: torch.dtype) -> None:
    times, ones = torch.tensor([0, 120, 250 if dtype == torch.uint8 else 999]), torch.ones(3, 1, 2, 2)
    try:
        noisy = DDPM().add_noise(ones, times.to(dtype), ones)
    except ValueError as error:
        assert str(dtype) in str(error)  # noqa: PT017  (either answer is a good one)
    else:
        assert torch.equal(noisy, DDPM().add_noise(ones, times, ones))


def test_a_noisy_ddim_step_towards_a_later_time_is_refused() -> None:
    # the variance of equation 16 would be negative there, and its square root NaN
    with pytest.raises(ValueError, match="t_prev"):
        DDPM().ddim_step(X, T, T + 100, X, eta=1.0, noise=X)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 1, 8, 8), (8,)])
def test_noise_of_another_shape_is_refused_by_both_steps_instead_of_spread_over_the_batch(
    shape: tuple[int, ...],
) -> None:
    noise, ddpm = torch.zeros(shape), DDPM()
    with pytest.raises(ValueError, match="noise has shape"):
        ddpm.step(X, T, X, noise)
    with pytest.raises(ValueError, match="noise has shape"):
        ddpm.ddim_step(X, T, T - 1, X, eta=1.0, noise=noise)
