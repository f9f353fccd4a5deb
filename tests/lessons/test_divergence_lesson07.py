"""Lesson 07: the first step at which a network departs from the reference is found, and told in a sentence."""

import matplotlib.pyplot as plt
import pytest
import torch
from one_cell_unet import UNet as OneCell

import course_lib
from course_lib.checks import check, last_answers
from course_lib.checks.mistakes import edited
from course_lib.lessons.lesson07.crossed_map import draw_crossed
from course_lib.lessons.lesson07.divergence import OTHER, SMALL, find_divergence, first_divergence
from course_lib.lessons.shared.legibility import troubles
from course_lib.pictures.html_figure import INCH
from course_lib.tracing import trace


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
    found = find_divergence(edited(OneCell, (old, new)))
    assert found.rows[found.place].module == module, found.message


def test_a_wrong_skip_is_named_with_its_origin():
    """Exchanging two skips of one shape changes no shape: only a comparison of values can tell."""
    names = dict(vars(__import__("course_lib.unet").unet))
    original = names["cat_skip"]

    def second_newest(h, skips):
        if len(skips) > 1 and skips[-1].shape == skips[-2].shape:
            skips[-1], skips[-2] = skips[-2], skips[-1]
        return original(h, skips)

    wrong = edited(OneCell, ("class UNet(", "class UNet("))
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


LOOP = "            for resblock, attention in zip(level.resblocks, level.attentions, strict=True):\n"
BLOCK = "                h = attention(resblock(h, emb))\n"
PUSHED = BLOCK + "                skips.append(h)"
UP = """
            # level.resample doubles height and width; in the last level it is None
            if level.resample is not None:
                h = level.resample(h)
"""
CLASS = "emb = emb + self.class_embed(class_labels)"
POP = "h = cat_skip(h, skips)"
# what is broken: (edits, the step that is marked, what is said of it)
BROKEN = {
    "the time forgotten": ([("emb = self.time_embed(t)", "emb = 0")], "time_embed", "goes on with class_embed without"),
    "the class ignored": ([("if class_labels is not None:", "if False:")], "class_embed", "with conv_in without it"),
    "the class not kept": ([(CLASS, "self.class_embed(class_labels)")], "encoder.0.resblocks.0", "time_embed left"),
    "the class instead": ([(CLASS, CLASS.replace("emb + ", ""))], "encoder.0.resblocks.0", "what class_embed left"),
    "labels asked for": (
        [("if class_labels is not None:", "if True:")],
        "time_embed",
        "With class_labels=None: nothing",
    ),
    "truth of labels": (
        [("if class_labels is not None:", "if class_labels:")],
        "time_embed",
        "stops with RuntimeError",
    ),
    "skips reversed": (
        [("h = self.mid_resblock1(h, emb)", "skips.reverse(); h = self.mid_resblock1(h, emb)")],
        "cat",
        "up to mid_resblock2; then, before decoder.0.resblocks.0, your forward stops with ValueError",
    ),
    "pushed before attention": (
        [
            (
                PUSHED,
                PUSHED.replace("attention(resblock(h, emb))", "resblock(h, emb)")
                + "\n                h = attention(h)",
            )
        ],
        "cat",
        "Wanted: what encoder.2.attentions.1 left; yours: what encoder.2.resblocks.1 left",
    ),
    "attention omitted": (
        [(PUSHED, PUSHED.replace("attention(", "("))],
        "encoder.2.attentions.0",
        "resblocks.1 without",
    ),
    "attention first": (
        [(PUSHED, PUSHED.replace("attention(resblock(h, emb))", "resblock(attention(h), emb)"))],
        "encoder.2.resblocks.0",
        "After encoder.1.resample comes encoder.2.resblocks.0; your forward goes on with encoder.2.attentions.0",
    ),
    "the middle in another order": (
        [
            ("h = self.mid_attention(h)", ""),
            ("h = self.mid_resblock1(h, emb)", "h = self.mid_resblock1(self.mid_attention(h), emb)"),
        ],
        "mid_resblock1",
        "what mid_attention left; wanted: what encoder.2.attentions.1 left",
    ),
    "one block of the middle twice": (
        [("h = self.mid_resblock2(h, emb)", "h = self.mid_resblock1(h, emb)")],
        "mid_resblock2",
        "goes on with decoder.0.resblocks.0 without it",
    ),
    "a block without emb": (
        [("self.mid_resblock2(h, emb)", "self.mid_resblock2(h)")],
        "mid_resblock2",
        "is called with 1 value(s), where it takes 2. There your forward stops with TypeError",
    ),
    "joined the wrong way round": (
        [(POP, "from torch import cat; h = cat([skips.pop(), h], 1)")],
        "cat",
        "wrong way round",
    ),
    "nothing joined": ([(POP, "skips.pop()")], "cat", "gets what mid_resblock2 left, without a skip behind it"),
    "joined along the batch": (
        [(POP, "from torch import cat; h = cat([h, skips.pop()])")],
        "cat",
        "the shape (6, 64, 4, 4)",
    ),
    "added": ([(POP, "h = h + skips.pop()")], "cat", "has the shape (3, 64, 4, 4) instead of (3, 128, 4, 4)"),
    "no list": ([(POP, "from torch import cat; h = cat(h, skips.pop())")], "cat", "TypeError"),
    "upwards in the wrong order": (
        [("for level in self.decoder:", "for level in reversed(self.decoder):")],
        "decoder.0.resblocks.0",
        "goes on with decoder.2.resblocks.0 without it",
    ),
    "upsampled at every block": (
        [(BLOCK + UP.lstrip("\n"), BLOCK + UP.replace("\n            ", "\n                ").lstrip("\n"))],
        "decoder.0.resblocks.1",
        "goes on with decoder.0.resample without it",
    ),
    "never upsampled": ([(UP, "\n")], "decoder.0.resample", "before decoder.0.resample, your forward stops with"),
    "no activation": (
        [("F.silu(self.norm_out(h))", "self.norm_out(h)")],
        "conv_out",
        "what norm_out left; wanted: F.silu",
    ),
    "another activation": ([("F.silu(self.norm_out(h))", "F.relu(self.norm_out(h))")], "conv_out", "wanted is F.silu"),
    "no norm": ([("F.silu(self.norm_out(h))", "F.silu(h)")], "norm_out", "goes on with conv_out without it"),
    "no return": ([("return self.conv_out(", "self.conv_out(")], "conv_out", "Is a `return` missing?"),
    "returned too early": ([("return self.conv_out(", "return (")], "conv_out", "never calls conv_out"),
    "three levels by heart": (
        [("for level in self.decoder:", "for level in [self.decoder[i] for i in range(3)]:")],
        None,
        "With two levels of one block",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_unet_is_led_to_its_first_wrong_step(case):
    edits, module, said = BROKEN[case]
    found = find_divergence(edited(OneCell, *edits))
    assert said in found.message
    if module is not None:
        assert found.rows[found.place].module == module, found.message


RIGHT = {
    "the first convolution first": [
        ("emb = self.time_embed(t)", "h = self.conv_in(x); emb = self.time_embed(t)"),
        ("        h = self.conv_in(x)\n", ""),
    ],
    "in place": [(CLASS, CLASS.replace("emb = emb +", "emb +="))],
    "forward by name": [("self.mid_resblock1(h, emb)", "self.mid_resblock1.forward(emb=emb, x=h)")],
    "the class before the time": [
        (
            "emb = self.time_embed(t)",
            "label = None if class_labels is None else self.class_embed(class_labels); emb = self.time_embed(t)",
        ),
        (CLASS, "emb = emb + label"),
    ],
    "a list from the end": [(POP, "from torch import cat; h = cat((h, skips[-1]), dim=1); del skips[-1]")],
}


@pytest.mark.parametrize("case", RIGHT)
def test_another_way_to_write_it_departs_nowhere(case):
    assert find_divergence(edited(OneCell, *RIGHT[case])).message.startswith("Your UNet and the reference agree")


def test_after_a_check_the_learners_own_class_is_compared(capsys, monkeypatch):
    """By then the name holds the reference, which agrees with itself at every step."""
    monkeypatch.setattr(last_answers, "_LAST", {})
    monkeypatch.setattr("course_lib.lessons.shared.show.show", lambda *args, **options: None)
    assert first_divergence(course_lib.UNet).place is None
    assert "This is the reference itself" in capsys.readouterr().out
    UNet = check(edited(OneCell, ("F.silu(self.norm_out(h))", "self.norm_out(h)")))
    assert UNet is course_lib.UNet
    capsys.readouterr()
    found = first_divergence(UNet)
    said = capsys.readouterr().out
    assert "your own class" in said
    assert found.rows[found.place].module == "conv_out"
    # a blank is no network, and nothing is said of its steps
    check(edited(OneCell, ("self.check_inputs(x, t, class_labels)\n", "raise NotImplementedError()\n")))
    assert first_divergence(UNet).place is None


def test_parts_with_other_names_inside_are_no_hindrance():
    """A learner's own block may call its layers as they like: what is compared is the way between the blocks."""

    class Block(course_lib.ResidualBlock):
        def __init__(self, *args):
            super().__init__(*args)
            self.first = self._modules.pop("conv1")

    wrong = edited(OneCell, ("h = self.mid_attention(h)", "pass"))
    wrong.__init__.__globals__["ResidualBlock"] = Block
    found = find_divergence(wrong)
    assert found.rows[found.place].module == "mid_attention"


# a block of the encoder, a dot, and a step with neighbours beside it
@pytest.mark.parametrize(
    ("config", "module"), [(SMALL, "encoder.0.resblocks.0"), (SMALL, "cat"), (OTHER, "mid_attention")]
)
def test_the_narrow_map_marks_a_step_legibly(config, module):
    with torch.device("meta"):
        rows = trace(course_lib.UNet(**config), image_size=16)
    figure = draw_crossed(rows, next(place for place, row in enumerate(rows) if row.module == module))
    assert list(troubles(figure)) == []
    assert figure.get_figwidth() * INCH <= 330  # what a window of 360 pixels leaves
    plt.close(figure)
