"""Muon: a step of the same size in every direction of a matrix, for the network's weight matrices."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

# how fast a matrix moves, against the learning rate of the rest: 0.02 for 0.005, as measured (see the README)
MATRIX_RATE = 4.0
MOMENTUM = 0.95
# a, b, c of the polynomial a x + b x^3 + c x^5: five rounds bring all from 0.002 to 1 to between 0.68 and 1.21
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
IMAGE_CHANNELS = 3


class Muon(torch.optim.AdamW):
    """AdamW, but the weights of Linears and inner convolutions take Muon's step.

    Their gradient, averaged over the last steps, is replaced by the nearest matrix whose singular values are all about
    1, so that no direction waits for the others. A convolution's kernel (O, I, K, K) counts as the matrix (O, I K K).
    The convolutions that read or write the image, tables, norms and biases are AdamW's: they are no matrices that map
    features to features.

    Args:
        model: whose parameters to train.
        learning_rate: AdamW's; a matrix moves `MATRIX_RATE` times as fast, without weight decay.
        beta2, weight_decay: of AdamW (beta1 is 0.9); fused: its whole update in one kernel.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    def __init__(
        self, model: nn.Module, learning_rate: float, beta2: float, weight_decay: float, *, fused: bool = False
    ) -> None:
        matrices = inner_matrices(model)
        chosen = {id(weight) for weight in matrices}
        rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
        groups = [{"params": rest, "matrices": False}, {"params": matrices, "matrices": True}]
        super().__init__(
            [group for group in groups if group["params"]],
            lr=learning_rate,
            betas=(0.9, beta2),
            weight_decay=weight_decay,
            fused=fused,
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step of every parameter that has a gradient; returns what `closure` gives, as every optimizer does."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moved = []
        for group in self.param_groups:
            if group["matrices"]:
                moved += [(weight, weight.grad) for weight in group["params"] if weight.grad is not None]
                self._move_matrices(group["lr"], [weight for weight in group["params"] if weight.grad is not None])
        # AdamW passes over what has no gradient
        for weight, _ in moved:
            weight.grad = None
        super().step()
        for weight, gradient in moved:
            weight.grad = gradient
        return loss

    def _move_matrices(self, learning_rate: float, weights: list[Tensor]) -> None:
        # those of one shape go through the rounds together
        by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = {}
        for weight in weights:
            state = self.state[weight]
            if not state:
                state["step"] = torch.tensor(0.0)  # which AdamW asks of whatever it loads
                state["mean"] = torch.zeros_like(weight)
            state["step"] += 1
            state["mean"].lerp_(weight.grad, 1 - MOMENTUM)
            # Nesterov's look ahead: the mean as it would be if this gradient came once more
            direction = weight.grad.lerp(state["mean"], MOMENTUM).flatten(1)
            by_shape.setdefault(tuple(direction.shape), []).append((weight, direction))
        for (rows, columns), entries in by_shape.items():
            steps = orthogonalised(torch.stack([direction for _, direction in entries]))
            # tall matrices have fewer directions than rows: a longer step moves each row as far
            rate = learning_rate * MATRIX_RATE * math.sqrt(max(1.0, rows / columns))
            for (weight, _), step in zip(entries, steps, strict=True):
                weight.sub_(step.reshape(weight.shape).to(weight.dtype), alpha=rate)


def inner_matrices(model: nn.Module) -> list[Tensor]:
    """The weights of all Linears, and of the convolutions that neither read nor write the image's three channels."""
    linears = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    convolutions = [
        layer.weight
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d) and IMAGE_CHANNELS not in (layer.in_channels, layer.out_channels)
    ]
    return list(dict.fromkeys(linears + convolutions))


def orthogonalised(matrices: Tensor, rounds: int = ROUNDS) -> Tensor:
    """Each matrix with its singular values brought near 1, its singular vectors kept: U S V^T becomes about U V^T.

    A singular value s is sent through a s + b s^3 + c s^5 again and again. With X X^T = A the polynomial is
    P X = (a + b A + c A^2) X, and P X has the new A, P A P: all rounds work on the small side's square matrix.

    Shapes: (N, R, C) -> (N, R, C), computed in float32 at least.
    Source: Jordan et al. 2024 for the coefficients; Bernstein and Newhouse 2024 for the iteration.
    """
    if matrices.shape[-2] > matrices.shape[-1]:
        return orthogonalised(matrices.mT, rounds).mT
    exact = torch.promote_types(matrices.dtype, torch.float32)
    with torch.autocast(matrices.device.type, enabled=False):
        matrices = matrices.to(exact)
        # no singular value above 1 to begin with, since none is above the root of the sum of all squares
        matrices = matrices / matrices.norm(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(exact).tiny)
        a, b, c = COEFFICIENTS
        gram = matrices @ matrices.mT
        one = torch.eye(gram.shape[-1], device=gram.device, dtype=exact)
        transform = one
        for _ in range(rounds):
            polynomial = a * one + b * gram + c * (gram @ gram)
            transform = polynomial @ transform
            gram = polynomial @ gram @ polynomial
        return transform @ matrices
