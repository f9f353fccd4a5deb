"""A lesson's slides as one page: HTML with everything in it, that opens from a folder, without a network."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from course_lib.authoring.slides import deck_of
from course_lib.authoring.source import Source
from course_lib.files import write_text

NEEDED = ("markdown_it", "mdit_py_plugins", "latex2mathml")
TEMPLATES = Path(__file__).with_name("templates")


def write_deck(source: Source, folder: Path) -> Path:
    """Write the slides of a lesson. Returns the page, such as build/slides/03_residual_block.html.

    Raises: ValueError if a tool or the lesson's solution is missing, or a mark stands where no slide can come from.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ValueError(f'slides need {", ".join(missing)}: pip install -e ".[book]"')
    path = folder / f"{source.name}.html"
    write_text(path, template("deck.html").render(deck=deck_of(source)))
    return path


@cache
def template(name: str) -> Template:
    """One of templates/; what is put into it becomes text, unless it is HTML already."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return found.get_template(name)
