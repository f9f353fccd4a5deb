"""What stands below "passed", for those who want more: how long the reference is, and one further thought.

A further thought is a line of NAME.toml, above its tables:

    further = "Can you do it without a loop?"
"""

import ast
import inspect
import io
import re
import textwrap
import tokenize
from typing import Any

from course_lib.checks.exercise import Exercise
from course_lib.checks.last_answers import is_of_the_course
from course_lib.checks.mistakes import FURTHER, read_tables, source_of
from course_lib.checks.standalone import definition

NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)
INPUT_CHECK = re.compile(r"^\s+(raise|check_\w+\()", re.MULTILINE)


def below_passed(exercise: Exercise, answer: Any) -> str:
    """ "Yours has 7 lines, the reference 5. One further thought: can you do it without a loop?" """
    thought = further_thought(exercise)
    return lines_beside(exercise, answer) + (f" One further thought: {thought}" if thought else "")


def further_thought(exercise: Exercise) -> str:
    """ "" where there is none. Raises: ValueError that names the file, if it is written wrong."""
    return " ".join(read_tables(exercise.file.with_suffix(".toml")).get(FURTHER, "").split())


def lines_beside(exercise: Exercise, answer: Any) -> str:
    """How many lines of code the answer has, and how many the reference, where the blank was."""
    given, source = given_methods(exercise), source_of(exercise.answer)
    reference = code_lines(source, exercise.method, given)
    aside = ", its checks of the input not counted" if INPUT_CHECK.search(source) else ""
    try:
        mine = code_lines(textwrap.dedent(definition(answer)), exercise.method, given)
    except (ValueError, SyntaxError, tokenize.TokenError):
        return f"The reference has {counted(reference)}{aside}."
    return f"Yours has {counted(mine)}, the reference {reference}{aside}."


def counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"


def given_methods(exercise: Exercise) -> frozenset[str]:
    """The methods of a class that its lesson shows in full."""
    from course_lib.progress.outline import planned

    place = planned(exercise.lesson, exercise.name)
    if place is None or not inspect.isclass(exercise.answer):
        return frozenset()
    # those of the classes that it is built upon as well: they are shown too
    classes = [one for one in exercise.answer.__mro__ if is_of_the_course(one)]
    methods = {name for one in classes for name, value in vars(one).items() if inspect.isfunction(value)}
    return frozenset(methods - set(place.blank))


def code_lines(source: str, method: str = "", given: frozenset[str] = frozenset()) -> int:
    """Lines with code for the task itself: no signatures, docstrings and comments, no super().__init__(), and nothing
    that only looks at the input and raises, which tasks leave to the reader.

    Args:
        source: of one function or class.
        method: of a class, count this one alone.
        given: of a class, leave these out; other methods count, helpers of the learner's among them.
    """
    node = ast.parse(source).body[0]
    functions = [node]
    if isinstance(node, ast.ClassDef):
        functions = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name not in given]
        functions = [part for part in functions if part.name == method] if method else functions
    with_code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            with_code |= set(range(token.start[0], token.end[0] + 1))
    written = [part for function in functions for part in function.body if not beside_the_task(part)]
    return len(with_code & {line for part in written for line in range(part.lineno, part.end_lineno + 1)})


def beside_the_task(part: ast.stmt) -> bool:
    """A docstring, super().__init__(), a check of the input: `if ...: raise`, `check_vector(...)`, a loop of these."""
    if isinstance(part, ast.Expr):
        text = ast.unparse(part)
        return isinstance(part.value, ast.Constant) or text == "super().__init__()" or text.startswith("check_")
    if isinstance(part, ast.If | ast.For):
        return not part.orelse and all(isinstance(one, ast.Raise) or beside_the_task(one) for one in part.body)
    return False
