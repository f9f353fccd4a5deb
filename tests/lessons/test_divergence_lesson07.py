"""Lesson 07: the first step at which a network departs from the reference is found, and told in a sentence."""

import pytest
import torch

import course_lib
from course_lib.checks.mistakes import edited
from course_lib.lessons.lesson07.divergence import find_divergence, first_divergence


def test_the_reference_departs_nowhere():
    assert find_divergence(course_lib.UNet).place is None


WRONG = [
    ("h = self.mid_attention(h)", "pass", "mid_attention"),
    ("h = self.mid_resblock1(h, emb)", "h = self.mid_resblock1(h, emb + 1)", "mid_resblock1"),
    ("F.silu(self.norm_out(h))", "self.norm_out(h)", "conv_out"),
    ("emb = self.time_embed(t)", "emb = self.time_embed(t + 1)", "time_embed"),
    ("h = self.conv_in(x)", "h = self.conv_in(x * 2)", "conv_in"),
]


@pytest.mark.parametrize(("old", "new", "module"), WRONG)
def test_the_first_step_that_departs_is_found(old, new, module):
    found = find_divergence(edited(course_lib.UNet, (old, new)))
    assert found.rows[found.place].module == module, found.message


def test_a_wrong_skip_is_named_with_its_origin():
    """Exchanging two skips of one shape changes no shape: only a comparison of values can tell."""
    names = dict(vars(__import__("course_lib.unet").unet))
    original = names["cat_skip"]

    def second_newest(h, skips):
        if len(skips) > 1 and skips[-1].shape == skips[-2].shape:
            skips[-1], skips[-2] = skips[-2], skips[-1]
        return original(h, skips)

    wrong = edited(course_lib.UNet, ("class UNet(", "class UNet("))
    wrong.forward.__globals__["cat_skip"] = second_newest
    found = find_divergence(wrong)
    assert found.rows[found.place].kind == "cat"
    assert "the skip is not" in found.message
    assert "encoder.2.attentions.0" in found.message


@pytest.mark.parametrize(
    "wrong",
    [
        type("UNet", (course_lib.UNet,), {"forward": lambda self, x, t, c=None: 1 / 0}),
        type("UNet", (course_lib.UNet,), {"__init__": lambda self, **config: 1 / 0}),
        type("UNet", (torch.nn.Linear,), {"__init__": lambda self, **config: torch.nn.Linear.__init__(self, 1, 1)}),
    ],
)
def test_a_unet_that_breaks_gets_a_sentence(wrong, capsys):
    assert first_divergence(wrong).message in capsys.readouterr().out
