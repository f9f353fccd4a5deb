"""The lessons as a learner meets them: JupyterLab in a headless browser, opened, run, answered wrong and right.

Needs `pip install -e ".[browser]"` and a Chromium or Chrome; without, these tests are skipped. What the browser showed
is kept as pictures in build/browser, or in the folder that COURSE_SCREENSHOTS names. With COURSE_SLOW_TESTS=1 every
lesson is opened, else a few.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from course_lib.authoring.build import NOTEBOOKS, ROOT, SOLUTIONS
from course_lib.authoring.network_page import PAGE
from course_lib.authoring.source import lesson_sources

playwright = pytest.importorskip("playwright.sync_api", reason='needs pip install -e ".[browser]"')

SLOW = bool(os.environ.get("COURSE_SLOW_TESTS"))
NAMES = [source.name for source in lesson_sources()]
OPENED = NAMES if SLOW else [name for name in NAMES if name[:2] in ("00", "01", "05")]
SCREENSHOTS = Path(os.environ.get("COURSE_SCREENSHOTS") or ROOT / "build" / "browser")
WIDTH, HEIGHT = 1280, 1500
SECONDS_A_LESSON = 300

# what JupyterLab would ask a newcomer about, and cells that stay in the page when they are out of sight
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}

# what is read of a card: the styles are not, nor the sign that the word beside it says
WORDS = """card => {
    const copy = card.cloneNode(true)
    copy.querySelectorAll("style, [aria-hidden]").forEach(part => part.remove())
    return copy.textContent.replace(/\\s+/g, " ").trim()
}"""
# the smallest contrast of any text in it to what lies behind
CONTRAST = """card => {
    const numbers = colour => (colour.match(/[\\d.]+/g) || []).map(Number)
    const bright = rgb => rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0)
    const behind = part => {
        for (; part; part = part.parentElement) {
            const [r, g, b, alpha = 1] = numbers(getComputedStyle(part).backgroundColor)
            if (alpha > 0) return [r, g, b]
        }
        return [255, 255, 255]
    }
    const parts = [...card.querySelectorAll("*")].filter(part => part.tagName !== "STYLE" &&
        [...part.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    return Math.min(...parts.map(part => {
        const back = behind(part), [r, g, b, alpha = 1] = numbers(getComputedStyle(part).color)
        const front = [r, g, b].map((v, place) => alpha * v + (1 - alpha) * back[place])
        const [low, high] = [bright(front), bright(back)].sort((one, other) => one - other)
        return (high + 0.05) / (low + 0.05)
    }))
}"""

ERRORS = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'

# lessons with a figure that can be moved, and one of its sliders by its description
CONTROLS = {"01": "time t", "05": "row", "07": "blocks a level"}


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory, browser):
    """The address of a JupyterLab over a copy of the course's notebooks."""
    with served(tmp_path_factory.mktemp("lab"), "jupyterlab") as address:
        yield address


@contextlib.contextmanager
def served(folder, module):
    """The address of a server over a copy of notebooks/ and of the page they link to, with settings of its own.

    Started as the README says: from the course's folder, or a link could not lead out of notebooks/.
    """
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    (folder / "assets").mkdir()
    shutil.copy(PAGE, folder / "assets")
    for name, settings in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "UNET_COURSE_WORK": "my_work",
    }
    environ = {**os.environ, **{name: str(folder / value) for name, value in own.items()}}
    environ.pop("COURSE_SMOKE", None)  # with it, no figure can be moved
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=", f"--port={port}"]
    command = [sys.executable, "-m", module, *options, "--preferred-dir", "notebooks"]
    with open(folder / "log.txt", "w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"{address}/api/status"), 120)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.2)


class Lesson:
    """A notebook open in JupyterLab, with the few things a learner does to it."""

    def __init__(self, page, name, folder=NOTEBOOKS):
        self.page, self.name = page, name
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
        self.cells = self.notebook.locator(".jp-Cell")
        self.made = nbformat.read(folder / f"{name}.ipynb", as_version=4)

    def run_all(self):
        # a kernel that is only just connected can lose the first request: ask until something has started
        for _ in range(5):
            self.answer_a_question()
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            if self.has_started_within(15):
                break
        self.wait()

    def answer_a_question(self):
        """Where JupyterLab asks something, such as which kernel it is to be when one was slow to start: yes."""
        asked = self.page.locator("dialog.jp-Dialog .jp-mod-accept")
        if asked.count():
            print(f"JupyterLab asked: {self.page.locator('dialog.jp-Dialog').first.inner_text()}")
            asked.first.click()

    def has_started_within(self, seconds):
        prompts = self.notebook.locator(".jp-CodeCell .jp-InputPrompt")
        try:
            wait_for(lambda: any(re.search(r"[*\d]", text) for text in prompts.all_inner_texts()), seconds)
        except AssertionError:
            return False
        return True

    def wait(self):
        """Until every code cell that was started has ended."""
        prompts = self.notebook.locator(".jp-CodeCell .jp-InputPrompt")

        def ended():
            texts = prompts.all_inner_texts()
            return not any("*" in text for text in texts) and any(re.search(r"\d", text) for text in texts[-3:])

        wait_for(ended, SECONDS_A_LESSON)
        self.page.wait_for_timeout(1500)  # outputs that are on their way

    def number_of(self, cell_id):
        # the id of a method's cell has a hyphen where the method's name has a dot
        return next(number for number, cell in enumerate(self.made.cells) if cell.id == cell_id.replace(".", "-"))

    def source_of(self, number):
        return "\n".join(self.cells.nth(number).locator(".cm-line").all_text_contents())

    def write(self, number, source):
        """Put `source` into a cell and run it."""
        self.cells.nth(number).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")
        self.wait()

    def fill_in(self, exercise, source):
        """Put `source` into the exercise's cell and run it and its check. Returns what the check printed."""
        first, second = self.number_of(f"exercise-{exercise}"), self.number_of(f"check-{exercise}")
        self.write(first, source)
        self.cells.nth(second).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.wait()
        return self.cells.nth(second).locator(".uc-card").evaluate(WORDS)

    def keep_pictures(self, suffix=""):
        """The notebook from top to bottom, a screen at a time."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for old in SCREENSHOTS.glob(f"{self.name}{suffix}-??.png"):
            old.unlink()
        pane = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
        height, step = pane.evaluate("pane => [pane.scrollHeight, pane.clientHeight]")
        for number, top in enumerate(range(0, height, step)):
            pane.evaluate("(pane, top) => { pane.scrollTop = top }", top)
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=SCREENSHOTS / f"{self.name}{suffix}-{number:02}.png")


@pytest.fixture(scope="module")
def opened(request, browser, jupyterlab):
    """Open a lesson and run all its cells, once for all tests that look at it."""
    lessons = {}

    def open_and_run(number):
        name = next(name for name in NAMES if name.startswith(number))
        if name not in lessons:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(f"{jupyterlab}/lab/workspaces/{name}/tree/notebooks/{name}.ipynb")
            lesson = Lesson(page, name)
            wait_for(lambda: lesson.cells.count() == len(lesson.made.cells), 120)
            page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
            lesson.run_all()
            lessons[name] = lesson
        return lessons[name]

    yield open_and_run
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if lessons and reporter is not None:
        reporter.write_line(f"\npictures of what the browser showed: {SCREENSHOTS}")


@pytest.mark.parametrize("name", OPENED)
def test_a_blank_copy_runs_without_anything_red_and_shows_its_figures(opened, name):
    lesson = opened(name[:2])
    lesson.keep_pictures()
    assert lesson.notebook.locator(ERRORS).all_inner_texts() == []

    pictures = lesson.notebook.locator("img")
    loaded = pictures.evaluate_all("all => all.map(img => [img.naturalWidth, img.src])")
    ours = [width for width, source in loaded if not source.startswith("http")]  # the Colab badge needs a network
    assert 0 not in ours
    stored = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    shown = [out.get("data", {}).get("text/html", "") for cell in stored.cells for out in cell.get("outputs", [])]
    assert len(ours) >= sum("<figure" in text for text in shown) > 0
    # what the page itself says of each: its words, two pixels of the file for one of the page, and no wider than it
    for alt, natural, width, page in pictures.evaluate_all(
        "all => all.filter(img => img.closest('.course-figure') && !img.closest('.jupyter-widgets')).map(img =>"
        " [img.alt, img.naturalWidth, Number(img.getAttribute('width')), img.closest('.jp-OutputArea').clientWidth])"
    ):
        assert len(alt) > 20
        assert abs(natural - 2 * width) <= 1
        assert width <= max(page, 934)

    exercises = [cell for cell in lesson.made.cells if "exercise" in cell.metadata]
    hints = lesson.notebook.locator(".jp-MarkdownCell details")
    assert hints.count() >= 3 * len(exercises)
    assert not any(hints.evaluate_all("all => all.map(hint => hint.open)"))
    said = [lesson.cells.nth(lesson.number_of(f"check-{cell.metadata['exercise']}")) for cell in exercises]
    assert all("not started" in cell.locator(".jp-OutputArea").inner_text() for cell in said)
    # the cell for Colab is folded, and silent
    colab = lesson.cells.nth(lesson.number_of("colab-set-up"))
    assert colab.locator(".cm-content").count() == 0
    assert colab.locator(".jp-OutputArea-output").count() == 0


def choose_theme(page, name):
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    labels = page.locator(".lm-Menu-itemLabel")
    labels.filter(has_text=re.compile("^Theme$")).hover()
    labels.filter(has_text=re.compile(f"^JupyterLab {name}$")).click()
    wait_for(lambda: page.evaluate("document.body.dataset.jpThemeLight") == str(name == "Light").lower(), 20)
    page.wait_for_timeout(500)


def test_a_wrong_answer_gets_its_sentence_and_a_right_one_passes(opened):
    lesson = opened("00")
    wrong = "def from_pixels(pixels):\n    return pixels.float() / 255"
    said = lesson.fill_in("from_pixels", wrong)
    assert said.startswith("not yet · from_pixels")
    assert "You map to [0, 1]." in said
    card = lesson.cells.nth(lesson.number_of("check-from_pixels")).locator(".uc-card")
    for theme in ("Dark", "Light"):
        choose_theme(lesson.page, theme)
        assert min(lesson.notebook.locator(".uc-card").evaluate_all(f"all => all.map({CONTRAST})")) >= 4.5, theme
        for width in (WIDTH, 360):
            lesson.page.set_viewport_size({"width": width, "height": HEIGHT})
            card.scroll_into_view_if_needed()
            lesson.page.wait_for_timeout(500)
            card.screenshot(path=SCREENSHOTS / f"00_wrong_answer_{theme.lower()}_{width}.png")
        lesson.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    card.get_by_role("link").click()
    wait_for(lambda: lesson.notebook.locator("h2", has_text="0.4 How exercises work").bounding_box()["y"] < 400, 20)

    solution = nbformat.read(SOLUTIONS / f"{lesson.name}.ipynb", as_version=4)
    right = next(cell.source for cell in solution.cells if cell.id == "exercise-from_pixels")
    said = lesson.fill_in("from_pixels", right)
    assert said.startswith("passed · from_pixels")
    lesson.page.screenshot(path=SCREENSHOTS / "00_right_answer.png")
    assert lesson.notebook.locator(ERRORS).count() == 0


# it passes in this kernel, where a cell has put a method into torch, and in no other
IN_THIS_KERNEL_ALONE = """import os
os.environ["UNET_COURSE_KEPT_TRIAL"] = "on"
Tensor.halved = lambda self: self / 127.5
def from_pixels(pixels):
    return pixels.float().halved() - 1"""


def test_what_fails_only_in_a_fresh_python_comes_into_the_card_after_its_cell_has_ended(opened):
    lesson = opened("00")
    said = lesson.fill_in("from_pixels", IN_THIS_KERNEL_ALONE)
    assert said.startswith("passed · from_pixels")
    card = lesson.cells.nth(lesson.number_of("check-from_pixels")).locator(".uc-card")
    wait_for(lambda: "Tried in a fresh Python" in card.evaluate(WORDS), 120)
    assert card.evaluate(WORDS).startswith(said)
    assert "no attribute 'halved'" in card.evaluate(WORDS)
    assert card.count() == 1
    card.screenshot(path=SCREENSHOTS / "00_kept_and_tried_elsewhere.png")


WRONG_FUNCTION = "def {name}(*args, **kwargs):\n    return torch.zeros(1)"
WRONG_CLASS = """class {name}(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, *args):
        return torch.zeros(1)"""


@pytest.mark.skipif(not SLOW, reason="only with COURSE_SLOW_TESTS=1")
@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_can_be_answered_wrong_and_then_right(opened, name):
    lesson = opened(name[:2])
    solution = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4)
    for cell in solution.cells:
        exercise = cell.metadata.get("exercise")
        if exercise is None:
            continue
        own_name = exercise.rpartition(".")[2]
        wrong = WRONG_CLASS if re.search(rf"^class {own_name}\b", cell.source, re.MULTILINE) else WRONG_FUNCTION
        imports = "from torch import nn\n\n\n" if wrong is WRONG_CLASS else ""
        said = lesson.fill_in(exercise, imports + wrong.format(name=own_name))
        assert said.startswith(f"not yet · {exercise}"), said
        said = lesson.fill_in(exercise, cell.source)
        assert said.startswith(f"passed · {exercise}"), said
    assert lesson.notebook.locator(ERRORS).all_inner_texts() == []


def test_a_prediction_is_a_click_and_who_makes_none_is_told_nothing(opened):
    lesson = opened("00")
    number = lesson.number_of("predict-0.2")
    asked = lesson.cells.nth(number)
    below = enumerate(lesson.made.cells[number:], number)
    folded = next(place for place, cell in below if re.search(r"^verdict\(", cell.source, re.MULTILINE))
    assert lesson.cells.nth(folded).locator(".cm-content").count() == 0
    assert lesson.cells.nth(folded).locator(".jp-OutputArea-output").count() == 0
    asked.get_by_role("button", name="(B, 10)").click()
    answer = asked.get_by_role("status").filter(has_text="You predicted (B, 10). It is: (B, 3, 32, 32).")
    answer.wait_for()
    asked.screenshot(path=SCREENSHOTS / "00_prediction.png")
    asked.get_by_role("button", name="(B, 3, 32, 32)").click()
    asked.get_by_role("status").filter(has_text="As you predicted: (B, 3, 32, 32).").wait_for()


def test_a_hint_opens_when_it_is_clicked(opened):
    hint = opened("00").notebook.locator(".jp-MarkdownCell details").first
    hint.locator("summary").click()
    assert hint.evaluate("hint => hint.open")
    assert hint.inner_text().count("\n") >= 1


def test_a_link_to_the_document_opens_its_section(opened):
    lesson = opened("01")
    lesson.notebook.locator(".jp-MarkdownOutput a", has_text="section 1").first.click()
    heading = lesson.page.locator(".jp-MarkdownViewer h2", has_text="1 Time embedding")
    heading.wait_for()
    wait_for(lambda: heading.bounding_box()["y"] < 200, 20)
    lesson.page.screenshot(path=SCREENSHOTS / "01_link_to_the_document.png")
    lesson.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=PAGE.name).locator(".lm-TabBar-tabCloseIcon").click()
    lesson.notebook.wait_for()


@pytest.mark.parametrize(("number", "control"), CONTROLS.items())
def test_a_slider_moves_picture_and_sentence(opened, number, control):
    if not any(name.startswith(number) for name in OPENED):
        pytest.skip("only with COURSE_SLOW_TESTS=1")
    lesson = opened(number)
    row = lesson.page.locator(".widget-slider", has_text=control)
    figure = lesson.notebook.locator(".jp-OutputArea-output").filter(has=row).first
    sentence, picture = figure.get_by_role("status").first, figure.locator("img").first
    before = sentence.inner_text(), picture.get_attribute("src")
    assert before[0].strip()
    handle = figure.locator(row).get_by_role("slider").first
    handle.scroll_into_view_if_needed()
    value = handle.get_attribute("aria-valuenow")
    handle.focus()
    lesson.page.keyboard.press("ArrowRight")
    wait_for(lambda: sentence.inner_text() != before[0] and picture.get_attribute("src") != before[1], 20)
    assert handle.get_attribute("aria-valuenow") != value
    lesson.page.screenshot(path=SCREENSHOTS / f"{number}_slider_moved.png")
    assert lesson.notebook.locator(ERRORS).count() == 0


def test_the_switch_takes_the_steps_out_of_a_blank_and_brings_them_back(opened):
    lesson = opened("01")
    number = lesson.number_of("exercise-embedding_frequencies")
    set_up = next(place for place, cell in enumerate(lesson.made.cells) if "show_steps(" in cell.source)
    blank = lesson.made.cells[number].source
    steps = [line for line in blank.splitlines() if line.lstrip().startswith("#")]
    bare = "\n".join(line for line in blank.splitlines() if line not in steps)
    assert len(steps) >= 2

    def switch(steps):
        lesson.write(set_up, lesson.made.cells[set_up].source.replace("show_steps(True)", f"show_steps({steps})"))

    switch(False)
    assert "its step comments go" in lesson.cells.nth(set_up).locator(".jp-OutputArea").inner_text()
    lesson.write(number, blank)
    assert lesson.source_of(number) == bare
    lesson.page.screenshot(path=SCREENSHOTS / "01_without_steps.png")
    mine = blank.replace(steps[0], f"{steps[0]} (so they say)")
    lesson.write(number, mine)
    assert lesson.source_of(number) == mine
    switch(True)
    lesson.write(number, bare)
    assert lesson.source_of(number) == blank
    assert lesson.notebook.locator(ERRORS).count() == 0
