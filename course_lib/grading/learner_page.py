"""The report for one learner: their code, the verdict, the sentence that names the mistake, the hint to read next."""

from collections.abc import Mapping, Sequence

from course_lib.grading.catalogue import Item
from course_lib.grading.learner import Graded, Result
from course_lib.grading.page import badge, message_lines, next_hint, page, prose, table, text

LONGEST_CODE = 20_000


def learner_page(
    graded: Graded, items: Sequence[Item], lesson_titles: Mapping[str, str], for_class: bool = True
) -> str:
    """A whole page as HTML.

    Args:
        lesson_titles: two digits -> "03 residual block".
        for_class: whether a link leads back to the class's page, which an instructor may not want to hand out.
    """
    total = len(graded.results)
    number = f" ({text(graded.number)})" if graded.number else ""
    parts = [
        f"<h1>{text(graded.learner)}{number}: {graded.points} of {total} points</h1>",
        f'<p class="quiet">Read: {text(", ".join(short(name, graded) for name in graded.files) or "no notebook")}.</p>',
    ]
    if graded.problems:
        listed = "".join(f"<li>{text(problem)}</li>" for problem in graded.problems)
        parts.append(f"<h2>Files that could not be used</h2>\n<ul>{listed}</ul>")
    by_name = {item.name: item for item in items}
    parts.append("<h2>Overview</h2>")
    rows = []
    for lesson, results in by_lesson(graded.results).items():
        passed = sum(result.mark.status == "passed" for result in results)
        open_ones = ", ".join(
            f'<a href="#{anchor(result)}">{text(result.mark.exercise)}</a>'
            for result in results
            if result.mark.status != "passed"
        )
        rows.append([text(lesson_titles.get(lesson, lesson)), f"{passed} of {len(results)}", open_ones or "nothing"])
    parts.append(table("Points by lesson", ["lesson", "passed", "to do"], rows))
    for lesson, results in by_lesson(graded.results).items():
        parts.append(f"<h2>Lesson {text(lesson_titles.get(lesson, lesson))}</h2>")
        if all(result.mark.status == "missing" for result in results):
            parts.append(f"<p>{badge('missing')} {text(results[0].mark.message)}</p>")
            parts.extend(f'<span id="{anchor(result)}"></span>' for result in results)
            continue
        parts.extend(
            exercise_part(result, by_name[result.mark.exercise], short(result.file, graded)) for result in results
        )
    if for_class:
        parts.append('<p class="quiet"><a href="../index.html">The whole class</a></p>')
    return page(f"{graded.learner}: {graded.points} of {total}", "\n".join(parts))


def by_lesson(results: Sequence[Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.lesson, []).append(result)
    return found


def anchor(result: Result) -> str:
    return text(f"exercise-{result.mark.exercise}")


def short(file: str, graded: Graded) -> str:
    """A file's name without the folder that is the learner's own."""
    return file.removeprefix(f"{graded.source}/")


def exercise_part(result: Result, item: Item, file: str) -> str:
    mark = result.mark
    parts = [f'<h3 id="{anchor(result)}">{text(mark.exercise)} {badge(mark.status)}</h3>']
    if mark.message:
        parts.append(message_lines(mark.message))
    if mark.remark:
        parts.append(f'<p class="quiet">Remark: {text(mark.remark)}.</p>')
    hint = next_hint(item, mark)
    if hint is not None:
        title, body = hint
        parts.append(
            f"<p>Read next: <strong>{text(title)}</strong>, above the exercise in the notebook.</p>\n"
            f'<details class="hint"><summary>Show it here</summary>\n{prose(body)}\n</details>'
        )
    if result.shown:
        shown = result.shown[:LONGEST_CODE] + ("\n... (cut off)" if len(result.shown) > LONGEST_CODE else "")
        opened = "" if mark.status in ("passed", "not attempted") else " open"
        parts.append(
            f"<details{opened}><summary>The code, from {text(file)}</summary>\n"
            f'<pre tabindex="0"><code>{text(shown)}</code></pre>\n</details>'
        )
    return "\n".join(parts)
