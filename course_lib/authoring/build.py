"""Write the notebooks that are out of date, and execute the solutions among them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.assets import ASSETS, LIST, checksums
from course_lib.authoring.colab_cell import CELL_ID
from course_lib.authoring.notebooks import learners_notebook, solution_notebook, to_text
from course_lib.authoring.outputs import outputs_digest
from course_lib.authoring.source import NOTEBOOKS, ROOT, SOLUTIONS, Lesson, Source, lesson_sources, read_lesson
from course_lib.files import write_text

CELL_TIMEOUT = 600
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


def outdated(source: Source) -> list[Path]:
    """The notebooks of one lesson that are not what the build would write now."""
    lesson = read_lesson(source)
    learners, solution = notebooks_of(lesson.name)
    stored = with_stored_outputs(lesson, solution)
    found = []
    if read(learners) != to_text(learners_notebook(lesson)):
        found.append(learners)
    if stored is None or read(solution) != to_text(stored):
        found.append(solution)
    return found


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
    lesson = read_lesson(source)
    learners, solution = notebooks_of(lesson.name)
    written = []
    text = to_text(learners_notebook(lesson))
    if force or read(learners) != text:
        write_text(learners, text)
        written.append(learners)
    made = None if force else with_stored_outputs(lesson, solution)
    if made is None:
        made = executed(unexecuted(lesson), lesson.name)
    text = to_text(made)
    if force or read(solution) != text:
        write_text(solution, text)
        written.append(solution)
    return written


def outdated_checksums() -> list[Path]:
    """The list of the assets' checksums, if it is not that of the assets as they are now."""
    path = ASSETS / LIST
    return [path] if read(path) != checksums() else []


def write_checksums() -> list[Path]:
    """Write the list of the assets' checksums where it is out of date. Returns the file, if it was written."""
    stale = outdated_checksums()
    for path in stale:
        write_text(path, checksums())
    return stale


def executed(made: NotebookNode, name: str) -> NotebookNode:
    """Run a notebook from its own folder, in a kernel whose my_work is empty, and keep what a reader needs to see."""
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
            client.execute(env={**os.environ, "UNET_COURSE_WORK": work})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise ValueError(f"the solution of {name} does not run: {error}") from None
    for cell in made.cells:
        if "check" in cell.metadata and not printed(cell).startswith("passed"):
            raise ValueError(f"the solution of {name} does not pass {cell.metadata['check']}: {printed(cell)}")
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if worth_keeping(output)]
            cell.metadata.pop("execution", None)
        if cell.id == CELL_ID:
            cell.execution_count = None  # as in a solution that got its set-up cell without being executed
    made.metadata["language_info"] = {"name": "python"}
    return made


def printed(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def worth_keeping(output: NotebookNode) -> bool:
    """Progress bars are for the one who waits, not for the one who reads."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def unexecuted(lesson: Lesson) -> NotebookNode:
    """The solution before its execution, with the digest that says what its outputs will follow from."""
    made = solution_notebook(lesson)
    made.metadata["course"]["built_from"] = outputs_digest(cell.source for cell in code_cells(made))
    return made


def with_stored_outputs(lesson: Lesson, path: Path) -> NotebookNode | None:
    """The solution as it should be now, with the outputs stored at `path`; None where those came from other code."""
    made, text = unexecuted(lesson), read(path)
    if not text:
        return None
    stored = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    cells, old_cells = code_cells(made), code_cells(stored)
    same = [cell.source for cell in cells] == [cell.source for cell in old_cells]
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
