"""A stand-in refuses what the network it stands for refuses, with the same error, and accepts what that accepts."""

import pytest
import torch

from course_lib import FlowMatching, UNet
from course_lib.checks.handle import NewTensorsElsewhere
from course_lib.checks.stand_ins import StandIn, VelocityStandIn

NUMBERS = (0.5, 1.0, 0.3, 0.7)
X, T, LABELS = torch.zeros(3, 3, 8, 8), torch.tensor([0.0, 500.0, 999.0]), torch.tensor([4, -1, 0])


def networks():
    torch.manual_seed(0)
    unet = UNet(base_channels=16, channel_mults=(1, 2), num_res_blocks=1, attention_resolutions=(), num_heads=1)
    return unet.eval(), StandIn(NUMBERS, X).eval()


def outcome(network, args, kwargs):
    """The shape and type of what comes back, or the error."""
    with torch.no_grad():
        try:
            out = network(*args, **kwargs)
        except Exception as error:
            return type(error).__name__, str(error)
    return tuple(out.shape), out.dtype


REFUSED = {
    "floating labels": ((X, T, torch.full_like(T, -1)), {}),
    "true and false for labels": ((X, T, LABELS > 0), {}),
    "labels of another length": ((X, T, LABELS[:2]), {}),
    "labels with an axis too many": ((X, T, LABELS[:, None]), {}),
    "one label without axes": ((X, T, torch.tensor(3)), {}),
    "a number for the labels": ((X, T, -1), {}),
    "a list of labels": ((X, T, [4, -1, 0]), {}),
    "label 10 of ten classes": ((X, T, torch.tensor([4, 10, 0])), {}),
    "label -2": ((X, T, torch.tensor([4, -2, 0])), {}),
    "-1 as a byte": ((X, T, torch.full((3,), 255, dtype=torch.uint8)), {}),
    "times with image axes": ((X, T.reshape(-1, 1, 1, 1), LABELS), {}),
    "times with one axis too many": ((X, T[:, None], LABELS), {}),
    "times of another length": ((X, T[:1], LABELS), {}),
    "a number for the times": ((X, 500.0, LABELS), {}),
    "one time without axes": ((X, torch.tensor(500.0), LABELS), {}),
    "an image without its batch": ((X[0], T, LABELS), {}),
    "flattened images": ((X.flatten(1), T, LABELS), {}),
    "images of one channel": ((X[:, :1], T, LABELS), {}),
    "channels last": ((X.permute(0, 2, 3, 1), T, LABELS), {}),
    "images in float64": ((X.double(), T, LABELS), {}),
    "images in bfloat16": ((X.bfloat16(), T, LABELS), {}),
    "images of whole numbers": ((X.long(), T, LABELS), {}),
    "images and times exchanged": ((T, X, LABELS), {}),
    "times and labels exchanged": ((X, LABELS, T), {}),
    "labels by another name": ((X, T), {"labels": LABELS}),
    "a name that is not there": ((X, T), {"y": LABELS}),
    "no times": ((X,), {}),
    "too many arguments": ((X, T, LABELS, 2.0), {}),
    "labels on another device": ((X, T, LABELS.to("meta")), {}),
    "times on another device": ((X, T.to("meta"), LABELS), {}),
    "times on another device, without labels": ((X, T.to("meta")), {}),
    "whole times on another device": ((X, T.long().to("meta"), LABELS), {}),
    "labels and times on another device": ((X, T.to("meta"), LABELS.to("meta")), {}),
    "images on another device": ((X.to("meta"), T, LABELS), {}),
    "all on another device": ((X.to("meta"), T.to("meta"), LABELS.to("meta")), {}),
}
ACCEPTED = {
    "by position": ((X, T, LABELS), {}),
    "labels None": ((X, T, None), {}),
    "labels left out": ((X, T), {}),
    "labels by their name": ((X, T), {"class_labels": LABELS}),
    "all by name": ((), {"x": X, "t": T, "class_labels": LABELS}),
    "int32 labels": ((X, T, LABELS.int()), {}),
    "whole times": ((X, T.long(), LABELS), {}),
    "times in float64": ((X, T.double(), LABELS), {}),
    "times that are negative or large": ((X, torch.tensor([-5.0, 1e6, 0.5]), LABELS), {}),
    "an empty batch": ((X[:0], T[:0], LABELS[:0]), {}),
    "a batch of one": ((X[:1], T[:1], LABELS[:1]), {}),
    "images of another size": ((torch.zeros(3, 3, 4, 16), T, LABELS), {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_unet_refuses_is_refused_with_its_own_words(case):
    args, kwargs = REFUSED[case]
    unet, stand_in = (outcome(network, args, kwargs) for network in networks())
    assert isinstance(unet[0], str), "the UNet accepts it"
    assert stand_in == unet


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_unet_accepts_is_accepted(case):
    args, kwargs = ACCEPTED[case]
    unet, stand_in = (outcome(network, args, kwargs) for network in networks())
    assert not isinstance(unet[0], str), unet
    assert stand_in == unet


@pytest.mark.parametrize("left_behind", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_on_another_device_it_refuses_what_stays_on_the_cpu(left_behind):
    """As a network on a GPU does; the device meta computes no numbers, and asks as strictly."""
    args = tuple(one if place in left_behind else one.to("meta") for place, one in enumerate((X, T, LABELS)))
    unet, stand_in = networks()[0].to("meta"), StandIn(NUMBERS, X.to("meta")).eval()
    theirs = outcome(unet, args, {})
    assert isinstance(theirs[0], str) == bool(left_behind), theirs
    assert outcome(stand_in, args, {}) == theirs


# what an answer makes in its call, as it may be on the CPU while the images are on a GPU
MADE = {
    "labels left on the CPU": (lambda: (X, T, torch.full((3,), -1)), False),
    "times left on the CPU": (lambda: (X, torch.full((3,), 500.0), LABELS), False),
    "times without labels left on the CPU": (lambda: (X, torch.ones(3) * 500, None), False),
    "labels moved": (lambda: (X, T, torch.full((3,), -1).to(X.device)), True),
    "labels made beside others": (lambda: (X, T, torch.full_like(LABELS, -1)), True),
    "times moved": (lambda: (X, torch.full((3,), 500.0, device=X.device), LABELS), True),
}


@pytest.mark.parametrize("case", MADE)
def test_where_the_check_pretends_another_device_both_refuse_the_same(case):
    make, is_right = MADE[case]
    kinds = []
    for network in networks():
        with NewTensorsElsewhere():
            kinds.append(outcome(network, make(), {})[0])
    assert kinds == ([(3, 3, 8, 8)] * 2 if is_right else ["RuntimeError"] * 2)


# where torch puts what is made of something, with T on a GPU: beside T, or on the CPU
COPIES = {
    "a tensor of a tensor": (lambda: torch.tensor(T), True),
    "a tensor of a tensor, in another type": (lambda: torch.tensor(T, dtype=torch.float64), True),
    "as_tensor of a tensor": (lambda: torch.as_tensor(T), True),
    "asarray of a tensor, by name": (lambda: torch.asarray(obj=T), True),
    "a tensor of its numbers": (lambda: torch.tensor(T.tolist()), False),
    "a tensor of a list of tensors": (lambda: torch.tensor([T[0], T[1], T[2]]), False),
    "as_tensor of its numbers": (lambda: torch.as_tensor(T.tolist()), False),
    "a tensor of one that was left behind": (lambda: torch.tensor(torch.ones(3)), False),
    "a tensor of a tensor, sent to the CPU": (lambda: torch.tensor(T, device="cpu"), False),
    "a tensor of its numbers, sent to its device": (lambda: torch.tensor(T.tolist(), device=T.device), True),
}


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor")
@pytest.mark.parametrize("case", COPIES)
def test_what_is_made_of_a_tensor_stays_beside_it_and_what_is_made_of_numbers_does_not(case):
    make, is_right = COPIES[case]
    with NewTensorsElsewhere():
        made = make()
        if is_right:
            assert (made + T).shape == T.shape
        else:
            with pytest.raises(RuntimeError, match="same device"):
                made + T


@pytest.mark.parametrize("use", ["parameters", "state_dict", "eval", "train", "training", "forward", "modules"])
def test_a_network_has_what_networks_have(use):
    assert all(hasattr(network, use) for network in networks())
    stand_in = StandIn(NUMBERS, X.double())
    assert stand_in.training
    assert not stand_in.eval().training
    parameter = next(stand_in.parameters())
    assert (parameter.dtype, parameter.device, parameter.requires_grad) == (torch.float64, X.device, True)


def test_every_input_changes_the_prediction_and_no_class_is_none():
    stand_in, x = StandIn(NUMBERS, X), torch.randn(3, 3, 8, 8)
    seen = [
        stand_in(x, T, LABELS),
        stand_in(x.flip(-1), T, LABELS).flip(-1),
        stand_in(x, T + 1, LABELS),
        stand_in(x, T, None),
        *(stand_in(x, T, torch.full((3,), label)) for label in range(10)),
    ]
    for place, one in enumerate(seen):
        assert all((one - other).abs().max() > 1e-3 for other in seen[:place])
    assert torch.equal(stand_in(x, T, None), stand_in(x, T, torch.full((3,), -1)))


def test_the_gain_gets_the_gradient_of_a_parameter():
    gain = torch.tensor(2.0, requires_grad=True)
    x = torch.randn(3, 3, 8, 8)
    stand_in = StandIn(NUMBERS, X, gain=gain)
    stand_in(x, T, LABELS).sum().backward()
    torch.testing.assert_close(gain.grad, StandIn(NUMBERS, X)(x, T, LABELS).sum().detach())


def velocity_of_the_library(model):
    """The velocity_at that the library's own sampler hands its solvers."""
    from course_lib import flow_matching

    found = []

    def solver(velocity_at, x, t, t_next, v):
        found.append(velocity_at)
        return x

    flow_matching.SOLVERS["caught"] = solver
    try:
        list(FlowMatching().sample_steps(model, X.shape, num_steps=1, solver="caught", noise=X))
    finally:
        del flow_matching.SOLVERS["caught"]
    return found[0]


@pytest.mark.parametrize(
    "args",
    [
        (0.3, X),
        (X, torch.full((3,), 0.3)),
        (X, torch.full((3, 1, 1, 1), 0.3)),
        (X, "0.3"),
        (X, None),
        (X[0], 0.3),
        (X[:, :2], 0.3),
        (X,),
    ],
)
def test_a_velocity_field_refuses_what_the_samplers_own_refuses(args):
    theirs = outcome(velocity_of_the_library(StandIn(NUMBERS, X)), args, {})
    assert isinstance(theirs[0], str)
    found = outcome(VelocityStandIn(NUMBERS, X), args, {})
    assert found[0] == theirs[0]
    if len(args) == 2:
        assert found[1] == theirs[1]


def test_a_velocity_field_takes_another_precision_as_the_samplers_own_does():
    theirs = velocity_of_the_library(StandIn(NUMBERS, X))(X.double(), 0.3)
    found = VelocityStandIn(NUMBERS, X)(X.double(), 0.3)
    assert found.dtype == theirs.dtype == torch.float64


@pytest.mark.parametrize("t", [0.3, 0, 1, torch.tensor(0.3), torch.tensor(0.3, dtype=torch.float64)])
def test_a_velocity_field_takes_one_number_for_the_whole_batch(t):
    field, x = VelocityStandIn(NUMBERS, X), torch.randn(3, 3, 8, 8)
    torch.testing.assert_close(field(x, t), field(x, float(t)))
    assert [time for _, time in field.calls] == [float(t)] * 2
    assert outcome(velocity_of_the_library(StandIn(NUMBERS, X)), (X, t), {}) == ((3, 3, 8, 8), torch.float32)
