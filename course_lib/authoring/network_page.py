"""The tables of assets/network.md, the document's facts: written from document.py, so that they cannot drift.

In the page a table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; all else is written by hand.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from course_lib import document
from course_lib.assets import ASSETS
from course_lib.document import FORWARD_PASS

PAGE = ASSETS / "network.md"
TABLE = re.compile(r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end of table -->)", re.S)


def network_page() -> str:
    """The page as it should be: what is written by hand, and the tables of document.py."""
    return with_tables(PAGE.read_text(encoding="utf-8"))


def with_tables(text: str) -> str:
    """The page with the tables of document.py between its markers.

    Raises: ValueError if the page does not have each table once.
    """
    made = tables()
    found = [match[2] for match in TABLE.finditer(text)]
    if sorted(found) != sorted(made):
        raise ValueError(f"{PAGE.name} has the tables {sorted(found)}; allowed: each once of {sorted(made)}")
    return TABLE.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n{match[3]}", text)


def tables() -> dict[str, str]:
    """Each table of the page as Markdown, by its name."""
    return {
        "settings": table(("setting", "value"), settings()),
        "attention costs": table(
            ("feature map", "tokens N", "entries of one attention matrix, N²"),
            (
                (f"{cost.side}x{cost.side}", f"{cost.tokens:,}", f"{cost.entries:,}")
                for cost in document.ATTENTION_COSTS
            ),
        ),
        "skips": table(("skip", "shape", "pushed by", "popped before"), skips()),
        "decoder sums": table(("level", "first block", "second block", "third block"), decoder_sums()),
        "forward pass": table(("part", "step", "in", "out", "stack", "in the document"), forward_pass()),
        "roles": table(
            ("part", "in", "out", "role", "example"),
            (
                (role.component, code(role.input), code(role.output), role.role, example(role))
                for role in document.ROLES
            ),
        ),
    }


def table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ["---" for _ in head], *rows]
    return "".join(f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|\n" for line in lines)


def code(value: object) -> str:
    return f"`{value}`"


def settings() -> list[tuple[str, str]]:
    return [
        ("image", code(document.IMAGE_SHAPE)),
        ("times", code(list(document.TIMESTEPS))),
        ("labels", code(list(document.CLASS_LABELS))),
        ("base_channels", code(document.BASE_CHANNELS)),
        ("channel_mults", code(document.CHANNEL_MULTS)),
        ("width of the embedding", code(document.EMB_DIM)),
        ("parameters (they follow from the shapes)", f"{document.PARAMETERS:,}, that is {document.PARAMETERS_TEXT}"),
    ]


def skips() -> list[tuple[str, ...]]:
    pushed_by = [step.module for step in FORWARD_PASS if step.pushes_skip]
    popped_before = [after.module for step, after in pairwise(FORWARD_PASS) if step.name == "cat"]
    rows = zip(document.SKIPS, pushed_by, reversed(popped_before), strict=True)
    return [(str(number), *map(code, row)) for number, row in enumerate(rows, start=1)]


def decoder_sums() -> list[tuple[str, ...]]:
    levels = zip(reversed(document.CHANNEL_MULTS), document.DECODER_CHANNELS, strict=True)
    return [
        (f"{mult * document.BASE_CHANNELS} channels", *(f"{h}+{skip}" for h, skip in sums)) for mult, sums in levels
    ]


def forward_pass() -> list[tuple[str, ...]]:
    rows, stack, parts = [], [], [step.section for step in FORWARD_PASS]
    for step, part, before in zip(FORWARD_PASS, parts, ["", *parts[:-1]], strict=True):
        change = ""
        if step.pushes_skip:
            stack.append(len(stack) + 1)  # nothing is pushed any more once the popping has begun
            change = f"push {stack[-1]}"
        elif step.name == "cat":
            change = f"pop {stack.pop()}"
        name = f"{step.name}, `{step.module}`" if step.module not in (None, step.name) else step.name
        goes_in = code(step.input) + (f" and {code(step.skip)}" if step.skip else "")
        told = "" if step.written_out else "left out"
        rows.append((part if part != before else "", name, goes_in, code(step.output), change, told))
    return rows


def example(role: document.Role) -> str:
    return f"{' and '.join(map(code, role.example_inputs))} → {code(role.example_output)}"
