"""What several test modules share: reproducible numbers, perturbed parameters, models that remember their calls."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Predict = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def randn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal numbers that depend on nothing but `seed` and `shape`."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def perturb(module: nn.Module, seed: int = 0) -> nn.Module:
    """Move every parameter away from where initialisation put it (weight 1 and bias 0 of a norm hide mistakes)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            fan_in = math.prod(parameter.shape[1:])
            shift = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(0.3 / math.sqrt(fan_in) * shift.to(parameter.dtype))
    return module


def relative_difference(actual: Tensor, expected: Tensor) -> float:
    """Largest absolute difference, as a share of the largest expected value."""
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def assert_close(actual: Tensor, expected: Tensor, rtol: float = 0.0, atol: float = 0.0) -> None:
    """`torch.testing.assert_close` with tolerances of zero unless they are given."""
    torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol)


def words_of(outputs: Iterable[dict]) -> str:
    """What a cell printed, and what its verdicts say: a card has the same words as text."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


class Recorder:
    """A model that remembers every call it gets and answers with `predict`."""

    def __init__(self, predict: Predict) -> None:
        self.predict = predict
        self.calls: list[tuple[Tensor, Tensor, Tensor | None]] = []

    def __call__(self, x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
        self.calls.append((x.clone(), t.clone(), None if labels is None else labels.clone()))
        return self.predict(x, t, labels)


def predict_by_label(x: Tensor, t: Tensor, labels: Tensor | None) -> Tensor:
    """Something cheap that depends on the image, the time and the label, each in its own way."""
    gain = torch.zeros(len(x), dtype=x.dtype) if labels is None else (labels + 1).to(x.dtype)
    gain, time = (v.reshape(-1, 1, 1, 1) for v in (gain, t.to(x.dtype)))
    return (0.3 + 0.1 * gain) * torch.tanh(x) + 0.2 * torch.cos(time / 100 + gain)


# Two by two design: u and v have mean 0 and variance 1 and are uncorrelated, so that over these four pixels the mean of
# any quadratic of (u, v) is exactly its expectation over two independent standard normals.
DESIGN_U = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64).reshape(1, 1, 2, 2)
DESIGN_V = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64).reshape(1, 1, 2, 2)
