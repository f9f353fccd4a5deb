"""What to tell a learner whose code stops with an error: what the error means, the line, and what was in it.

An error is answered as an error: no sentence about values is said of an answer that gave none.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor, nn

from course_lib.checks.guard import Failure

MEANINGS = Path(__file__).with_name("errors.toml")
FIELDS = {"signs", "places", "called", "line", "there", "says"}


@dataclass(frozen=True)
class Meaning:
    """What one kind of error means.

    Attributes:
        name: as reports show it.
        signs: what the error's text contains.
        says: the sentence, true whatever led to the error.
        places, called, line, there: where it arose, in which call, in which line, and what the names in that line stand
            for; () and None where that is all the same.
    """

    name: str
    signs: tuple[re.Pattern, ...]
    says: str
    places: tuple[str, ...] = ()
    called: re.Pattern | None = None
    line: str | None = None
    there: re.Pattern | None = None

    def of(self, failure: Failure) -> str | None:
        """The sentence for this failure, or None if it is of another kind."""
        if self.places and failure.place not in self.places:
            return None
        if self.called and not self.called.search(failure.called):
            return None
        if self.there and not self.there.search(failure.names):
            return None
        for sign in self.signs:
            found = sign.search(failure.text)
            if found and (self.line is None or re.search(filled_in(self.line, found), failure.line)):
                return filled_in(self.says, found)
        return None


def filled_in(sentence: str, found: re.Match) -> str:
    return re.sub(r"\$(\d)", lambda number: found[int(number[1])], sentence)


@cache
def meanings() -> tuple[Meaning, ...]:
    """All of them, in the order in which they are tried.

    Raises: ValueError that names the entry, for an unknown field or one that is missing.
    """
    tables = tomllib.loads(MEANINGS.read_text(encoding="utf-8"))
    return tuple(meaning(name, table) for name, table in tables.items())


def meaning(name: str, table: dict) -> Meaning:
    if set(table) - FIELDS or not {"signs", "says"} <= set(table):
        raise ValueError(f"[{name}] in {MEANINGS.name} holds {', '.join(table)}; allowed: {', '.join(sorted(FIELDS))}")
    signs = tuple(re.compile(with_names(sign)) for sign in table["signs"])
    called, there = (re.compile(table[field]) if field in table else None for field in ("called", "there"))
    says, places = " ".join(table["says"].split()), tuple(table.get("places", ()))
    return Meaning(name, signs, says, places, called, table.get("line"), there)


def with_names(sign: str) -> str:
    """A sign with the names that {layer} and {of_a_tensor} stand for."""
    return sign.replace("{layer}", f"(?:{'|'.join(layers())})").replace(
        "{of_a_tensor}", f"(?:{'|'.join(of_tensors())})"
    )


@cache
def layers() -> tuple[str, ...]:
    """Classes of layers: torch's and the course's."""
    import course_lib

    found = (*vars(nn).items(), *vars(course_lib).items())
    return tuple(sorted({name for name, value in found if isinstance(value, type) and issubclass(value, nn.Module)}))


@cache
def of_tensors() -> tuple[str, ...]:
    """What tensors have and layers have not."""
    return tuple(sorted(name for name in dir(Tensor) if not name.startswith("_") and not hasattr(nn.Module, name)))


def meaning_of(failure: Failure) -> tuple[str | None, str]:
    """Name and sentence of what an error means; without a name, the error itself."""
    for one in meanings():
        says = one.of(failure)
        if says is not None:
            return one.name, says
    return None, f"Your code stops with an error where it should come back: {failure.text}"


def evidence_of(failure: Failure) -> list[str]:
    """The error, the learner's line, what stood in it, and what it called."""
    parts = (
        ("The error", failure.text),
        ("In your line", failure.line),
        ("There", failure.names),
        ("It stops in", failure.called),
    )
    lines = [
        f"{what}: {text.rstrip('.')}." if what != "In your line" else f"{what}: {text}" for what, text in parts if text
    ]
    return [*lines, failure.hint] if failure.hint else lines


def same_error(one: Failure, other: Failure) -> bool:
    """Whether two answers stopped by the same mistake, on the same inputs.

    The message has to be the same one, with the same numbers, as they come from the inputs; in any order, since a + b
    and b + a name them the other way round. Where an exercise told what clashes, that is compared instead.
    """
    if (one.kind, one.error) != (other.kind, other.error):
        return False
    if not one.text.startswith(f"{one.error}:"):
        return True
    return skeleton(one.text) == skeleton(other.text)


# how a call is written decides which of its tensors is named first; and one precision is as wrong as another
BY_THE_WAY = re.compile(
    r"(?<=tensor number )\d+|(?<=entry )\d+|(?<=element )\d+|(?<=operand )\d+|(?<=float)(?:16|32|64)"
)


def skeleton(text: str) -> tuple[str, list[str]]:
    """A message without its numbers, and those in order. A key is the learner's own word."""
    text = BY_THE_WAY.sub("", "KeyError" if text.startswith("KeyError:") else text)
    return re.sub(r"\d+", "0", text), sorted(re.findall(r"\d+", text))
