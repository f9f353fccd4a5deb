"""The report for the instructor: the whole class at a glance, its mistakes, and what to go over in the next lecture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from course_lib.grading.catalogue import Item
from course_lib.grading.learner import Graded
from course_lib.grading.page import STATUSES, page, table, text
from course_lib.grading.similarity import MIN_TOKENS, Alike

MOST_TOPICS = 5
TRIED = ("passed", "failed", "timeout", "memory", "crashed")


@dataclass
class Overview:
    """What remains of a learner once their own page is written: enough for the class's page, and little memory.

    Attributes:
        page: file name of their page. statuses, misconceptions: by exercise. problems: with their files.
    """

    learner: str
    number: str
    page: str
    points: int
    statuses: dict[str, str]
    misconceptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, graded: Graded, page_name: str) -> "Overview":
        return cls(
            graded.learner,
            graded.number,
            page_name,
            graded.points,
            {result.mark.exercise: result.mark.status for result in graded.results},
            {
                result.mark.exercise: (result.mark.misconception, result.mark.message.split("\n")[0])
                for result in graded.results
                if result.mark.misconception
            },
            graded.problems,
        )


@dataclass(frozen=True)
class Mistake:
    """One misconception in one exercise: its sentence, and who made it (numbers of learners)."""

    exercise: str
    name: str
    sentence: str
    learners: tuple[int, ...]


def mistakes(class_: Sequence[Overview]) -> list[Mistake]:
    """All recognised mistakes, the most frequent first."""
    found: dict[tuple[str, str], list[int]] = {}
    sentences: dict[tuple[str, str], str] = {}
    for number, one in enumerate(class_):
        for exercise, (name, sentence) in one.misconceptions.items():
            found.setdefault((exercise, name), []).append(number)
            sentences.setdefault((exercise, name), sentence)
    listed = [Mistake(*key, sentences[key], tuple(learners)) for key, learners in found.items()]
    return sorted(listed, key=lambda one: (-len(one.learners), one.exercise, one.name))


def class_page(
    class_: Sequence[Overview],
    items: Sequence[Item],
    similar: Sequence[Alike],
    lesson_titles: Mapping[str, str],
    facts: Sequence[str],
) -> str:
    """The whole page as HTML.

    Args:
        similar: groups of like answers; their learners are numbers in `class_`, as text.
        facts: sentences on how it was marked: seed, isolation.
    """
    learners = "learner" if len(class_) == 1 else "learners"
    parts = [
        f"<h1>{len(class_)} {learners}, {len(items)} exercises</h1>",
        what_to_go_over(class_, items),
        heat_map(class_, items, lesson_titles),
        by_exercise(class_, items),
        all_mistakes(class_),
        alike_part(class_, similar),
        problems_part(class_),
        "<h2>How it was marked</h2>",
        "".join(f"<p>{text(fact)}</p>" for fact in facts),
    ]
    return page("The whole class", "\n".join(parts))


def what_to_go_over(class_: Sequence[Overview], items: Sequence[Item]) -> str:
    topics = [one for one in mistakes(class_) if len(one.learners) > 1][:MOST_TOPICS]
    parts = ["<h2>What to go over next</h2>"]
    if topics:
        parts.append("<p>The mistakes that most learners share. Each sentence is what they were told.</p>\n<ol>")
        parts += [
            f"<li><strong>{text(one.exercise)}</strong>, {len(one.learners)} of {len(class_)}: "
            f"{text(one.sentence)}</li>"
            for one in topics
        ]
        parts.append("</ol>")
    else:
        parts.append("<p>No recognised mistake was made by more than one learner.</p>")
    counts = {item.name: Counter(one.statuses.get(item.name, "missing") for one in class_) for item in items}
    tried = {name: sum(count[status] for status in TRIED) for name, count in counts.items()}
    hard = [name for name in counts if tried[name] and counts[name]["passed"] / tried[name] <= 0.5]
    hard.sort(key=lambda name: (counts[name]["passed"] / tried[name], -tried[name]))
    if hard:
        listed = "; ".join(f"{name} ({counts[name]['passed']} of {tried[name]})" for name in hard[:MOST_TOPICS])
        parts.append(f"<p>Passed by half of those who tried, or fewer: {text(listed)}.</p>")
    left = [item.name for item in items if class_ and counts[item.name]["not attempted"] > len(class_) / 2]
    if left:
        parts.append(f"<p>Not started by more than half of the class: {text(', '.join(left))}.</p>")
    return "\n".join(parts)


def heat_map(class_: Sequence[Overview], items: Sequence[Item], lesson_titles: Mapping[str, str]) -> str:
    firsts = {
        item.name
        for before, item in zip([None, *items], items, strict=False)
        if before is None or before.lesson != item.lesson
    }
    spans = Counter(item.lesson for item in items)

    def edge(item: Item) -> str:
        return " lesson" if item.name in firsts else ""

    lessons = "".join(
        f'<th scope="colgroup" colspan="{count}" class="lesson" title="{text(lesson_titles.get(lesson, lesson))}">'
        f"{text(lesson)}</th>"
        for lesson, count in spans.items()
    )
    names = "".join(
        f'<th scope="col" class="{edge(item).strip()}"><div class="tall">{text(item.name)}</div></th>' for item in items
    )
    rows = []
    for one in class_:
        cells = []
        for item in items:
            status = one.statuses.get(item.name, "missing")
            letter, colour, _ = STATUSES[status]
            mistake = one.misconceptions.get(item.name, ("", ""))[0]
            says = f"{item.name}: {status}" + (f" ({mistake})" if mistake else "")
            cells.append(
                f'<td class="{colour}{edge(item)}" title="{text(says)}"><span aria-hidden="true">{letter}</span>'
                f'<span class="hidden">{text(status)}</span></td>'
            )
        name = text(one.learner) + (f" ({text(one.number)})" if one.number else "")
        rows.append(
            f'<tr><th scope="row"><a href="learners/{text(one.page)}">{name}</a></th>'
            f'<td class="number">{one.points}</td>{"".join(cells)}</tr>'
        )
    legend = "".join(
        f'<li><span class="badge {colour}">{letter}</span> {text(status)}: {text(meaning)}</li>'
        for status, (letter, colour, meaning) in STATUSES.items()
        if any(status in one.statuses.values() for one in class_)
    )
    return (
        "<h2>Everybody, every exercise</h2>\n"
        f'<ul aria-label="Signs">{legend}</ul>\n'
        '<div class="scroll" tabindex="0" role="region" aria-label="Learners and exercises"><table class="map">'
        "<caption>One row a learner, one column an exercise, lessons from left to right. Names lead to the reports."
        f'</caption><thead><tr><td></td><th scope="col">lesson</th>{lessons}</tr><tr><th scope="col">learner</th>'
        f'<th scope="col">points</th>{names}</tr></thead><tbody>\n' + "\n".join(rows) + "\n</tbody></table></div>"
    )


def by_exercise(class_: Sequence[Overview], items: Sequence[Item]) -> str:
    rows = []
    for item in items:
        count = Counter(one.statuses.get(item.name, "missing") for one in class_)
        rest = sum(count.values()) - count["passed"] - count["failed"] - count["not attempted"] - count["missing"]
        rows.append(
            [
                text(item.name),
                text(item.lesson),
                *(str(count[status]) for status in ("passed", "failed", "not attempted", "missing")),
                str(rest),
            ]
        )
    head = ["exercise", "lesson", "passed", "failed", "not attempted", "missing", "other"]
    return "<h2>Exercise by exercise</h2>\n" + table("How many learners", head, rows, numbers=range(2, 7))


def all_mistakes(class_: Sequence[Overview]) -> str:
    rows = [
        [
            text(one.exercise),
            f"<code>{text(one.name)}</code>",
            str(len(one.learners)),
            f"{text(one.sentence)}<br><span class='quiet'>{names_of(one.learners, class_)}</span>",
        ]
        for one in mistakes(class_)
    ]
    if not rows:
        return "<h2>Recognised mistakes</h2>\n<p>None.</p>"
    head = ["exercise", "mistake", "learners", "what they were told"]
    return "<h2>Recognised mistakes</h2>\n" + table("The most frequent first", head, rows, numbers=(2,))


def names_of(numbers: Sequence[int], class_: Sequence[Overview], most: int = 12) -> str:
    links = [f'<a href="learners/{text(class_[one].page)}">{text(class_[one].learner)}</a>' for one in numbers[:most]]
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(links) + more


def alike_part(class_: Sequence[Overview], similar: Sequence[Alike]) -> str:
    head = (
        "<h2>Answers that are alike</h2>\n<p>Compared is what learners had to write, layout and comments aside. "
        "This is no verdict: the shorter an answer, the more likely it is that two people write it alike, and hints "
        "lead to like code. An answer that is also the course's own solution may come from there. Answers under "
        f"{MIN_TOKENS} tokens (words, signs and numbers) are left out.</p>"
    )
    if not similar:
        return f"{head}\n<p>None.</p>"
    rows = [
        [
            text(one.exercise),
            text(one.kind) + (f", {one.share:.0%} in common" if one.share < 1 else ""),
            str(one.tokens),
            "yes" if one.as_solution else "no",
            f"{len(one.learners)}: " + names_of([int(number) for number in one.learners], class_),
        ]
        for one in similar
    ]
    columns = ["exercise", "how alike", "tokens", "as the solution", "learners"]
    return head + "\n" + table("The longest answers first", columns, rows, numbers=(2,))


def problems_part(class_: Sequence[Overview]) -> str:
    rows = [
        f"<li>{names_of([number], class_)}: {text('; '.join(one.problems))}</li>"
        for number, one in enumerate(class_)
        if one.problems
    ]
    if not rows:
        return "<h2>Files with problems</h2>\n<p>None.</p>"
    return "<h2>Files with problems</h2>\n<ul>" + "\n".join(rows) + "</ul>"
