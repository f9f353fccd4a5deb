"""Questions before a run: a healthy network passes them all, every kind of doomed run is stopped with its reason."""

import dataclasses

import pytest
import torch
from torch import nn

from course_lib import DDPM, FlowMatching, UNet
from course_lib.data import load_dataset
from course_lib.training.batches import training_batch
from course_lib.training.config import PROFILES, make_process
from course_lib.training.preflight import ema_fits, preflight, starting_loss, timed_steps

TINY = {"base_channels": 16, "channel_mults": (1, 2), "num_res_blocks": 1, "dropout": 0.0}
QUESTIONS = ["average of the weights", "loss at the start", "one batch can be learned", "it hears the time"]
QUESTIONS += ["it hears the class"]


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("shapes")


def config_for(method="flow", **changes):
    return dataclasses.replace(PROFILES["lesson"], method=method, data="shapes", unet=TINY, **changes)


def findings(dataset, make_model=UNet, method="flow", process=None, **changes):
    config = config_for(method, **changes)
    return list(preflight(config, dataset, process or make_process(config), make_model))


@pytest.mark.parametrize("method", ["ddpm", "flow"])
def test_a_healthy_network_may_start(dataset, method):
    found = findings(dataset, method=method)
    assert [finding.name for finding in found] == QUESTIONS
    assert all(finding.fine for finding in found), found


class DeafToTime(UNet):
    def forward(self, x, t, class_labels=None):
        return super().forward(x, torch.zeros_like(t), class_labels)


class DeafToClass(UNet):
    def forward(self, x, t, class_labels=None):
        return super().forward(x, t, None)


class LoudOutput(UNet):
    def forward(self, x, t, class_labels=None):
        return 30 * super().forward(x, t, class_labels)


class NotANumber(UNet):
    def forward(self, x, t, class_labels=None):
        return super().forward(x, t, class_labels) / 0


class CutOff(UNet):
    def forward(self, x, t, class_labels=None):
        return super().forward(x, t, class_labels).detach()


@pytest.mark.parametrize(
    ("make_model", "name", "word"),
    [
        (DeafToTime, "it hears the time", "deaf"),
        (DeafToClass, "it hears the class", "deaf"),
        (LoudOutput, "loss at the start", "Far too large"),
        (NotANumber, "loss at the start", "Not a number"),
        (CutOff, "one batch can be learned", "detach"),
    ],
)
def test_a_doomed_network_is_stopped_with_the_reason(dataset, make_model, name, word):
    wrong = [finding for finding in findings(dataset, make_model) if not finding.fine]
    assert [finding.name for finding in wrong][:1] == [name]
    assert word in wrong[0].text


def test_groups_of_one_channel_are_found_out_by_the_first_or_second_ear(dataset):
    """The document's silent trap: GroupNorm with one channel a group, in every block."""

    def one_channel_a_group(**config):
        model = UNet(**config)
        for module in model.modules():
            if isinstance(module, nn.GroupNorm):
                module.num_groups = module.num_channels
        return model

    wrong = {finding.name for finding in findings(dataset, one_channel_a_group) if not finding.fine}
    assert "it hears the time" in wrong


def test_a_loss_that_is_too_good_is_stopped(dataset):
    class Lenient(FlowMatching):
        def loss(self, *args, **kwargs):
            return super().loss(*args, **kwargs) / 100

    wrong = [finding for finding in findings(dataset, process=Lenient()) if not finding.fine]
    assert "Too good" in wrong[0].text


@pytest.mark.parametrize("process", [DDPM(), FlowMatching()])
def test_the_known_value_is_the_loss_of_a_network_that_says_zero(dataset, process):
    class Zero(nn.Module):
        def forward(self, x, t, labels=None):
            return torch.zeros_like(x)

    batch = training_batch(config_for(), dataset, process, step=0)
    finding = starting_loss(Zero(), process, batch)
    said, known = finding.text.split(", where a network that says zero has ")
    assert finding.fine
    assert said == known


@pytest.mark.parametrize("steps", [60, 800, 50_000])
def test_an_average_that_never_wakes_up_is_stopped_and_the_proposed_decay_is_fine(steps):
    finding = ema_fits(config_for(steps=steps, ema_decay=0.9999))
    if steps == 50_000:
        assert finding.fine
        return
    assert not finding.fine
    proposed = float(finding.text.rpartition("ema_decay=")[2])
    assert ema_fits(config_for(steps=steps, ema_decay=proposed)).fine


def test_every_profile_has_an_average_that_fits():
    for name, profile in PROFILES.items():
        assert ema_fits(profile).fine, name


def test_steps_are_timed_for_as_long_as_one_asks_of_the_run(dataset):
    config = config_for(batch_size=4)
    assert next(timed_steps(config, dataset, FlowMatching(), UNet, cpu=True)) > 0
