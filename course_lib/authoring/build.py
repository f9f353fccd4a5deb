"""Write the notebooks that are out of date, and execute the solutions among them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.authoring.notebooks import digest, learners_notebook, solution_notebook, to_text
from course_lib.authoring.source import NOTEBOOKS, ROOT, SOURCES, lesson_sources, read_lesson
from course_lib.files import write_text

CELL_TIMEOUT = 600
FIGURES = ROOT / "course_lib" / "lessons"
WIDGET = "application/vnd.jupyter.widget-view+json"


def select(names: Iterable[str]) -> list[Path]:
    """The sources of the lessons called `names` ("03" or "03_residual_block"); all for no names.

    Raises: ValueError for a name no lesson has.
    """
    sources = lesson_sources()
    wanted = list(names)
    for name in wanted:
        if not any(path.stem.startswith(name) for path in sources):
            raise ValueError(f"lesson is {name!r}; allowed: {', '.join(path.stem for path in sources)}")
    return [path for path in sources if not wanted or any(path.stem.startswith(name) for name in wanted)]


def outdated(source: Path) -> list[Path]:
    """The notebooks of one lesson that are not what the build would write now."""
    lesson = read_lesson(source)
    found = []
    learners = NOTEBOOKS / f"{lesson.name}.ipynb"
    if read(learners) != to_text(learners_notebook(lesson)):
        found.append(learners)
    solution = SOURCES / f"{lesson.name}.ipynb"
    if built_from(solution) != digest_of(solution_notebook(lesson), lesson.number):
        found.append(solution)
    return found


def build(source: Path, force: bool = False) -> list[Path]:
    """Write what is out of date (everything with `force`). Returns the files that were written.

    Raises: ValueError with the name of the lesson if a cell of its solution fails, or an answer does not pass.
    """
    lesson = read_lesson(source)
    stale = outdated(source)
    learners, solution = NOTEBOOKS / f"{lesson.name}.ipynb", SOURCES / f"{lesson.name}.ipynb"
    written = []
    if force or learners in stale:
        write_text(learners, to_text(learners_notebook(lesson)))
        written.append(learners)
    if force or solution in stale:
        made = solution_notebook(lesson)
        made.metadata["course"]["built_from"] = digest_of(made, lesson.number)
        write_text(solution, to_text(executed(made, lesson.name)))
        written.append(solution)
    return written


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
            resources={"metadata": {"path": str(SOURCES)}},
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
    made.metadata["language_info"] = {"name": "python"}
    return made


def printed(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def worth_keeping(output: NotebookNode) -> bool:
    """Progress bars are for the one who waits, not for the one who reads."""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def digest_of(unexecuted: NotebookNode, number: str) -> str:
    """What a solution's outputs follow from: its cells, the library's source in them, and the lesson's figures."""
    return digest(to_text(unexecuted) + read(FIGURES / f"lesson{number}.py"))


def built_from(path: Path) -> str:
    """The digest that a solution says it was built from, or "" if there is none or its cells were changed since."""
    text = read(path)
    if not text:
        return ""
    made = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    said = made.metadata.get("course", {}).pop("built_from", "")
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return said if said == digest_of(made, path.name[:2]) else ""


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
