"""A lesson in Jupyter Notebook 7, in a real browser: figures, folded hints, a slider, an answer wrong and right.

Needs `pip install -e ".[browser]"` and a Chromium or Chrome; without, it is skipped. Pictures of what the browser
showed lie beside those of JupyterLab.
"""

from importlib.util import find_spec

import nbformat
import pytest

if find_spec("notebook") is None or find_spec("playwright") is None:
    pytest.skip('needs pip install -e ".[browser]"', allow_module_level=True)

from test_browser import CONTROLS, ERRORS, HEIGHT, SCREENSHOTS, SOLUTIONS, WIDTH, Lesson, served, wait_for

NAME = "01_time_embedding"


@pytest.fixture(scope="module")
def lesson(tmp_path_factory, browser):
    with served(tmp_path_factory.mktemp("notebook"), "notebook") as address:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{address}/notebooks/notebooks/{NAME}.ipynb")
        lesson = Lesson(page, NAME)
        wait_for(lambda: lesson.cells.count() == len(lesson.made.cells), 120)
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
        lesson.run_all()
        lesson.keep_pictures("_notebook7")
        yield lesson


def test_a_blank_copy_shows_its_figures_and_nothing_red(lesson):
    assert lesson.page.locator("#jp-MainLogo, #jp-NotebookLogo").count() > 0  # Notebook, not JupyterLab
    assert lesson.notebook.locator(ERRORS).all_inner_texts() == []
    loaded = lesson.notebook.locator("img").evaluate_all("all => all.map(img => [img.naturalWidth, img.src])")
    ours = [width for width, source in loaded if not source.startswith("http")]  # the badges need a network
    stored = nbformat.read(SOLUTIONS / f"{NAME}.ipynb", as_version=4)
    outputs = [output.get("data", {}) for cell in stored.cells for output in cell.get("outputs", [])]
    figures = [data for data in outputs if "image/png" in data or "<img" in "".join(data.get("text/html", ""))]
    assert len(ours) >= len(figures) > 5
    assert 0 not in ours


def test_hints_are_folded_until_they_are_clicked(lesson):
    hints = lesson.notebook.locator(".jp-MarkdownCell details")
    assert hints.count() >= 3 * sum("exercise" in cell.metadata for cell in lesson.made.cells)
    assert not any(hints.evaluate_all("all => all.map(hint => hint.open)"))
    hints.first.locator("summary").click()
    assert hints.first.evaluate("hint => hint.open")


def test_a_slider_moves_picture_and_sentence(lesson):
    row = lesson.page.locator(".widget-slider", has_text=CONTROLS["01"])
    figure = lesson.notebook.locator(".jp-OutputArea-output").filter(has=row).first
    sentence, picture = figure.get_by_role("status").first, figure.locator("img").first
    before = sentence.inner_text(), picture.get_attribute("src")
    handle = figure.locator(row).get_by_role("slider").first
    handle.click()
    lesson.page.keyboard.press("PageUp")  # Notebook keeps the arrows for itself: they choose another cell
    wait_for(lambda: sentence.inner_text() != before[0] and picture.get_attribute("src") != before[1], 20)
    lesson.page.screenshot(path=SCREENSHOTS / f"{NAME}_notebook7_slider_moved.png")


def test_an_answer_is_told_wrong_and_then_right(lesson):
    wrong = "def embedding_frequencies(dim):\n    return torch.ones(dim // 2)"
    assert lesson.fill_in("embedding_frequencies", wrong).startswith("not yet · embedding_frequencies")
    solution = nbformat.read(SOLUTIONS / f"{NAME}.ipynb", as_version=4)
    right = next(cell.source for cell in solution.cells if cell.id == "exercise-embedding_frequencies")
    assert lesson.fill_in("embedding_frequencies", right).startswith("passed · embedding_frequencies")
    assert lesson.notebook.locator(ERRORS).count() == 0
