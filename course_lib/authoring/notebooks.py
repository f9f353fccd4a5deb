"""From a lesson's source to its two notebooks: the learner's, and the solution before it is executed."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.authoring.blanks import ExerciseSource, exercise_source, file_of, find, shown_source
from course_lib.authoring.colab_cell import METADATA as FOLDED
from course_lib.authoring.colab_cell import colab_cell
from course_lib.authoring.hidden_answers import HIDDEN, with_hidden_answers
from course_lib.authoring.links import linked, parts, way_on
from course_lib.authoring.source import Cell, Lesson, repository_address
from course_lib.links import cell_id

# what is checked (a class, a function, or a method of a class), and the object that is the answer
CHECK = re.compile(r'^(\w+(?:\.\w+)?) = check\((\w+)(?:, "([\w.]+)")?')
COMPARE = "nbval-check-output"
PREDICTION_LENGTH = 88
HOW_TO_PREDICT = "# run this cell, then click; without buttons, write an option in place of ..."
WAY_ON = "<!-- the way on -->\n"
# how a link to one of the course's files begins: in lesson.md, and in the notebooks, which lie two folders higher
FROM_LESSON, FROM_NOTEBOOK = "](../../../", "](../"

SET_UP = """\
import torch
import torch.nn.functional as F
from torch import Tensor, nn

{imports}from course_lib.checks import check
from course_lib.lessons.lesson{number} import figures as lesson
from course_lib.lessons.shared.predictions import predict, verdict
from course_lib.lessons.shared.show import compare_rows, show, you_are_here

_ = torch.manual_seed(0){switch}"""
IMPORT_OF_SWITCH = "from course_lib.authoring.steps import show_steps\n"
SWITCH = """
# for those who want more: with False, a blank that you run keeps its signature and
# docstring, and loses the steps
show_steps({steps})"""


def learners_notebook(lesson: Lesson, steps: bool = True) -> NotebookNode:
    """Blanks where the exercises are, no answers to predictions, no outputs.

    Args:
        steps: whether blanks have their step comments; without them, it is the edition for those who want more.
    """
    set_up = SET_UP.format(number=lesson.number, imports=IMPORT_OF_SWITCH, switch=SWITCH.format(steps=steps))
    return notebook(
        lesson, lambda exercise: exercise.cell(exercise.blank if steps else exercise.bare), solved=False, set_up=set_up
    )


def solution_notebook(lesson: Lesson) -> NotebookNode:
    """The library's source where the exercises are, every prediction filled in; not executed."""
    return notebook(lesson, lambda exercise: exercise.cell(exercise.full), solved=True)


def notebook(lesson: Lesson, answer: Callable[[ExerciseSource], str], solved: bool, set_up: str = "") -> NotebookNode:
    """A lesson's notebook.

    Args:
        answer: what an exercise's cell holds.
        solved: whether predictions are filled in, and outputs will be compared.
        set_up: another set-up cell.
    Raises: ValueError that names the lesson, for a cell that asks for what is not there.
    """
    with lesson.named():
        cells = made_cells(lesson, answer, solved, set_up)
    cells.insert(1, colab_cell())
    made = new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "course": {"lesson": lesson.name},
        },
    )
    made.nbformat_minor = 5
    nbformat.validate(made)
    return made


def made_cells(
    lesson: Lesson, answer: Callable[[ExerciseSource], str], solved: bool, set_up: str
) -> list[NotebookNode]:
    """A notebook's cells but for Colab's, see `notebook`."""
    cells = []
    ids = CellIds()
    set_up = set_up or SET_UP.format(number=lesson.number, imports="", switch="")
    for cell in with_hidden_answers(with_set_up(lesson, set_up)):
        metadata = {"tags": list(cell.metadata["tags"])} if cell.metadata.get("tags") and solved else {}
        if cell.metadata.get(HIDDEN):
            metadata |= {**FOLDED, "tags": [*FOLDED["tags"], *metadata.get("tags", [])]}
        text, name = cell.text, ""
        if cell.kind == "markdown":
            text, name = linked(text.replace(FROM_LESSON, FROM_NOTEBOOK), lesson.name), cell_id(text)
        if "exercise" in cell.metadata:
            exercise = exercise_of(cell)
            text, name = answer(exercise), f"exercise-{exercise.name}"
            metadata["exercise"] = exercise.name
        elif "shown" in cell.metadata:
            shown = shown_source(cell.metadata["shown"], cell.metadata.get("given", ()))
            text, name = shown.cell(shown.full), f"shown-{shown.name}"
        elif "predict" in cell.metadata:
            text, name = prediction(cell, solved), f"predict-{cell.metadata['predict']}"
            metadata["predict"] = cell.metadata["predict"]
        elif cell.kind == "code" and CHECK.match(text):
            checked = CHECK.match(text)[3] or CHECK.match(text)[1]
            name = f"check-{checked}"
            metadata["check"] = checked
            if solved:
                metadata["tags"] = [COMPARE]
        make = new_code_cell if cell.kind == "code" else new_markdown_cell
        cells.append(make(text, metadata=metadata, id=ids.new(name or f"{cell.kind}-{digest(text)[:8]}")))
    return cells


def with_set_up(lesson: Lesson, set_up: str) -> list[Cell]:
    """The lesson's cells, one for each section and task, with what the build adds.

    The badges of Colab and Kaggle and the way to other lessons stand under the title, the imports behind it, and the
    way on once more at the end.
    """
    owner_and_name = repository_address().removeprefix("https://github.com/")
    link = f"https://colab.research.google.com/github/{owner_and_name}/blob/main/notebooks/{lesson.name}.ipynb"
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
    page = f"https://github.com/{owner_and_name}/blob/main/notebooks/{lesson.name}.ipynb"
    badge += f" [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src={page})"
    cells = [
        Cell(cell.kind, part, cell.metadata)
        for cell in lesson.cells
        for part in (parts(cell.text) if cell.kind == "markdown" else [cell.text])
    ]
    title, *rest = cells
    heading, _, text = title.text.partition("\n")
    way = way_on(lesson)
    return [
        Cell("markdown", "\n\n".join(filter(None, [heading, badge, way, text.strip("\n")]))),
        Cell("code", set_up),
        *rest,
        *([Cell("markdown", f"{WAY_ON}\n{way}")] if way else []),
    ]


def exercise_files(lesson: Lesson) -> set[Path]:
    """The files of the library that the lesson's exercises, and what it shows of them, are written in."""
    keys = ("exercise", "shown")
    paths = [cell.metadata[key] for cell in lesson.cells for key in keys if key in cell.metadata]
    return {file_of(find(path)[0].name) for path in paths}


def exercise_of(cell: Cell) -> ExerciseSource:
    keys = cell.metadata
    return exercise_source(keys["exercise"], keys.get("blank", ()), keys.get("given", ()))


def prediction(cell: Cell, solved: bool) -> str:
    """The place to answer: the options as arguments, of which buttons are made."""
    options = [json.dumps(option, ensure_ascii=False) for option in cell.metadata["options"]]
    options.append(f"mine={json.dumps(cell.metadata['answer'], ensure_ascii=False) if solved else '...'}")
    call = f"my_prediction = predict({', '.join(options)})"
    if len(call) > PREDICTION_LENGTH:
        call = "\n    ".join(["my_prediction = predict(", *(f"{option}," for option in options)]) + "\n)"
    return f"{HOW_TO_PREDICT}\n{call}"


class CellIds:
    """Ids that follow from the cells' own content, so that an edit changes one id and a second build none."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def new(self, name: str) -> str:
        slug = re.sub(r"[^a-zA-Z0-9-_]+", "-", name)[:56]
        candidate, number = slug, 2
        while candidate in self.used:
            candidate, number = f"{slug}-{number}", number + 1
        self.used.add(candidate)
        return candidate


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def to_text(made: NotebookNode) -> str:
    return nbformat.writes(made, version=nbformat.NO_CONVERT) + "\n"
