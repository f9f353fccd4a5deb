"""Where the place to read again is: an address that leads there from a notebook."""

import re
from pathlib import Path

from course_lib.checks.exercise import Exercise
from course_lib.links import address

DOCUMENT = re.compile(r"the document, (?:section (\d)|\"Full forward pass\")")
SECTION = re.compile(r"(?<![\d.])(\d{1,2}\.\d{1,2})(?![\d.])")
LESSON = re.compile(r"lesson (\d\d)")


def address_of(exercise: Exercise) -> str:
    """The address of `exercise.where`, relative to the folder of the notebooks; "" where it is no place of the course.

    A lesson without a section's number is the exercise's own section, or the notebook of another lesson.
    """
    from course_lib.progress.outline import planned

    of_document, number = DOCUMENT.match(exercise.where), SECTION.search(exercise.where)
    if of_document:
        # beside copied notebooks lies a copy of the page
        page = "network.md" if Path("network.md").is_file() else "../assets/network.md"
        return f"{page}#{f'section-{of_document[1]}' if of_document[1] else 'full-forward-pass'}"
    named = LESSON.search(exercise.where)
    place = f"lesson {named[1] if named else exercise.lesson}"
    if number:
        place = f"section {number[1]}"
    elif not named or named[1] == exercise.lesson:
        own = planned(exercise.lesson, exercise.name)
        within = SECTION.match(own.section) if own else None
        place = f"section {within[1]}" if within else place
    try:
        return address(place)
    except ValueError:  # a lesson was taken away
        return ""
