"""Muon, against the singular value decomposition, torch's own Muon, and AdamW."""

import pytest
import torch
from torch import nn

from course_lib.training.muon import MATRIX_RATE, Muon, inner_matrices, orthogonalised
from course_lib.unet import UNet

WIDE, TALL, SQUARE = (5, 24, 90), (3, 80, 12), (2, 32, 32)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [WIDE, TALL, SQUARE])
def test_the_singular_vectors_stay_and_the_values_become_those_of_the_polynomial(shape):
    matrices = random(*shape).double()
    u, s, v = torch.linalg.svd(matrices, full_matrices=False)
    s = s / s.norm(dim=-1, keepdim=True)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    torch.testing.assert_close(orthogonalised(matrices), u @ torch.diag_embed(s) @ v, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(orthogonalised(matrices.float()), orthogonalised(matrices).float(), rtol=0, atol=2e-3)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_size_of_the_gradient_does_not_matter(scale):
    matrices = random(*WIDE)
    torch.testing.assert_close(orthogonalised(scale * matrices), orthogonalised(matrices), rtol=0, atol=2e-3)


def test_singular_values_of_random_matrices_come_near_one():
    values = torch.linalg.svdvals(orthogonalised(random(*WIDE)))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_no_gradient_and_one_of_low_rank_stay_finite():
    line = random(1, 24, 1) @ random(1, 1, 90)
    values = torch.linalg.svdvals(orthogonalised(line))[0]
    assert 0.6 < values[0] < 1.3
    assert values[1] < 0.05
    assert not orthogonalised(torch.zeros(1, 4, 6)).any()


def test_all_linears_and_inner_convolutions_are_matrices_and_nothing_else():
    model = UNet(base_channels=16, channel_mults=(1, 2), num_res_blocks=1)
    chosen = {id(weight) for weight in inner_matrices(model)}
    names = {name for name, parameter in model.named_parameters() if id(parameter) in chosen}
    others = {name for name, parameter in model.named_parameters() if parameter.ndim >= 2} - names
    assert others == {"conv_in.weight", "conv_out.weight", "class_embed.embedding.weight"}
    assert all(name.endswith("weight") for name in names)
    assert sum(parameter.numel() for parameter in Muon(model, 1e-3, 0.99, 0.0).param_groups[1]["params"]) == sum(
        weight.numel() for weight in inner_matrices(model)
    )


def test_a_weight_used_twice_moves_once():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    assert len(inner_matrices(nn.Sequential(first, second))) == 1


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon came with torch 2.9")
@pytest.mark.parametrize("shape", [(24, 40), (40, 24)])
def test_a_matrix_moves_as_torchs_own_muon_moves_it(shape):
    ours, theirs = nn.Linear(*shape, bias=False), nn.Linear(*shape, bias=False)
    theirs.load_state_dict(ours.state_dict())
    rate = 0.005
    optimizers = (
        Muon(ours, rate, 0.99, 0.01),
        torch.optim.Muon(theirs.parameters(), lr=MATRIX_RATE * rate, weight_decay=0.0, momentum=0.95),
    )
    start = ours.weight.detach().clone()
    for step in range(6):
        for layer, optimizer in zip((ours, theirs), optimizers, strict=True):
            layer.weight.grad = random(*layer.weight.shape, seed=step)
            optimizer.step()
    # torch's own computes in bfloat16, with three digits
    difference = (ours.weight - theirs.weight).norm() / (theirs.weight - start).norm()
    assert difference < 0.02


def test_a_convolution_moves_as_the_linear_of_its_flattened_kernel():
    convolution, linear = nn.Conv2d(6, 10, 3, bias=False), nn.Linear(6 * 9, 10, bias=False)
    with torch.no_grad():
        linear.weight.copy_(convolution.weight.flatten(1))
    convolution.weight.grad = random(10, 6, 3, 3).contiguous(memory_format=torch.channels_last)
    linear.weight.grad = random(10, 6, 3, 3).flatten(1)
    for layer in (convolution, linear):
        Muon(layer, 0.005, 0.99, 0.01).step()
    torch.testing.assert_close(convolution.weight.flatten(1), linear.weight, rtol=1e-5, atol=1e-6)


def test_what_is_no_matrix_moves_as_adamw_moves_it_and_gradients_stay():
    ours, theirs = nn.Linear(4, 4), nn.Linear(4, 4)
    theirs.load_state_dict(ours.state_dict())
    optimizers = Muon(ours, 0.01, 0.99, 0.1), torch.optim.AdamW([theirs.bias], 0.01, (0.9, 0.99), weight_decay=0.1)
    for step in range(3):
        for layer, optimizer in zip((ours, theirs), optimizers, strict=True):
            layer.bias.grad, layer.weight.grad = random(4, seed=step), random(4, 4, seed=step)
            optimizer.step()
    torch.testing.assert_close(ours.bias, theirs.bias)
    torch.testing.assert_close(ours.weight.grad, random(4, 4, seed=2))


def test_parameters_without_a_gradient_stay():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = Muon(model, 0.01, 0.99, 0.1)
    model[0](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    moved = [not torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True)]
    assert moved == [True, True, False, False]


def test_a_closure_is_called_with_gradients_and_its_loss_returned():
    layer = nn.Linear(3, 2)
    optimizer = Muon(layer, 0.01, 0.99, 0.1)

    def closure() -> torch.Tensor:
        loss = layer(torch.ones(1, 3)).square().sum()
        loss.backward()
        return loss

    before = layer(torch.ones(1, 3)).square().sum()
    assert torch.equal(optimizer.step(closure), before)
    assert layer(torch.ones(1, 3)).square().sum() < before


def test_an_optimizer_loaded_from_its_file_goes_on_with_the_same_bits(tmp_path):
    def steps(model: nn.Module, optimizer: Muon, which: range) -> None:
        for step in which:
            for number, parameter in enumerate(model.parameters()):
                parameter.grad = random(*parameter.shape, seed=100 * step + number)
            optimizer.step()

    torch.manual_seed(0)
    whole, resumed = (nn.Sequential(nn.Conv2d(4, 8, 3), nn.GroupNorm(2, 8)) for _ in range(2))
    resumed.load_state_dict(whole.state_dict())
    optimizer = Muon(whole, 0.005, 0.99, 0.01)
    steps(whole, optimizer, range(6))
    optimizer = Muon(resumed, 0.005, 0.99, 0.01)
    steps(resumed, optimizer, range(3))
    torch.save(optimizer.state_dict(), tmp_path / "state")
    optimizer = Muon(resumed, 0.005, 0.99, 0.01)
    optimizer.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    steps(resumed, optimizer, range(3, 6))
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
