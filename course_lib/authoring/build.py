"""Write the notebooks that are out of date, and execute the solutions among them."""

import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.assets import ASSETS, LIST, checksums
from course_lib.authoring.colab_cell import CELL_ID
from course_lib.authoring.network_page import PAGE, network_page
from course_lib.authoring.notebooks import exercise_files, learners_notebook, solution_notebook, to_text
from course_lib.authoring.outputs import files_behind, outputs_digest, without_comments
from course_lib.authoring.source import NOTEBOOKS, ROOT, SOLUTIONS, Lesson, Source, lesson_sources, read_lesson
from course_lib.files import write_text

CELL_TIMEOUT = 600
# what a check says below "passed" is for the one who wrote the answer; tests/nbval.cfg leaves it out of comparisons
BELOW_PASSED = re.compile(r"(?m)^(passed · .*\n)(?:  .*\n)+")
BELOW_PASSED_ON_THE_CARD = re.compile(r'<div class="uc-below">.*?</div>\n?', re.DOTALL)
WIDGET = "application/vnd.jupyter.widget-view+json"


def select(names: Iterable[str]) -> list[Source]:
    """The lessons called `names` ("03" or "03_residual_block"); all for no names.

    Raises: ValueError for a name no lesson has.
    """
    sources = lesson_sources()
    wanted = list(names)
    for name in wanted:
        if not any(source.name.startswith(name) for source in sources):
            raise ValueError(f"lesson is {name!r}; allowed: {', '.join(source.name for source in sources)}")
    return [source for source in sources if not wanted or any(source.name.startswith(name) for name in wanted)]


@dataclass(frozen=True)
class Notebooks:
    """A lesson's two notebooks as they should be now.

    Attributes:
        learners: the text of the learner's copy.
        solution: the text of the solution, with the outputs that are stored; None if it must be executed for new ones.
        files: what both follow from.
    """

    learners: str
    solution: str | None
    files: frozenset[Path]


def should_be(source: Source) -> Notebooks:
    """Raises: ValueError that names the lesson and what is wrong in it."""
    lesson = read_lesson(source)
    _, path = notebooks_of(lesson.name)
    made, files = unexecuted(lesson)
    stored = with_stored_outputs(made, path)
    return Notebooks(
        to_text(learners_notebook(lesson)),
        None if stored is None else to_text(stored),
        frozenset({source.path, *exercise_files(lesson), *files}),
    )


def outdated(source: Source) -> list[Path]:
    """The notebooks of one lesson that are not what the build would write now."""
    wanted = should_be(source)
    pairs = zip(notebooks_of(source.name), (wanted.learners, wanted.solution), strict=True)
    return [path for path, text in pairs if text is None or read(path) != text]


def notebooks_of(name: str) -> tuple[Path, Path]:
    """Where the learner's copy of a lesson and its solution are."""
    return NOTEBOOKS / f"{name}.ipynb", SOLUTIONS / f"{name}.ipynb"


def orphans() -> list[Path]:
    """The notebooks whose lesson is gone."""
    names = {source.name for source in lesson_sources()}
    found = [path for folder in (NOTEBOOKS, SOLUTIONS) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    return [path for path in found if path.stem not in names]


def remove_orphans() -> list[Path]:
    """Delete the notebooks whose lesson is gone. Returns those that were deleted."""
    gone = orphans()
    for path in gone:
        path.unlink()
    return gone


def build(source: Source, force: bool = False) -> list[Path]:
    """Write what is out of date (everything with `force`). Returns the files that were written.

    A solution is executed only where what its outputs follow from changed; where prose did, it keeps those it has.

    Raises: ValueError with the name of the lesson if a cell of its solution fails, or an answer does not pass.
    """
    wanted = should_be(source)
    learners, solution = notebooks_of(source.name)
    written = write_where_different(learners, wanted.learners, force)
    text = wanted.solution
    if text is None or force:
        text = to_text(executed(unexecuted(read_lesson(source))[0], source.name))
    return written + write_where_different(solution, text, force)


def write_expert_copy(source: Source, folder: Path) -> Path:
    """Write the learner's copy whose blanks have no step comments. Returns its file."""
    path = folder / f"{source.name}.ipynb"
    write_where_different(path, to_text(learners_notebook(read_lesson(source), steps=False)))
    return path


def write_where_different(path: Path, text: str, force: bool = False) -> list[Path]:
    """Write a file that holds another text. Returns it, if it was written."""
    if not force and read(path) == text:
        return []
    write_text(path, text)
    return [path]


def generated() -> dict[Path, Callable[[], str]]:
    """What else the build writes: each file, and what gives its text."""
    return {ASSETS / LIST: checksums, PAGE: network_page}


def outdated_generated() -> list[Path]:
    return [path for path, make in generated().items() if read(path) != make()]


def write_generated() -> list[Path]:
    """Write what is out of date of it. Returns the files that were written."""
    return [written for path, make in generated().items() for written in write_where_different(path, make())]


def executed(made: NotebookNode, name: str) -> NotebookNode:
    """Run a notebook from its own folder, in a kernel whose my_work is empty, and keep what a reader needs to see."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory() as work:
        client = NotebookClient(
            made,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            store_widget_state=False,
            resources={"metadata": {"path": str(SOLUTIONS)}},
        )
        try:
            # stored: an explorer leaves pictures to move through (course_lib.lessons.shared.explorer)
            client.execute(env={**os.environ, "UNET_COURSE_WORK": work, "COURSE_STORED": "1"})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise ValueError(f"the solution of {name} does not run: {error}") from None
    for cell in made.cells:
        if "check" in cell.metadata and not printed(cell).startswith("passed"):
            raise ValueError(f"the solution of {name} does not pass {cell.metadata['check']}: {printed(cell)}")
        if "check" in cell.metadata:
            for shown_as in (output.data for output in cell.outputs if "data" in output):
                shown_as["text/plain"] = BELOW_PASSED.sub(r"\1", shown_as["text/plain"])
                shown_as["text/html"] = BELOW_PASSED_ON_THE_CARD.sub("", shown_as["text/html"])
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if worth_keeping(output)]
            cell.metadata.pop("execution", None)
        if cell.id == CELL_ID:
            cell.execution_count = None  # as in a solution that got its set-up cell without being executed
    made.metadata["language_info"] = {"name": "python"}
    return made


def printed(cell: NotebookNode) -> str:
    """The words of a cell's outputs: what it printed, and what its verdicts say."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def worth_keeping(output: NotebookNode) -> bool:
    """Progress bars are for the one who waits, not for the one who reads."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def unexecuted(lesson: Lesson) -> tuple[NotebookNode, list[Path]]:
    """The solution before its execution, with the digest of what its outputs will follow from, and those files."""
    made = solution_notebook(lesson)
    cells = [cell.source for cell in code_cells(made)]
    files = files_behind(cells, lesson.shown)
    made.metadata["course"]["built_from"] = outputs_digest(cells, files)
    return made, files


def with_stored_outputs(made: NotebookNode, path: Path) -> NotebookNode | None:
    """The solution `made` with the outputs stored at `path`; None where those follow from something else."""
    text = read(path)
    if not text:
        return None
    stored = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    cells, old_cells = code_cells(made), code_cells(stored)
    same = [without_comments(cell.source) for cell in cells] == [without_comments(cell.source) for cell in old_cells]
    if not same or stored.metadata.get("course", {}).get("built_from") != made.metadata["course"]["built_from"]:
        return None
    for cell, old in zip(cells, old_cells, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return made


def code_cells(made: NotebookNode) -> list[NotebookNode]:
    """The cells that are executed here: all code but Colab's."""
    return [cell for cell in made.cells if cell.cell_type == "code" and cell.id != CELL_ID]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
