"""What the HTML reports share. Every page is one file: no script, no picture, nothing from another place."""

import html
import re
from collections.abc import Sequence

from course_lib.grading.catalogue import Item
from course_lib.grading.marks import Mark

# status -> (letter in the heat map, class of its colour, what it means)
STATUSES = {
    "passed": ("✓", "passed", "right"),
    "failed": ("✗", "failed", "tried, and not right yet"),
    "not attempted": ("·", "blank", "not started, or only imported from the course"),
    "missing": ("-", "blank", "the notebook or the cell was not handed in"),
    "timeout": ("T", "stopped", "did not come to an end"),
    "memory": ("M", "stopped", "needed too much memory"),
    "crashed": ("C", "stopped", "ended the process it ran in"),
    "unreadable": ("U", "stopped", "the file could not be read"),
    "marking error": ("!", "error", "could not be marked; look at it yourself"),
}

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 75rem; margin: 0 auto;
  padding: 1rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; margin: .5rem 0; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem;
  border-bottom: 2px solid #cfd6dd; padding-bottom: .2rem; } h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
a { color: #00507a; } p { max-width: 46rem; } .quiet { color: #4d4d4d; }
table { border-collapse: collapse; margin: .8rem 0; } th, td { padding: .25rem .6rem; text-align: left;
  vertical-align: top; border-bottom: 1px solid #d5dbe1; } caption { text-align: left; padding: .3rem 0; color: #333; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } .scroll:focus { outline: 3px solid #0072b2; outline-offset: 2px; }
.map th, .map td { padding: .1rem .25rem; border: 1px solid #fff; } .map td { text-align: center; min-width: 1.5rem;
  font-weight: 700; } .map th[scope=row] { white-space: nowrap; padding-right: .7rem; font-weight: 400; }
.map thead th { vertical-align: bottom; font-weight: 400; font-size: .8rem; }
.map thead .tall { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; margin: 0 auto; }
.map .lesson { border-left: 3px solid #6b7280; }
.passed { background: #bfe3d5; color: #00341f; } .failed { background: #f8cfa3; color: #4a2300; }
.blank { background: #eceef0; color: #3d3d3d; } .stopped { background: #e3c7dc; color: #46123a; }
.error { background: #1a1a1a; color: #fff; }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: .3rem; font-weight: 600; font-size: .9rem; }
pre { background: #f4f6f8; border-left: 4px solid #9aa5b1; padding: .6rem .8rem; overflow-x: auto;
  font: .88rem/1.45 ui-monospace, monospace; } code { font-family: ui-monospace, monospace; font-size: .92em; }
.says { font-weight: 600; margin: .4rem 0 .2rem; } .evidence { margin: .1rem 0 .1rem 1rem; }
details { margin: .5rem 0; } summary { cursor: pointer; }
.hint { border-left: 4px solid #0072b2; padding: .1rem .8rem; background: #eaf3f9; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { .scroll { overflow: visible; } details > * { display: block; } }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: str) -> str:
    """A whole page. `title` is text, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Anything as text of a page, never as its markup."""
    return html.escape("".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in str(value)), quote=True)


def badge(status: str) -> str:
    letter, colour, _ = STATUSES[status]
    return f'<span class="badge {colour}"><span aria-hidden="true">{letter} </span>{text(status)}</span>'


def message_lines(message: str) -> str:
    """The sentence of the check, and its evidence below it."""
    first, *rest = message.split("\n")
    lines = [f'<p class="says">{text(first)}</p>'] if first else []
    lines += [f'<p class="evidence">{text(line)}</p>' for line in rest if line.strip()]
    return "\n".join(lines)


def next_hint(item: Item, mark: Mark) -> tuple[str, str] | None:
    """The hint to read next: the first for who has not begun, the second for who has. None where none would help."""
    if mark.status in ("passed", "missing", "unreadable", "marking error") or not item.hints:
        return None
    place = 0 if mark.status == "not attempted" else 1
    return item.hints[min(place, len(item.hints) - 1)]


def prose(markdown: str) -> str:
    """A hint's text: code in backticks and in fences, emphasis, paragraphs."""
    parts = re.split(r"```[a-z]*\n(.*?)```", markdown, flags=re.DOTALL)
    out = []
    for place, part in enumerate(parts):
        if place % 2:
            out.append(f"<pre>{text(part.rstrip())}</pre>")
            continue
        for paragraph in re.split(r"\n\s*\n", part):
            if paragraph.strip():
                safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", text(paragraph.strip()))
                safe = re.sub(r"[*][*]([^*]+)[*][*]", r"<strong>\1</strong>", safe)
                out.append(f"<p>{safe}</p>")
    return "\n".join(out)


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table. Head and caption are text, cells are HTML; the first of a row is its header.

    Args:
        numbers: the columns that hold numbers.
    """

    def kind(place: int) -> str:
        return ' class="number"' if place in numbers else ""

    top = "".join(f'<th scope="col"{kind(place)}>{text(name)}</th>' for place, name in enumerate(head))
    body = "\n".join(
        "<tr>"
        + f'<th scope="row"{kind(0)}>{row[0]}</th>'
        + "".join(f"<td{kind(place)}>{cell}</td>" for place, cell in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}"><table><caption>{text(caption)}'
        f"</caption><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )
