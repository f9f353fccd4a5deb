"""Lesson 13's board in a real browser, in JupyterLab and in Jupyter Notebook: pointer and keys paint, Python reads it.

A notebook of the lesson's own cells for it and no others: no network draws. Needs `pip install -e ".[browser]"` and a
Chromium or Chrome; without, it is skipped.
"""

import re
from importlib.util import find_spec

import nbformat
import pytest

if any(find_spec(name) is None for name in ("anywidget", "notebook", "playwright")):
    pytest.skip('needs pip install -e ".[browser]"', allow_module_level=True)

from test_browser import CONTRAST, ERRORS, HEIGHT, SCREENSHOTS, WIDTH, Lesson, choose_theme, served, wait_for

from course_lib.authoring.source import lesson_sources, read_lesson

NAME = "board"
PAGES = {"jupyterlab": "lab/workspaces/board/tree", "notebook": "notebooks"}
SHOWN = "print('[' + str(my_drawing).replace(chr(10), ' ') + ']')"


def cells_of_the_board():
    """The lesson's own, and one that says what Python reads."""
    source = next(source for source in lesson_sources() if source.name.startswith("13"))
    code = [cell.text for cell in read_lesson(source).cells if cell.kind == "code"]
    first = next(place for place, text in enumerate(code) if text.startswith("my_drawing ="))
    return [*code[first : first + 2], SHOWN]


@pytest.fixture(scope="module", params=PAGES)
def board(request, tmp_path_factory, browser):
    folder = tmp_path_factory.mktemp(request.param)
    with served(folder, request.param) as address:
        cells = [nbformat.v4.new_code_cell(text) for text in cells_of_the_board()]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(made, folder / "notebooks" / f"{NAME}.ipynb")
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{address}/{PAGES[request.param]}/notebooks/{NAME}.ipynb")
        lesson = Lesson(page, NAME, folder / "notebooks")
        wait_for(lambda: lesson.cells.count() == len(made.cells), 120)
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
        lesson.run_all()
        page.locator(".uc-board canvas").wait_for()
        lesson.front_end = request.param
        yield lesson


def read(lesson):
    """What the last cell says that Python has: 16 rows of letters."""
    lesson.cells.last.locator(".cm-content").click()
    lesson.page.keyboard.press("Control+Enter")
    lesson.wait()
    return re.search(r"\[(.+)\]", lesson.cells.last.locator(".jp-OutputArea-output").inner_text())[1].split()


def middle_of(canvas, row, column):
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"] + (column + 0.5) * box["width"] / 16, box["y"] + (row + 0.5) * box["height"] / 16


def test_it_begins_with_the_letters(board):
    assert board.notebook.locator(ERRORS).all_inner_texts() == []
    assert read(board)[2] == "..####++++####.."


def test_a_drag_paints_every_cell_on_its_way(board):
    canvas = board.page.locator(".uc-board canvas")
    board.page.get_by_role("button", name="All black").click()
    board.page.get_by_role("button", name="dark grey").click()
    board.page.mouse.move(*middle_of(canvas, 3, 2))
    board.page.mouse.down()
    board.page.mouse.move(*middle_of(canvas, 3, 12), steps=2)  # quicker than cell by cell
    board.page.mouse.up()
    board.page.get_by_role("status").filter(has_text="Row 4, column 13: dark grey.").wait_for()
    assert read(board) == ["." * 16] * 3 + ["..-----------..."] + ["." * 16] * 12


def test_keys_paint_and_are_the_boards_own(board):
    """Arrows choose no other cell, and digits make none a heading."""
    canvas = board.page.locator(".uc-board canvas")
    board.page.get_by_role("button", name="All black").click()
    board.page.mouse.click(*middle_of(canvas, 0, 0))
    board.page.get_by_role("button", name="All black").click()
    canvas.focus()
    for key in ("4", "ArrowDown", "ArrowRight", "Space", "3", "Shift+ArrowRight", "Shift+ArrowDown"):
        board.page.keyboard.press(key)
    board.page.get_by_role("status").filter(has_text="Row 3, column 3: light grey.").wait_for()
    assert canvas.evaluate("canvas => document.activeElement === canvas")
    canvas.scroll_into_view_if_needed()
    board.page.locator(".uc-board").screenshot(path=SCREENSHOTS / f"13_board_keys_{board.front_end}.png")
    assert read(board)[:4] == ["." * 16, ".#+.............", "..+.............", "." * 16]
    assert board.cells.count() == len(board.made.cells)
    assert board.notebook.locator(".jp-MarkdownCell").count() == 0


def test_the_board_goes_back_to_how_it_began_and_who_runs_the_cell_again_keeps_the_drawing(board):
    board.page.get_by_role("button", name="As it began").click()
    assert read(board)[2] == "..####++++####.."
    board.page.get_by_role("button", name="All black").click()
    board.cells.nth(1).locator(".cm-content").click()
    board.page.keyboard.press("Control+Enter")
    board.wait()
    assert read(board) == ["." * 16] * 16


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_its_words_can_be_read_in_both_themes(board, theme):
    if board.front_end == "notebook":
        pytest.skip("its themes are JupyterLab's")
    choose_theme(board.page, theme)
    board.cells.first.locator(".cm-content").click()
    board.page.keyboard.press("Control+Enter")
    board.cells.nth(1).locator(".cm-content").click()
    board.page.keyboard.press("Control+Enter")
    board.wait()
    assert read(board)[2] == "..####++++####.."
    shown = board.page.locator(".uc-board")
    assert shown.evaluate(CONTRAST) >= 4.5
    shown.scroll_into_view_if_needed()
    board.page.screenshot(path=SCREENSHOTS / f"13_board_{theme.lower()}.png")
