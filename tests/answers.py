"""Answers as learners write them, as data: what stands in their cell, and what they have to hear.

    [[answer]]                       # one for each answer, in tests/lessons/answers/NAME.toml
    exercise = "num_groups"
    what = "numpy integer out of np.gcd"          # one line
    kind = "not_kept"                # where it is of a kind of tests/lessons/kinds_of_answers.toml
    verdict = "failed"               # or "passed", or "not started"
    name = "the_mistake"             # of a failed one: the mistake it hears by name; "" if it must be none
    hears = ["words", "that stand in its message"]
    never = ["words that would be false"]
    before = '''...'''               # an earlier cell, where the answer needs one
    code = '''...'''                 # the cell; the set-up cell and the blank's own imports have run

Of a failed answer at least one of `name`, `hears` and `never` says what it hears; all three may.
"""

import ast
import json
import linecache
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from course_lib.authoring.source import NOTEBOOKS
from course_lib.checks import CheckResult, check, examine
from course_lib.checks.mistakes import NOTEBOOK_NAMES
from course_lib.checks.registry import exercises
from course_lib.progress.outline import outline

FOLDER = Path(__file__).parent / "lessons" / "answers"
VERDICTS = ("passed", "failed", "not started")
KINDS = FOLDER.parent / "kinds_of_answers.toml"
TEXTS, LISTS = {"exercise", "what", "kind", "verdict", "code", "name", "before"}, {"hears", "never"}
CELL = count(1)


@dataclass(frozen=True)
class Answer:
    """One entry of a file; `name` is None where the entry does not say."""

    exercise: str
    what: str
    verdict: str
    code: str
    name: str | None = None
    hears: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    before: str = ""
    kind: str = ""

    @property
    def lesson(self) -> str:
        return exercises()[self.exercise].lesson


@cache
def kinds_of_answers() -> dict[str, dict]:
    """By name, with the fields `says`, `lessons` and `why`, or `tested`."""
    return tomllib.loads(KINDS.read_text(encoding="utf-8"))


@cache
def taken_away() -> frozenset[str]:
    """The exercises that went with their lesson.

    from_the_hints.toml has an answer for each that there ever was, so a name that stands there is no slip.
    """
    entries = tomllib.loads((FOLDER / "from_the_hints.toml").read_text(encoding="utf-8"))["answer"]
    there = {exercise.name for lesson in outline() for exercise in lesson.exercises}
    return frozenset({entry["exercise"] for entry in entries} - there)


def read_answers(path: Path) -> list[Answer]:
    """The answers of one file, but for those whose exercise went with its lesson.

    Raises: ValueError that names file and entry, for an entry that says too little, too much, or something else.
    """
    found = []
    for number, entry in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["answer"], 1):
        if entry.get("exercise") in taken_away():
            continue
        problem = problem_of(entry)
        if problem:
            raise ValueError(f"{path.name}, answer {number} ({entry.get('what', 'no name')}): {problem}")
        found.append(Answer(**{key: tuple(value) if key in LISTS else value for key, value in entry.items()}))
    return found


def problem_of(entry: dict) -> str:
    missing = {"exercise", "what", "verdict", "code"} - set(entry)
    unknown = set(entry) - TEXTS - LISTS
    if missing or unknown:
        return f"missing: {', '.join(sorted(missing)) or 'nothing'}; unknown: {', '.join(sorted(unknown)) or 'nothing'}"
    if not all(isinstance(entry[key], str if key in TEXTS else list) for key in entry):
        return f"allowed: text for {', '.join(sorted(TEXTS))}; lists of texts for {', '.join(sorted(LISTS))}"
    if entry["verdict"] not in VERDICTS:
        return f"verdict is {entry['verdict']!r}; allowed: {', '.join(VERDICTS)}"
    if entry["exercise"] not in exercises():
        return f"exercise is {entry['exercise']!r}; allowed: {', '.join(exercises())}"
    if "kind" in entry and "says" not in kinds_of_answers().get(entry["kind"], {}):
        return f"kind is {entry['kind']!r}; allowed: {', '.join(kinds_of_answers())}"
    said = {"name", "hears", "never"} & set(entry)
    if bool(said) != (entry["verdict"] == "failed"):
        return "what is heard (name, hears, never) belongs to failed answers, and to each of them"
    return ""


def answer_in_a_notebook(answer: Answer) -> Any:
    """What the learner's cell defines: run after the cells above it, with its lines where tracebacks look for them."""
    names = notebook_names(answer.exercise)
    for text in (answer.before, answer.code):
        if text:
            run_cell(text, names)
    owner, _, method = answer.exercise.rpartition(".")
    return names.get(method) or names[owner] if owner else names[method]


def run_cell(text: str, names: dict[str, Any]) -> None:
    place = f"/tmp/ipykernel_1/{next(CELL)}.py"  # as a kernel calls its cells
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    exec(compile(text, place, "exec"), names)


def notebook_names(exercise: str) -> dict[str, Any]:
    """The names that the notebook knows in the cell of the exercise: what the cells above it import and define.

    The exercises above are the reference's, as for somebody who has left them out.
    """
    names = {"__name__": "__main__", **NOTEBOOK_NAMES, "check": check, "examine": examine}
    for cell in code_cells(exercises()[exercise].lesson):
        tree = ast.parse(cell["source"])
        kinds = (
            (ast.Import, ast.ImportFrom)
            if "exercise" in cell["metadata"]
            else (ast.Import, ast.ImportFrom, ast.ClassDef)
        )
        for statement in tree.body:
            if isinstance(statement, kinds) and "course_lib.lessons" not in ast.unparse(statement):
                exec(compile(ast.Module([statement], []), "<a cell above>", "exec"), names)
        above = cell["metadata"].get("exercise")
        if above == exercise:
            return names
        if above and not exercises()[above].method:
            names[above] = exercises()[above].answer
    raise ValueError(f"exercise is {exercise}; allowed: one that has a cell in its lesson's notebook")


@cache
def code_cells(lesson: str) -> list[dict]:
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def verdict_on(answer: Answer, seed: int = 1) -> CheckResult:
    return examine(answer_in_a_notebook(answer), answer.exercise, seed=seed)


def what_is_wrong(answer: Answer, result: CheckResult) -> str:
    """What of the entry does not hold for a verdict; "" if all of it does."""
    if result.status != answer.verdict:
        return f"is {result.status}, and should be {answer.verdict}"
    if answer.name is not None and result.misconception != (answer.name or None):
        return f"is called {result.misconception}, and should be {answer.name or 'nothing'}"
    missing = [words for words in answer.hears if words not in result.message]
    false = [words for words in answer.never if words in result.message]
    return f"does not hear {missing}" if missing else f"hears {false}" if false else ""
