"""The reading edition: all solutions with their stored outputs as a site of static pages, by Sphinx and MyST-NB.

It works from the file system with no network: formulas are MathML, the search index and everything else that a page
loads lies beside the pages. Nothing is executed.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from markupsafe import Markup
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from tqdm import tqdm

from course_lib.assets import ASSETS
from course_lib.authoring import stored_outputs
from course_lib.authoring.build import code_cells
from course_lib.authoring.first_page import first_page
from course_lib.authoring.notebooks import WAY_ON, to_text
from course_lib.authoring.source import SOLUTIONS, Cell, Source, read_lesson, repository_address, version
from course_lib.files import write_text
from course_lib.links import cell_id
from course_lib.shown_command import shown_command

if TYPE_CHECKING:
    from docutils.nodes import Element

NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml")
FACTS, FIGURES = "network", "figures"
ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
TO_LESSON = re.compile(r"\[([^]]+)\]\(\.\./notebooks/(\w+)\.ipynb\)")
TO_HEADING = re.compile(r'href="(?:\.\./assets/)?(\w+)\.(?:ipynb|md)(?:#(?:cell-id=)?([^"]*))?"')
TO_NOTEBOOK = re.compile(r"\[([^\[\]]+)\]\((\d\d_\w+)\.ipynb(?:#cell-id=([\w-]+))?\)")
BADGE = re.compile(r"(?:\[!\[Open in \w+\]\([^)]*\)\]\([^)]*\)\s+)+")

TEMPLATES = Path(__file__).with_name("templates")
ADDED = {f"course.{kind}": TEMPLATES / f"reading_edition.{kind}" for kind in ("css", "js")}
# a line that gaps cut into at least three, or a further row of a tensor
ROW = re.compile(r"(?m)^.*\S {2,}\S.* {2,}\S|^ +\[")

TITLE = "How a diffusion UNet works, by building it"

SETTINGS = {
    "project": TITLE,
    "html_title": TITLE,
    "author": "the course's authors",
    "html_static_path": ["static"],
    "html_css_files": ["course.css"],
    "html_js_files": [("course.js", {"defer": "defer"})],
    "extensions": ["myst_nb", "course_lib.authoring.mathml"],
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "html_math_renderer": "mathml",
    "html_theme": "sphinx_book_theme",
    # the theme puts its search into the side bar, and the theme below it another one into a bar at the top
    "html_theme_options": {"use_download_button": False, "home_page_in_toc": True, "navbar_persistent": []},
    "html_copy_source": False,
    "html_show_copyright": False,
    # a summary would be fetched, which browsers refuse for files
    "html_show_search_summary": False,
    "html_show_sphinx": False,
}


def write_reading_edition(out: Path, lessons: Sequence[Source]) -> Path:
    """Write the site. Returns its first page.

    Args:
        out: the site's folder; an earlier reading edition there is replaced.
        lessons: as `select` gives them; their solutions must have been built.
    Raises: ValueError if a tool or a solution is missing, `out` holds something else, or a page cannot be made.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ValueError(f'the reading edition needs {", ".join(missing)}: pip install -e ".[book]"')
    if out.exists() and not is_ours(out):
        raise ValueError(
            f"out is {out}, which holds other things; allowed: a new folder, or an earlier reading edition"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".reading-edition-") as workplace:
        pages, site = Path(workplace) / "pages", Path(workplace) / "site"
        names = {lesson.name for lesson in lessons}
        for lesson in lessons:
            write_text(pages / f"{lesson.name}.ipynb", to_text(for_readers(lesson, names)))
        write_text(pages / f"{FACTS}.md", facts_for_readers(names))
        write_text(pages / "index.md", first_page(TITLE, lessons, [FACTS], pages / "static"))
        for name, path in ADDED.items():
            shutil.copyfile(path, pages / "static" / name)
        shutil.copytree(ASSETS / FIGURES, pages / FIGURES, ignore=shutil.ignore_patterns("*.md"))
        run_sphinx(pages, site, Path(workplace) / "doctrees")
        before = Path(workplace) / "before"
        if out.exists():  # it goes with the workplace, once the new one has taken its place
            out.rename(before)
        try:
            site.rename(out)
        except OSError:
            if before.exists():
                before.rename(out)
            raise
    return out / "index.html"


def is_ours(folder: Path) -> bool:
    """Whether a folder is empty or holds an earlier reading edition, so that it may be replaced."""
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / "searchindex.js").is_file())


def for_readers(lesson: Source, names: set[str]) -> NotebookNode:
    """A stored solution without what only serves to run it.

    A prediction is a question with its answer folded; nobody is told how well the author guessed.

    Args:
        names: of all lessons that are in the site.
    """
    path = SOLUTIONS / f"{lesson.name}.ipynb"
    if not path.exists():
        raise ValueError(
            f"{path.name} is missing in {SOLUTIONS.name}: run {shown_command('course_lib.authoring', 'build')}"
        )
    made = nbformat.read(path, as_version=4)
    # the theme has its own way on at the end of a page
    made.cells = [
        cell
        for cell in made.cells
        if (cell.cell_type == "markdown" and not cell.source.startswith(WAY_ON)) or cell in code_cells(made)
    ]
    asked = {cell.metadata["predict"]: cell for cell in read_lesson(lesson).cells if "predict" in cell.metadata}
    made.cells = [for_a_reader(cell, asked) for cell in made.cells if not stored_outputs.only_says_how_it_went(cell)]
    made.cells[0].source = BADGE.sub("", made.cells[0].source)
    for cell in made.cells:
        if cell.cell_type == "markdown":
            text = cell.source.replace(f"](../assets/{FACTS}.md", f"]({FACTS}.md")
            text = within_the_site(text.replace(f"](../assets/{FIGURES}/", f"]({FIGURES}/"), names)
            target = cell_id(text)
            cell.source = f"({target})=\n{text}" if target else text
    for cell in code_cells(made):
        for output in cell.outputs:
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = TO_HEADING.sub(address_of_page, output.data["text/html"])
    return made


def for_a_reader(cell: NotebookNode, asked: Mapping[str, Cell]) -> NotebookNode:
    """A cell of a solution for those who read; `asked` are the lesson's predictions by their numbers."""
    question = asked.get(cell.metadata.get("predict", ""))
    if question is not None:
        options = Markup("\n").join(Markup("<li>{}</li>").format(option) for option in question.metadata["options"])
        text = Markup('<ol class="options">\n{}\n</ol>\n<details><summary>The answer</summary>\n<p>{}</p>\n</details>')
        return new_markdown_cell(text.format(options, question.metadata["answer"]), id=cell.id)
    if cell.cell_type == "code":
        cell.outputs = stored_outputs.for_readers(cell.outputs)
    return cell


def address_of_page(link: re.Match) -> str:
    """An address within the notebooks, or of the document, as it is on the site."""
    from docutils.nodes import make_id

    name, heading = link.groups()
    return f'href="{name}.html{f"#{make_id(heading)}" if heading else ""}"'


def within_the_site(text: str, names: set[str]) -> str:
    """Markdown whose links to notebooks lead to pages and headings of the site; to a lesson that is not in it, none."""

    def link(found: re.Match) -> str:
        shown, name, target = found.groups()
        if name not in names:
            return shown
        return f"[{shown}](#{target})" if target else f"[{shown}]({name}.ipynb)"

    return TO_NOTEBOOK.sub(link, text)


def facts_for_readers(names: set[str]) -> str:
    """assets/network.md as a page of the site: its anchors as MyST writes them, its links within the site.

    Args:
        names: of the lessons that are in the site; a link to another one becomes plain text.
    """
    text = ANCHOR.sub(r"(\1)=", (ASSETS / f"{FACTS}.md").read_text(encoding="utf-8"))
    text = TO_LESSON.sub(lambda link: f"[{link[1]}]({link[2]}.ipynb)" if link[2] in names else link[1], text)
    return text.replace("](../course_lib/", f"]({repository_address()}/blob/main/course_lib/")


def mark_columns(doctree: "Element") -> None:
    """Give printed tables a class of their own: broken to the width of a telephone, nobody could read them."""
    from docutils.nodes import literal_block

    for block in doctree.findall(literal_block):
        if "stream" in block["classes"] and len(ROW.findall(block.astext())) > 1:
            block["classes"].append("columns")


def run_sphinx(pages: Path, site: Path, doctrees: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    settings = {**SETTINGS, "version": version(), "release": version()}
    try:
        with patch_docutils(), docutils_namespace():
            # its own report names every file of a temporary folder: a bar says enough
            app = Sphinx(pages, None, site, doctrees, "html", settings, status=None, warningiserror=True)
            with tqdm(total=len(list(pages.glob("*.*"))), desc="reading edition", unit="page") as bar:
                app.connect("doctree-read", lambda app, doctree: bar.update())
                app.connect("doctree-read", lambda app, doctree: mark_columns(doctree))
                app.build()
    except SphinxError as error:
        raise ValueError(f"the reading edition could not be made: {error}") from None
    if app.statuscode:
        raise ValueError("the reading edition could not be made: see the lines above")
