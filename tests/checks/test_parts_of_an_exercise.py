"""A step of an exercise is checked as exercises are, stays the learner's own, and is not marked by itself."""

from one_cell_unet import UNet as OneCell

from course_lib.checks import check, examine
from course_lib.checks.registry import named
from course_lib.grading.reading.catalogue import catalogue


def encode(self, h, emb):
    raise NotImplementedError("UNet.encode is still blank")


def test_a_step_stays_the_learners_own_whatever_its_verdict(capsys):
    assert check(encode, "UNet.encode") is encode
    assert "UNet is made of it, so write it before that" in capsys.readouterr().out


def test_the_whole_made_of_a_blank_step_names_that_step():
    result = examine(type("UNet", (named("UNet").reference,), {"encode": encode}), "UNet")
    assert result.misconception == "calls_a_blank"
    assert "Your UNet calls UNet.encode" in result.message


def test_an_answer_in_a_single_cell_passes_as_before():
    assert examine(OneCell, seed=1).status == "passed"


def test_steps_are_not_marked_by_themselves():
    assert [item.name for item in catalogue(("07",))] == ["UNet", "count_parameters", "parameter_budget"]
