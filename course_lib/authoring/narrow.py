"""Lines that fit beside JupyterLab's file browser: what a learner reads of an exercise is at most 88 characters wide.

The library is 120 wide. In the learner's copies its docstrings, step comments and signatures are broken once more; the
code of the solutions stays as it is in the library.
"""

import ast
import re
import textwrap

WIDTH = 88
COMMENT = re.compile(r"^( *)# (.+)$")
# lines of a docstring that are laid out by hand: doctests and tables
BY_HAND = re.compile(r"^\s*(?:>>>|\.\.\. )|\S {2,}\S")
# lines that begin something, and so do not go on with the line before
BEGINS = re.compile(r"^\s*(?:\w[\w, ]*: |\w+:$|- |>>>|\"\"\"|$)")
# an entry of Args or Attributes, whose further lines stand deeper
ENTRY = re.compile(r"^(?: {8,})\w[\w, ]*: ")
SECTION = re.compile(r"^\s*(?:Returns|Raises|Source|Shapes|Args|Attributes):")


def narrow(source: str) -> str:
    """Python whose comments, docstrings and signatures are broken at 88 characters; what it does is the same."""
    source = with_short_signatures(source)
    docstrings = lines_of_docstrings(source)
    waiting = list(enumerate(source.splitlines(), 1))
    found: list[str] = []
    while waiting:
        number, line = waiting.pop(0)
        first, others = margins(line, number in docstrings)
        if len(line) <= WIDTH or first is None:
            found.append(line)
            continue
        *pieces, rest = wrapped(line.strip().removeprefix("# "), first, others)
        found += pieces
        after = waiting[0][1] if waiting else ""
        same = after.startswith(others) and not after[len(others) :].startswith((" ", "#"))
        goes_on = same and rest[-1] not in ".:;?!"
        # a comment's next line is the next step
        if goes_on and number + 1 in docstrings and not begins(after):
            waiting[0] = waiting[0][0], f"{rest} {after[len(others) :]}"
        else:
            found.append(rest)
    return "\n".join(found)


def begins(line: str) -> bool:
    return bool(BEGINS.search(line) or BY_HAND.search(line))


def margins(line: str, in_docstring: bool) -> tuple[str | None, str]:
    """What stands in front of a line that may be broken, and in front of what follows; None for one that may not."""
    comment = COMMENT.match(line)
    indent = line[: len(line) - len(line.lstrip())]
    if comment and not in_docstring:
        return f"{indent}# ", f"{indent}#   "
    if not in_docstring or BY_HAND.search(line):
        return None, ""
    return indent, indent + ("    " if ENTRY.match(line) and not SECTION.match(line) else "")


def wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def lines_of_docstrings(source: str) -> set[int]:
    """Numbers of the lines, from 1 on, that docstrings stand in."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            found |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return found


def with_short_signatures(source: str) -> str:
    """Signatures with a line that is too long have their arguments on a line below, or each on one of its own."""
    lines = source.splitlines()
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(nodes, key=lambda node: node.lineno, reverse=True):
        last = node.lineno
        while not lines[last - 1].rstrip().endswith(":"):
            last += 1
        header = lines[node.lineno - 1 : last]
        if max(map(len, header)) <= WIDTH or any("#" in line for line in header):
            continue
        text = " ".join(line.strip() for line in header)
        start, end = text.index("("), text.rindex(")", 0, text.rindex(" -> ") if " -> " in text else None)
        indent = " " * node.col_offset
        together = f"{indent}    {text[start + 1 : end].strip().removesuffix(',')}"
        if len(together) <= WIDTH:
            lines[node.lineno - 1 : last] = [f"{indent}{text[: start + 1]}", together, f"{indent}{text[end:]}"]
            continue
        arguments = text[start + 1 : end].strip().removesuffix(",")
        # the comma behind the last one tells ruff that this is meant
        within = [f"{indent}    {argument}," for argument in apart(arguments)]
        lines[node.lineno - 1 : last] = [f"{indent}{text[: start + 1]}", *within, f"{indent}{text[end:]}"]
    return "\n".join(lines)


def apart(arguments: str) -> list[str]:
    """
    >>> apart("a: tuple[int, int], *, b: int = 1")
    ['a: tuple[int, int]', '*', 'b: int = 1']
    """
    found, depth = [""], 0
    for letter in arguments:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [argument.strip() for argument in found]
