"""A lesson as slides: what its marks and headings choose, in the lesson's order, with notes for who speaks.

`<!-- slide -->`, a line of its own above a paragraph, list, table, formula, drawing or cell of code, begins a slide. A
paragraph takes along what follows it directly; where that is a prediction or a folded answer, a second slide answers.
Of code, a slide shows what came out. Title, map and exercises need no mark. Prose without one becomes the notes.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import nbformat
from markupsafe import Markup
from nbformat import NotebookNode

from course_lib.authoring.build import code_cells, notebooks_of
from course_lib.authoring.notebooks import solution_notebook
from course_lib.authoring.prose import rendered, rendered_line
from course_lib.authoring.source import SLIDE_MARK, Source, read_lesson
from course_lib.authoring.stored_outputs import shown
from course_lib.progress.outline import DIFFICULTY, minutes_in
from course_lib.shown_command import shown_command

HEADING = re.compile(r"^(#{1,4}) +(.+)$")
EXERCISE = re.compile(r"^Exercise \d+\.\d+")
MAP = "you_are_here("
# what stands at a lesson's end, for those who read it
NOT_SAID = ("Questions", "Further reading")
SUMMARY = re.compile(r"<summary>.*?</summary>", re.S)
# longer text is left to the notebook, unless a mark asks for it
LINES_OF_TEXT, LINES_BESIDE_A_FIGURE = 12, 4
TAKEN_ALONG = ("formula", "list", "table", "fence")


@dataclass
class Slide:
    """One slide.

    Attributes:
        kind: "title", "map", "exercise", "question", "answer" or "shown".
        title: what stands at its top.
        parts: what stands below, from top to bottom.
        notes: what to say.
        minutes: how long it is on.
        begins: the minute of the lesson at which its turn comes.
        estimated: whether the lesson itself says how long; else it is a share of the time that is left.
    """

    kind: str
    title: Markup
    parts: list[Markup]
    notes: list[Markup] = field(default_factory=list)
    minutes: float = 0.0
    begins: float = 0.0
    estimated: bool = False


@dataclass(frozen=True)
class Deck:
    """A lesson's slides; `name` is that of its notebooks, `minutes` what the lesson says of itself."""

    name: str
    title: str
    minutes: int
    slides: list[Slide]


@dataclass(frozen=True)
class Block:
    """A piece of a lesson: heading, paragraph, list, table, formula, fence, folded answer, mark, or a cell of code.

    Attributes:
        cell: of the solution, with what is stored of its outputs, if it is code.
        asked: the question's keys in lesson.md, if it is a prediction.
    """

    kind: str
    text: str
    cell: NotebookNode | None = None
    asked: Mapping[str, Any] | None = None

    @property
    def is_experiment(self) -> bool:
        """Whether it is code whose outputs may be shown: no exercise, no check, no prediction."""
        return self.cell is not None and not {"exercise", "predict", "check"} & set(self.cell.metadata)


def deck_of(source: Source) -> Deck:
    """The slides of a lesson, figures from its stored solution.

    Raises: ValueError for a mark above what no slide can hold, or a solution that is not the lesson's.
    """
    blocks = list(blocks_of(source))
    title = HEADING.match(blocks[0].text)[2]
    head = list(
        takewhile(lambda block: block.kind not in ("code", "mark") and not block.text.startswith("## "), blocks[1:])
    )
    try:
        slides = [title_slide(title, head), *slides_of(blocks[1 + len(head) :], rendered_line(title))]
    except ValueError as error:
        raise ValueError(f"{source.folder.name}/{source.path.name}: {error}") from None
    minutes = minutes_in("\n".join(block.text for block in head))
    plan(slides, minutes)
    return Deck(source.name, title, minutes, slides)


def blocks_of(source: Source) -> Iterator[Block]:
    """A lesson's pieces in order, its code with the outputs that its solution holds."""
    lesson = read_lesson(source, slide_marks=True)
    asked = {cell.metadata["predict"]: cell.metadata for cell in lesson.cells if "predict" in cell.metadata}
    made = solution_notebook(lesson)
    path = notebooks_of(source.name)[1]
    stored = code_cells(nbformat.read(path, as_version=4)) if path.exists() else []
    # the first is the set-up cell, which stands in no lesson
    if [cell.source for cell in stored[1:]] != [cell.source for cell in code_cells(made)[1:]]:
        again = shown_command("course_lib.authoring", "build", source.name[:2])
        raise ValueError(f"{path.parent.name}/{path.name} is missing or older than its lesson: run {again}")
    yield from prose_blocks(lesson.cells[0].text)
    outputs = iter(stored[1:])
    for cell in made.cells[made.cells.index(code_cells(made)[0]) + 1 :]:
        if cell.cell_type == "code":
            yield Block("code", cell.source, next(outputs), asked.get(cell.metadata.get("predict", "")))
        else:
            yield from prose_blocks(cell.source)


def prose_blocks(text: str) -> Iterator[Block]:
    """The pieces of Markdown.

    >>> [block.kind for block in prose_blocks("## A\\nWhy?\\n<details>\\n\\nSo.\\n</details>\\n\\n- one\\n\\n  more")]
    ['heading', 'paragraph', 'details', 'list', 'paragraph']
    """
    lines: list[str] = []
    ends = ""  # what the last line of an open fence, formula or folded answer holds
    for line in text.splitlines():
        if ends:
            lines.append(line)
            closed = ends in line
        else:
            ends = next((end for begin, end in PAIRS.items() if line.startswith(begin)), "")
            alone = bool(HEADING.match(line)) or line == SLIDE_MARK
            if lines and (ends or alone or not line.strip()):
                yield block(lines)
                lines = []
            if line.strip():
                lines.append(line)
            closed = alone or (ends and ends in line[3:])
        if closed:
            yield block(lines)
            lines, ends = [], ""
    if lines:
        yield block(lines)


PAIRS = {"```": "```", "$$": "$$", "<details": "</details>"}
KINDS = {
    "heading": HEADING,
    "mark": re.compile(re.escape(SLIDE_MARK)),
    "fence": re.compile("```"),
    "formula": re.compile(re.escape("$$")),
    "details": re.compile("<details"),
    "table": re.compile(r"\|"),
    "list": re.compile(r"[-*] |\d+\. "),
    "hidden": re.compile("<!--"),
}


def block(lines: list[str]) -> Block:
    text = "\n".join(lines)
    return Block(next((kind for kind, begins in KINDS.items() if begins.match(text)), "paragraph"), text)


def title_slide(title: str, head: list[Block]) -> Slide:
    """What one can do afterwards stands on it, the rest of what comes before the first section is said."""
    begin = next((place for place, one in enumerate(head) if "After this lesson you can" in one.text), len(head))
    goals = head[begin : begin + 1]
    if [one.kind for one in head[begin + 1 : begin + 2]] == ["list"]:
        goals = head[begin : begin + 2]
    said = [one for one in head if one not in goals]
    return Slide("title", rendered_line(title), *([rendered(one.text) for one in part] for part in (goals, said)))


def slides_of(blocks: list[Block], title: Markup) -> Iterator[Slide]:
    """The slides behind the title. Prose on none is for the notes: of its section's slide before it, or else after."""
    left = deque(blocks)
    notes: list[Markup] = []
    said = True
    last: Slide | None = None
    while left:
        one = left.popleft()
        made: list[Slide] = []
        if one.kind == "heading":
            words = HEADING.match(one.text)[2]
            said = words not in NOT_SAID
            if last is not None:
                last.notes += notes
                notes = []
            if EXERCISE.match(words):
                made = [exercise_slide(words, pop_while(left, lambda block: block.kind != "code"))]
            else:
                title = rendered_line(words)
        elif one.kind == "code" and MAP in one.text:
            made = [Slide("map", Markup("You are here"), outputs([one]))]
        elif one.kind == "mark":
            made = marked_slides(title, left)
        elif said and one.kind in ("paragraph", "list", "formula"):
            (last.notes if last is not None and last.title == title else notes).append(rendered(one.text))
        if made:
            made[0].notes = [*notes, *made[0].notes]
            notes, last = [], made[-1]
            yield from made
    if last is not None:
        last.notes += notes


def exercise_slide(heading: str, body: list[Block]) -> Slide:
    """What is to be written, in words and shapes, and how long it takes; hints are in the notebook."""
    on_it = [one for one in body if one.kind in ("table", "formula")]
    terms = next((one for one in body if DIFFICULTY.match(one.text)), Block("paragraph", ""))
    prose = [one for one in body if one.kind in ("paragraph", "list") and one is not terms]
    on_it[:0], prose = prose[:1], prose[1:]
    made = Slide("exercise", rendered_line(heading), [rendered(one.text) for one in on_it])
    made.parts.append(Markup('<p class="terms">{}</p>').format(rendered_line(terms.text.strip("*"))))
    made.notes = [rendered(one.text) for one in prose]
    made.minutes, made.estimated = minutes_in(terms.text), True
    return made


def marked_slides(title: Markup, left: deque[Block]) -> list[Slide]:
    """The slide that a mark asks for, taken from the pieces behind it, and its answer, if it is a question."""
    first = left.popleft() if left else Block("nothing", "")
    if first.kind == "code":
        parts = outputs([first], all_of_it=True) if first.is_experiment else []
        if not parts:
            raise ValueError(f"a slide is marked above {first.text.splitlines()[0]!r}, which shows nothing")
        return [Slide("shown", title, parts)]
    if first.kind in ("nothing", "heading", "mark", "details", "hidden"):
        raise ValueError(
            f"a slide is marked above {first.text.partition(chr(10))[0]!r}; "
            "allowed: a paragraph, list, table, formula, drawing or cell of code"
        )
    parts = [rendered(first.text)]
    following = left[0] if left and first.kind == "paragraph" else Block("nothing", "")
    if following.asked is not None:
        left.popleft()
        behind = pop_while(left, lambda block: block.is_experiment and MAP not in block.text)
        answered = [options(following.asked, answered=True), *outputs(behind)]
        return [
            Slide("question", title, [*parts, options(following.asked)]),
            Slide("answer", title, [Markup('<div class="asked">{}</div>').format(parts[0]), *answered]),
        ]
    if following.kind == "details":
        answer = rendered(SUMMARY.sub("", left.popleft().text).replace("<details>", "").replace("</details>", ""))
        return [Slide("question", title, parts), Slide("answer", title, [*parts, answer])]
    if following.is_experiment:
        parts += outputs([left.popleft()], all_of_it=True)
    elif following.kind in TAKEN_ALONG:
        parts.append(rendered(left.popleft().text))
    return [Slide("shown", title, parts)]


def options(asked: Mapping[str, Any], answered: bool = False) -> Markup:
    """What a prediction offers; where it is `answered`, with a sign at the right one."""
    rows = []
    for option in asked["options"]:
        right = answered and option == asked["answer"]
        row = '<li class="right"><b>{}</b> <span class="sign">✓ so it is</span></li>' if right else "<li>{}</li>"
        rows.append(Markup(row).format(option))
    return Markup('<ol class="options">{}</ol>').format(Markup().join(rows))


def outputs(blocks: list[Block], all_of_it: bool = False) -> list[Markup]:
    """What cells of code put out; text that is too long only if `all_of_it` is asked for."""
    parts = [part for one in blocks for part in shown(one.cell)]
    most = LINES_OF_TEXT if all(part.lines for part in parts) else LINES_BESIDE_A_FIGURE
    return [part.html for part in parts if all_of_it or part.lines <= most]


def pop_while(left: deque[Block], condition: Callable[[Block], bool]) -> list[Block]:
    taken = []
    while left and condition(left[0]):
        taken.append(left.popleft())
    return taken


def plan(slides: list[Slide], minutes: int) -> None:
    """Put times into the slides: the lesson's own for exercises, and an even share of what it leaves for the others."""
    others = [slide for slide in slides if not slide.estimated]
    share = max(0.0, minutes - sum(slide.minutes for slide in slides)) / len(others)
    now = 0.0
    for slide in slides:
        slide.minutes = slide.minutes if slide.estimated else share
        slide.begins = now
        now += slide.minutes
