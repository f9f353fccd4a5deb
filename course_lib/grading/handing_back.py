"""What goes back to learners: files in the form in which Moodle and Canvas take feedback, and a comment in words."""

import html
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from course_lib.files import write_atomically
from course_lib.grading.marks import Graded
from course_lib.grading.reading.whose import from_canvas
from course_lib.grading.reports.tables import tidy
from course_lib.grading.scheme import Total

LONGEST = 4_000


def write_feedback(report: Path, class_: Sequence[Graded], pages: Sequence[str]) -> dict[str, tuple[Path, int]]:
    """Write a zip a platform with every learner's page, named so that it finds its way: platform -> (zip, pages in it).

    Args:
        class_: by their own names. pages: names of their pages in `report`/learners.
    """
    written = {}
    for platform, name_of in (("Moodle", moodle_name), ("Canvas", canvas_name)):
        named = {page: name_of(graded) for graded, page in zip(class_, pages, strict=True)}
        named = {page: name for page, name in named.items() if name}
        if not named:
            continue
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for page, name in named.items():
                # the same report gives the same zip, to the byte
                info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, (report / "learners" / f"{page}.html").read_bytes())
        path = report / f"{platform.lower()}-feedback.zip"
        data = buffer.getvalue()
        write_atomically(path, lambda temporary, data=data: temporary.write_bytes(data))
        written[platform] = path, len(named)
    return written


def moodle_name(graded: Graded) -> str:
    """As Moodle's importer takes it apart: what stands before the first underscore is nobody's concern."""
    if graded.kind != "moodle":
        return ""
    name = re.sub(r"[^\w .-]+|_", " ", graded.learner).strip(" .~") or "learner"
    return f"{name}_{graded.number}_assignsubmission_file_/feedback.html"


def canvas_name(graded: Graded) -> str:
    """Canvas looks for two numbers, the learner's and that of a file they handed in."""
    whose = from_canvas(graded.source)
    if whose is None or not whose.order or graded.kind != "canvas":
        return ""
    name = re.sub(r"[^\w]+|_", "", graded.learner) or "learner"
    return f"{name}_{whose.number}_{whose.order}_feedback.html"


def comment(graded: Graded, total: Total, as_html: bool = False) -> str:
    """The result in a few sentences: points, what was taken off, what to do next, comments by hand.

    Args:
        as_html: with markup escaped, for a column that a platform shows as HTML.
    """
    parts = [f"{tidy(total.points)} of {tidy(total.of)} points."]
    if total.taken:
        days = f"{total.days_late} {'day' if total.days_late == 1 else 'days'}"
        parts.append(f"{tidy(total.taken)} points were taken off: {days} late.")
    for name, one in total.by_hand.items():
        given = f"{tidy(one.points)} points by hand. " if one.points is not None and name else ""
        parts.append(f"{name}: {given}{one.comment}".removeprefix(": ").rstrip())
    for result in graded.results:
        mark = result.mark
        if mark.status not in ("passed", "missing", "not attempted") and mark.exercise not in total.by_hand:
            sentence = mark.message.partition("\n")[0]
            parts.append(f"{mark.exercise}: {mark.status}. {sentence}".rstrip())
    undone = [one.mark.exercise for one in graded.results if one.mark.status in ("missing", "not attempted")]
    left = [name for name in undone if name not in total.by_hand]
    if left:
        parts.append(f"Not done: {', '.join(left)}.")
    text = " ".join(parts)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return html.escape(text) if as_html else text
