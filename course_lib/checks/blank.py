"""Tell a blank from every other NotImplementedError, by the code that raised it.

A blank is what the build cuts out of the library (`authoring.blanks`): a docstring, super().__init__() where it stands
in the original, and one `raise NotImplementedError("ResidualBlock.forward is still blank")`. torch raises that error
too, for a `forward` that is misspelled or a type it cannot compute with: those are errors like any other.
"""

import ast
import inspect
import linecache
import re
import textwrap
from types import CodeType, FrameType, FunctionType

STILL_BLANK = "is still blank"
# what the part that is being marked says in place of its body, whichever way an answer came to it
WITHHELD = "is not to be had while it is marked"

# kinds of a Failure: a blank with nothing in it; one in which something is written, and the raise was left
NOT_STARTED, RAISE_LEFT = "not started", "raise left"


def blank_raised(error: BaseException) -> tuple[str, str] | None:
    """What kind of blank raised `error`, and the names of the blanks there; None if no blank did.

    Returns: NOT_STARTED or RAISE_LEFT, and "ResidualBlock.forward", or several names with ", " between, where other
        methods of the same class are as blank.
    """
    if type(error) is not NotImplementedError or any(type(one) is not str for one in error.args):
        return None
    text, frame = str(error), innermost_frame(error)
    if text.endswith(WITHHELD):
        return NOT_STARTED, text
    if frame is None:
        return None
    name = blank_name(frame.f_code, text)
    if not name:
        return None
    if not nothing_written(frame.f_code, text):
        return RAISE_LEFT, name
    return NOT_STARTED, ", ".join(dict.fromkeys([name, *blank_neighbours(frame)]))


def innermost_frame(error: BaseException) -> FrameType | None:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame if traceback is not None else None


def blank_name(code: CodeType, text: str) -> str:
    """The name in a blank's text, or of the function where nbgrader has left none; "" if it is no blank's text, or if
    another line raised it."""
    if "NotImplementedError" not in code.co_names:
        return ""
    if not text:
        return code.co_qualname.rpartition("<locals>.")[2]
    found = re.fullmatch(rf"([\w.]+) {STILL_BLANK}", text)
    return found[1] if found is not None and text in code.co_consts else ""


def nothing_written(code: CodeType, text: str) -> bool:
    """Whether a function holds no more than a blank does."""
    body = statements_of(code)
    if body is not None:
        kept = 1 if body and is_docstring(body[0]) else 0
        kept += len(body) > kept and ast.unparse(body[kept]) == "super().__init__()"
        return len(body) == kept + 1
    # where the text is lost, names tell: what stands below the raise leaves its own in the code too
    own = {"NotImplementedError", *(("super", "__init__") if code.co_name == "__init__" else ())}
    arguments = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    docstring = code.co_consts[:1] if code.co_consts and isinstance(code.co_consts[0], str) else ()
    return (
        set(code.co_names) <= own
        and len(code.co_varnames) == arguments
        and set(code.co_consts) <= {None, text, *docstring}
        and set(code.co_freevars) <= {"__class__"}
    )


def statements_of(code: CodeType) -> list[ast.stmt] | None:
    """The body of a function as its cell has it; None where its text is not to be had."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    try:
        node = ast.parse(textwrap.dedent("".join(inspect.getblock(lines)))).body[0]
    except (SyntaxError, IndexError):
        return None
    return node.body if isinstance(node, ast.FunctionDef) and node.name == code.co_name else None


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def blank_neighbours(frame: FrameType) -> list[str]:
    """The other blanks of the class whose method runs in `frame`."""
    code = frame.f_code
    owner = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    for one in type(owner).__mro__:
        codes = [value.__code__ for value in vars(one).values() if isinstance(value, FunctionType)]
        if code in codes:
            return [name for name in map(name_if_blank, codes) if name]
    return []


def name_if_blank(code: CodeType) -> str:
    texts = [value for value in code.co_consts if isinstance(value, str) and value.endswith(f" {STILL_BLANK}")]
    name = blank_name(code, texts[0]) if texts else ""
    return name if name and nothing_written(code, texts[0]) else ""
