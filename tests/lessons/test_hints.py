"""Whoever copies a hint passes: answers/from_the_hints.toml holds an answer for each exercise, made of its hints' code.

That they pass is held by `test_answers.py`; here, that they say what the hints say.
"""

import re
from pathlib import Path

import pytest
from answers import FOLDER, read_answers

from course_lib.checks.registry import exercises

LESSONS = Path(__file__).parents[2] / "course_lib" / "lessons"
EXERCISE = re.compile(r'^```python exercise="course_lib\.(?:[a-z_]+\.)+(?P<name>[\w.]+)"', re.MULTILINE)
HINT = re.compile(r"<details><summary>Hint.*?</details>", re.DOTALL)
# a block first, so that its fences are not taken for code in a line
CODE = re.compile(r"```python\n(.*?)```|<code>(.*?)</code>|`([^`]+)`", re.DOTALL)
# what a hint talks about, and nobody is to write as it stands: a tool with other names, a step on the way, a wrong line
TALKED_ABOUT = {
    "ClassEmbedding": ["torch.where(condition, this, that)", "vectors.masked_fill(mask, 0.0)"],
    "add_to_every_pixel": ["something[:, :, None, None]", "+="],
    "Downsample": ["conv_output_size(32, 3, 2, padding)"],
    "skip_channels": ["[a] * n"],
    "cat_skip": ["skips[-1]"],
    "FlowMatching.velocity": ["(1 - t) * clean + t * noise"],
    "update_average": ["old = ..."],
    "decay_at": ["1 + step / 10 + step"],
    "keep_known": ["torch.where(mask, a, b)"],
}


def hints() -> dict[str, str]:
    """The text of each exercise's hints, by the exercise's name."""
    found = {}
    for path in sorted(LESSONS.glob("lesson*/lesson.md")):
        text, end = path.read_text(encoding="utf-8"), 0
        for block in EXERCISE.finditer(text):
            found[block["name"]] = "\n".join(HINT.findall(text, end, block.start()))
            end = block.end()
    return found


def pieces(text: str) -> list[str]:
    """The code of some hints: what is more than a name, a number or a shape."""
    code = ["".join(groups) for groups in CODE.findall(text)]
    lines = [line for piece in code for line in (piece.splitlines() if "\n    " in piece else [piece])]
    # comments in a block are words
    lines = [re.sub(r"  # .*|^ *\.\.\..*", "", line).strip() for line in lines]
    return [line for line in lines if re.search(r"[(\[=]|[-+*/@] ", line) and not is_shape(line)]


def is_shape(piece: str) -> bool:
    return re.fullmatch(r"\([\w, */+-]+\)", piece) is not None


def packed(code: str) -> str:
    """Code without spaces and breaks; line breaks of a hint or an answer do not count."""
    return re.sub(r"\s+", "", code)


def says(answer: str, piece: str) -> bool:
    """Whether a piece stands in an answer; ... stands for whatever the learner puts there."""
    pattern = ".*?".join(map(re.escape, packed(piece).split("...")))
    return re.search(pattern, packed(answer)) is not None


HINTS = hints()
ANSWERS = read_answers(FOLDER / "from_the_hints.toml")


def test_every_exercise_has_an_answer_from_its_hints():
    assert {answer.exercise for answer in ANSWERS} == set(HINTS) == set(exercises())
    assert {answer.verdict for answer in ANSWERS} == {"passed"}


@pytest.mark.parametrize("name", HINTS)
def test_the_answer_says_what_the_hints_say(name):
    written = "\n".join(answer.code for answer in ANSWERS if answer.exercise == name)
    missing = [piece for piece in pieces(HINTS[name]) if not says(written, piece)]
    assert missing == TALKED_ABOUT.get(name, []), f"{name}: no answer in from_the_hints.toml says {missing}"
