"""The library in other people's hands: half precision, vmap, hooks, numbers of numpy, default devices and types."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from course_lib import DDPM, FlowMatching, UNet
from course_lib.class_embedding import ClassEmbedding
from course_lib.data import load_dataset
from course_lib.data.shapes import draw_shapes
from course_lib.editing import split_of
from course_lib.ema import EMA
from course_lib.evaluation.classifier import judge_images, load_judge
from course_lib.seeds import mixed_seed
from course_lib.straightening import guided_within
from course_lib.time_embedding import SinusoidalPositionEmbedding
from course_lib.training.batches import training_batch
from course_lib.training.config import TrainingConfig, make_process
from course_lib.training.draw import draw_images
from course_lib.training.saved_model import TrainedModel
from course_lib.training.train import train

SMALL = {"base_channels": 8, "channel_mults": (1, 2), "num_res_blocks": 1, "dropout": 0.0}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return UNet(**SMALL).eval()


def close(a, b, tolerance):
    assert a.shape == b.shape
    assert (a.double() - b.double()).abs().max() < tolerance


# ---- precision ----


@pytest.mark.parametrize(
    "convert",
    [
        lambda ddpm: ddpm.half(),
        lambda ddpm: ddpm.bfloat16(),
        lambda ddpm: ddpm.float(),
        lambda ddpm: ddpm.to(torch.float16),
        lambda ddpm: ddpm.to("cpu", torch.bfloat16),
        lambda ddpm: nn.ModuleList([ddpm]).half()[0],
        lambda ddpm: copy.deepcopy(ddpm).half(),
        lambda ddpm: ddpm.type(torch.float32),
    ],
)
def test_the_schedule_stays_exact(convert):
    exact, converted = DDPM(), convert(DDPM())
    assert torch.equal(converted.alphas_cumprod, exact.alphas_cumprod)
    assert torch.equal(converted.betas, exact.betas)
    assert DDPM().to("meta").betas.device.type == "meta"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize(
    ("process", "options"),
    [
        (DDPM(), {"method": "ddpm", "num_steps": 4}),
        (DDPM(), {"method": "ddim", "num_steps": 4}),
        (FlowMatching(), {"num_steps": 3, "solver": "heun"}),
        (FlowMatching(), {"num_steps": 2, "solver": "rk4"}),
    ],
)
def test_half_and_double_networks_draw_what_the_single_one_draws(network, dtype, process, options):
    def drawn(model):
        generator = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
        return process.sample(
            model, (2, 3, 8, 8), torch.tensor([1, 2]), guidance_scale=2.0, generator=generator, **options
        )

    converted = drawn(copy.deepcopy(network).to(dtype))
    assert converted.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    # near t = T a DDPM divides by 0.006, so that single pixels may differ
    assert (converted - drawn(network)).abs().mean() < {torch.float16: 0.01, torch.bfloat16: 0.1, torch.float64: 1e-4}[
        dtype
    ]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_frequencies_and_angles_are_computed_in_float32_at_least(dtype):
    times = torch.tensor([1.0, 250.0, 512.0], dtype=dtype)
    close(SinusoidalPositionEmbedding(64)(times), SinusoidalPositionEmbedding(64)(times.double()), 1e-4)


def test_an_average_of_half_precision_weights_moves():
    for dtype in (torch.float16, torch.bfloat16):
        model = nn.Linear(4, 4).to(dtype)
        ema = EMA(model, 0.9999)
        nn.init.ones_(model.weight)
        start = ema.average.weight.clone()
        for step in range(100_000, 100_010):
            ema.update(model, step)
        moved = (ema.average.weight - start) / (1 - start)
        close(moved, torch.full_like(moved, 1 - 0.9999**10), 1e-5)


# ---- torch.func and hooks ----


@pytest.mark.parametrize("process", [DDPM(), FlowMatching()], ids=["ddpm", "flow"])
def test_per_sample_gradients_are_those_of_each_sample_alone(network, process):
    weights = {name: weight.detach() for name, weight in network.named_parameters()}
    images, noise = torch.randn(3, 3, 8, 8), torch.randn(3, 3, 8, 8)
    labels = torch.tensor([0, -1, 9])
    t = torch.tensor([3, 500, 999]) if isinstance(process, DDPM) else torch.tensor([0.1, 0.5, 0.9])

    def loss(weights, image, label, time, drawn):
        def model(*inputs):
            return functional_call(network, weights, inputs)

        return process.loss(model, image[None], label[None], t=time[None], noise=drawn[None])

    together = vmap(grad(loss), in_dims=(None, 0, 0, 0, 0))(weights, images, labels, t, noise)
    for index in range(3):
        alone = grad(loss)(weights, images[index], labels[index], t[index], noise[index])
        for name, gradient in alone.items():
            close(together[name][index], gradient, 1e-4)


def test_vmap_over_labels_over_times_and_over_networks(network):
    x, t, labels = torch.randn(2, 3, 8, 8), torch.tensor([3, 700]), torch.tensor([1, -1])
    with torch.no_grad():
        for inputs, axes in [
            ((x, t, torch.tensor([[1, 2], [3, -1]])), (None, None, 0)),
            ((x, torch.tensor([[1, 2], [30, 999]]), labels), (None, 0, None)),
            ((torch.randn(2, 2, 3, 8, 8), t, labels), (0, None, None)),
        ]:
            result = vmap(network, in_dims=axes)(*inputs)
            for index in range(2):
                one = [part if axis is None else part[index] for part, axis in zip(inputs, axes, strict=True)]
                close(result[index], network(*one), 1e-5)
        networks = [network, UNet(**SMALL).eval()]
        weights, buffers = stack_module_state(networks)
        result = vmap(lambda w, b: functional_call(networks[0], (w, b), (x, t, labels)))(weights, buffers)
        for index, one in enumerate(networks):
            close(result[index], one(x, t, labels), 1e-5)
    # a wrong label is still an error where it can be seen
    with pytest.raises(ValueError, match="class_labels contains 10"):
        ClassEmbedding(10, 4)(torch.tensor([10]))


def test_forward_hooks_see_what_each_module_gave(network):
    kept, copies = {}, {}

    def keep(name):
        def hook(_module, _inputs, output):
            kept[name], copies[name] = output, output.clone()

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in network.named_modules() if name]
    with torch.no_grad():
        network(torch.randn(2, 3, 32, 32), torch.tensor([3, 700]), torch.tensor([1, -1]))
    for hook in hooks:
        hook.remove()
    assert len(kept) > 60
    assert [name for name in kept if not torch.equal(kept[name], copies[name])] == []


# ---- what people pass ----


def test_numbers_lists_and_numpys_integers():
    ddpm, x = DDPM(np.int64(1000)), torch.randn(2, 3, 8, 8)
    expected = ddpm.add_noise(x, torch.tensor([7, 7]), x)
    for t in (7, np.int64(7), np.int32(7), [7, 7], (7, 7), [np.int64(7), 7], torch.tensor([7, 7], dtype=torch.uint8)):
        assert torch.equal(ddpm.add_noise(x, t, x), expected)
    model = UNet(**SMALL | {"base_channels": np.int64(8), "channel_mults": np.array([1, 2])})
    for t in (7, 7.5, [7, 7], np.int64(7), "7", None, np.array([7, 7])):
        with pytest.raises(ValueError, match="t is "):
            model(x, t)
    zero = lambda x, t, labels: torch.zeros_like(x)  # noqa: E731
    assert FlowMatching().sample(zero, (2, 3, 8, 8), num_steps=np.int64(2)).shape == (2, 3, 8, 8)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: UNet(channel_mults=5), "channel_mults"),
        (lambda: UNet(channel_mults="124"), "channel_mults"),
        (lambda: UNet(attention_resolutions=8), "attention_resolutions"),
        (lambda: UNet(dropout="0.1"), "dropout"),
        (lambda: UNet(dropout=float("nan")), "dropout"),
        (lambda: UNet(base_channels=8.0), "base_channels"),
        (lambda: SinusoidalPositionEmbedding("64"), "dim"),
        (lambda: DDPM(beta_end="0.02"), "beta_end"),
        (lambda: DDPM(beta_end=float("nan")), "beta_end"),
        (lambda: DDPM().add_noise(torch.zeros(2, 3, 8, 8), [1, 2.5], torch.zeros(2, 3, 8, 8)), "t is"),
        (lambda: DDPM().add_noise([0.0], [1], [0.0]), "noise is"),
        (lambda: UNet(**SMALL)(torch.zeros(1, 3, 8, 8, dtype=torch.float64), torch.tensor([1])), "x has type"),
        (lambda: UNet(**SMALL)(torch.zeros(1, 3, 8, 8, device="meta"), torch.tensor([1])), "x is on meta"),
        (lambda: UNet(**SMALL)(np.zeros((1, 3, 8, 8)), torch.tensor([1])), "x is"),
        (lambda: UNet(**SMALL)(torch.zeros(1, 3, 8, 8), torch.tensor([1]), [1]), "class_labels is"),
        (lambda: DDPM().sample(lambda x, t, _: x.to("meta"), (1, 3, 8, 8), num_steps=2), "model's answer is on meta"),
        (lambda: DDPM().sample(lambda x, t, _: x[:, :1], (1, 3, 8, 8), num_steps=2), "model's answer has shape"),
        (lambda: FlowMatching().sample(lambda x, t, _: None, (1, 3, 8, 8)), "model's answer is None"),
        (
            lambda: FlowMatching().sample(lambda x, t, _: UNet(**SMALL).double().conv_in(x), (1, 3, 8, 8)),
            "model cannot",
        ),
        (lambda: FlowMatching().sample(nn.Identity(), (1, 3, 8, 8), guidance_scale=float("nan")), "guidance_scale"),
        (lambda: DDPM().sample(nn.Identity(), (1, 3, 8, 8), guidance_scale="2"), "guidance_scale"),
        (lambda: DDPM().sample(nn.Identity(), (2, 3, 8, 8), generator=[torch.Generator()]), "generator holds 1"),
        (lambda: EMA(nn.Linear(1, 1), "0.9"), "decay"),
    ],
)
def test_what_cannot_work_names_the_argument(call, name):
    with pytest.raises(ValueError, match=name):
        call()


def test_other_default_types_and_devices():
    """The default device "meta" stands in for a GPU: what is created there by mistake has no numbers."""
    data, process = draw_shapes(20), make_process(TrainingConfig())
    batch = training_batch(TrainingConfig(batch_size=4), data, process, 0)
    for switch, back in [
        (lambda: torch.set_default_device("meta"), lambda: torch.set_default_device(None)),
        (lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_default_dtype(torch.float32)),
        (lambda: torch.set_default_dtype(torch.float16), lambda: torch.set_default_dtype(torch.float32)),
    ]:
        switch()
        try:
            assert torch.equal(draw_shapes(20).pixels, data.pixels)
            same = training_batch(TrainingConfig(batch_size=4), draw_shapes(20), process, 0)
            assert torch.equal(data[3][0], draw_shapes(20)[3][0])
            assert len(load_dataset("fashion-mnist")) == 10_000
            schedule = DDPM()
            assert schedule.betas.dtype == torch.float64
            embedded = SinusoidalPositionEmbedding(64)(torch.tensor([999], device="cpu"))
        finally:
            back()
        for part, other in zip(batch, same, strict=True):
            assert torch.equal(part, other)
        close(embedded, SinusoidalPositionEmbedding(64)(torch.tensor([999])), 1e-4)


def test_bytes_are_labels_for_a_sampler(network):
    """In a byte -1, "no class", would be 255."""
    drawn = {}
    for labels in (torch.tensor([1, 9]), torch.tensor([1, 9], dtype=torch.uint8)):
        options = {"num_steps": 2, "guidance_scale": 2.0, "generator": torch.Generator().manual_seed(0)}
        drawn[labels.dtype] = FlowMatching().sample(network, (2, 3, 8, 8), labels, **options)
    assert torch.equal(*drawn.values())


def test_training_and_judging_under_another_default_type(tmp_path):
    config = TrainingConfig(data="shapes", unet=SMALL, steps=1, batch_size=2)
    torch.set_default_dtype(torch.float64)
    try:
        train(config, tmp_path / "double", cpu=True, grids=False)
        features, _ = judge_images(load_judge(), torch.zeros(1, 3, 32, 32))
    finally:
        torch.set_default_dtype(torch.float32)
    train(config, tmp_path / "single", cpu=True, grids=False)
    weights, same = (load_file(tmp_path / name / "model.safetensors") for name in ("double", "single"))
    assert all(torch.equal(values, same[name]) for name, values in weights.items())
    assert features.dtype == torch.float32


def test_training_leaves_the_random_numbers_alone(tmp_path):
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    train(TrainingConfig(data="shapes", unet=SMALL, steps=1, batch_size=2), tmp_path / "run", cpu=True, grids=False)
    assert torch.equal(torch.rand(3), wanted)


def test_a_network_in_bfloat16_is_told_the_time_exactly():
    """Between 512 and 1,024 bfloat16 knows every fourth number only."""
    told = []

    def model(x, t, labels):
        told.append(t)
        return torch.zeros_like(x)

    x, labels = torch.zeros(2, 3, 8, 8, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.long)
    split_of(FlowMatching(), model)(x, 0.777)
    guided_within(model, x, 0.777, labels, 1.0, 0.0, 1.0)
    for times in told:
        close(times, torch.full((2,), 777.0), 1e-3)


def test_weights_of_wrapped_networks_load(network):
    weights = network.state_dict()
    for wrapper in ("_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module."):
        fresh = UNet(**SMALL)
        fresh.load_state_dict({wrapper + name: weight for name, weight in weights.items()})
        assert all(torch.equal(weight, weights[name]) for name, weight in fresh.state_dict().items())


# ---- seeds ----


def trained_with(network, process):
    return TrainedModel(network, process, TrainingConfig(), tuple("abcdefghij"), 0)


@pytest.mark.parametrize("solver", ["euler", "ddim", "ddpm"])
def test_a_picture_depends_on_seed_class_and_number_alone(network, solver):
    trained = trained_with(network, FlowMatching() if solver == "euler" else DDPM(20))
    options = {"num_steps": 3, "solver": solver, "guidance_scale": 1.5, "seed": 7}
    labels = torch.tensor([3, 3, 5, 3, 5, 9])
    whole = draw_images(trained, labels, **options)
    for batch_size in (1, 2, 4):
        close(draw_images(trained, labels, batch_size=batch_size, **options), whole, 1e-4)
    close(draw_images(trained, torch.tensor([9, 3]), **options), whole[[5, 0]], 1e-4)
    close(draw_images(trained, torch.tensor([5, 5]), **options), whole[[2, 4]], 1e-4)
    assert (whole[0] - whole[1]).abs().max() > 0.1


def test_neighbouring_seeds_share_no_picture_no_batch_and_no_dropout(network):
    trained = trained_with(network, FlowMatching())
    labels = torch.zeros(30, dtype=torch.long)
    drawn = [draw_images(trained, labels, seed=seed, num_steps=1).flatten(1) for seed in range(3)]
    for one, other in [(0, 1), (1, 2), (0, 2)]:
        assert torch.cdist(drawn[one], drawn[other]).min() > 1
    seeds = {mixed_seed(seed, step, rank, stream=stream) for seed in range(5) for step in range(50)
             for rank in range(2) for stream in range(4)}  # fmt: skip
    assert len(seeds) == 5 * 50 * 2 * 4
