"""Cells in a Python that is newer than the one that marks: no mistake of a learner's."""

import ast
import re
import sys

# def f[T](x), class A[T], type X = int: 3.12
PARAMETERS = re.compile(r"^([ \t]{0,200}(?:async )?(?:def|class) +\w+) ?\[", re.MULTILINE)
ALIAS = re.compile(r"^([ \t]{0,200})type +(\w+)(?=[ \[=])", re.MULTILINE)
# except ValueError, TypeError: 3.14
EXCEPT = re.compile(r"^([ \t]{0,200}except) +(\w[\w.]*(?:, *\w[\w.]*)+) *:", re.MULTILINE)
STRING = re.compile(r"(?<![\w])([rRbBuUfFtT]{0,2})(\"{3}|'{3}|\"|')")


def needs_newer(source: str) -> str:
    """The version that a cell needs, "3.12", if it is Python and this one cannot read it; "" otherwise."""
    if parses(source):
        return ""
    plain, newest = without_formats(source)
    plain, groups = EXCEPT.subn(r"\1 (\2):", without_parameters(plain))
    version = "3.14" if groups or newest == (3, 14) else "3.12"
    told = tuple(map(int, version.split(".")))
    return version if sys.version_info[:2] < told and parses(plain) else ""


def parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def without_formats(source: str) -> tuple[str, tuple[int, int]]:
    """The source with every f-string and t-string as an empty text, read as 3.12 does: quotes may nest."""
    kept, place, newest = [], 0, (3, 12)
    while (found := next_string(source, place)) is not None:
        formatted = "f" in found[1].lower() or "t" in found[1].lower()
        end = end_of_string(source, found.end(), found[2], formatted)
        if end < 0:
            break
        kept += [source[place : found.start()], '""' if formatted else source[found.start() : end]]
        newest = (3, 14) if "t" in found[1].lower() else newest
        place = end
    return "".join([*kept, source[place:]]), newest


def next_string(source: str, place: int) -> re.Match | None:
    """The next text that begins, outside of comments."""
    while (found := STRING.search(source, place)) is not None:
        comment = source.find("#", place, found.start())
        if comment < 0:
            return found
        line_end = source.find("\n", comment)
        if line_end < 0:
            return None
        place = line_end
    return None


def end_of_string(source: str, place: int, quote: str, formatted: bool) -> int:
    """The place behind the text whose inside begins at `place`; -1 if it does not end."""
    # what is open: a text by its quote, a field of a formatted text by its brace
    open_now: list[str] = [quote]
    while place < len(source) and open_now:
        inside = open_now[-1]
        if inside == "{":
            if source[place] in "{[(":
                open_now.append("{")
            elif source[place] in "}])":
                open_now.pop()
            else:
                found = STRING.match(source, place)
                if found is not None and found.end() > place:
                    open_now.append(found[2])
                    place = found.end()
                    continue
            place += 1
        elif source[place] == "\\":
            place += 2
        elif source.startswith(inside, place):
            open_now.pop()
            place += len(inside)
        elif formatted and source.startswith("{{", place):
            place += 2
        elif formatted and source[place] == "{":
            open_now.append("{")
            place += 1
        else:
            place += 1
    return -1 if open_now else place


def without_parameters(source: str) -> str:
    """The source with `def f[T](x)` as `def f(x)`, and `type X = int` as `X = int`."""
    source = ALIAS.sub(r"\1\2", source)
    kept, place = [], 0
    while (found := PARAMETERS.search(source, place)) is not None:
        depth, end = 1, found.end()
        while end < len(source) and depth:
            depth += (source[end] == "[") - (source[end] == "]")
            end += 1
        kept.append(source[place : found.start()] + found[1])
        place = end
    return "".join([*kept, source[place:]])
