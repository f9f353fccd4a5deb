"""A property says what is seen. A cause belongs to a known mistake; here it may be asked for, not claimed."""

import re

import pytest

from course_lib.checks.registry import exercises

# what only one of several causes would be: it stands in a question
CAUSES = re.compile(
    r"squeeze\(|\.detach\(|written out|changed places|by (its|their) length|mixed up|somewhere|Either |swapped|"
    r"lands on|left on the CPU|[Yy]our code writes|[Yy]ou (clip|stretch|count the|assume|scale)\b|so it is the",
)
OF_PROPERTIES = [
    pytest.param(one.mistake, id=f"{name}-{one.name}")
    for name, exercise in exercises().items()
    for one in exercise.properties
    if one.mistake
]


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!:])\s+(?=[A-Z\"])", text)


@pytest.mark.parametrize("text", OF_PROPERTIES)
def test_a_cause_is_asked_for_and_not_claimed(text):
    claimed = [one for one in sentences(text) if CAUSES.search(one) and not one.endswith("?")]
    assert not claimed
