"""Stored pictures that range inputs move through: each is the figure drawn for its values, seen in a browser."""

import io
from base64 import b64decode

import numpy as np
import pytest
from explorers import data_of
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_lib.pictures.frames import LONGEST, SHARPNESS, Axis, Frame, frames_html
from course_lib.pictures.html_figure import INCH, figure_html, png_of

ACROSS, DOWN = ["a", "</script><b>"], ["0", "0.5", "1"]
HOSTILE = 'it is <!-- </script> & \u2028 "this"'


def drawn(across: int, down: int, size=(4.0, 2.0)) -> Figure:
    """A figure that says where it stands by a grey level, and by how long its bar is."""
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    axes.imshow([[0.2 + 0.3 * across]], cmap="gray", vmin=0, vmax=1, extent=(0, 0.5, 0, 1), aspect="auto")
    axes.barh([0.5], [0.2 + 0.15 * down], 0.4, left=0.5, color="#0b5cad")
    return figure


SETTINGS = [(across, down) for across in range(2) for down in range(3)]
AXES = [Axis("across", ACROSS, 1), Axis("down", DOWN, 0)]


def frames(**options):
    return [Frame(drawn(*place, **options), f"{place} {HOSTILE}", f"alt of {place}") for place in SETTINGS]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with a still and its frames, twice."""
    still = drawn(0, 0)
    one = figure_html(*png_of(still), "the still", "Its caption.") + frames_html(AXES, frames(), HOSTILE)
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'><body>{one}{one}<p id='end'>end</p>", encoding="utf-8")
    return path


def exact(figure: Figure, dpi: float) -> np.ndarray:
    """What matplotlib draws, without any file: (H, W, 3)."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(float)


def test_each_frame_is_the_figure_drawn_for_its_values():
    html = frames_html(AXES, frames(), HOSTILE)
    data = data_of(html)
    assert html.count("</script>") == 1
    assert "<!--" not in html
    assert data["note"] == HOSTILE
    assert [axis["values"] for axis in data["axes"]] == [ACROSS, DOWN]
    kind, sheet = data["sheet"].split(",")
    assert kind == "data:image/webp;base64"
    sheet = np.asarray(Image.open(io.BytesIO(b64decode(sheet))).convert("RGB"), dtype=float)
    stored = np.split(sheet, len(SETTINGS))
    for place, frame, words in zip(SETTINGS, stored, data["words"], strict=True):
        assert words.startswith(str(place))
        np.testing.assert_allclose(frame, exact(drawn(*place), INCH * SHARPNESS), atol=4)


@pytest.mark.parametrize(
    ("axes", "count", "size", "message"),
    [
        (AXES, 5, (4, 2), "frames are 5; allowed: one for each of the 6"),
        ([Axis("a", ["0"], 0)], 1, (4, 2), "at least two"),
        (AXES, 6, (4, 30), f"frames are 6 of 4320 pixels; allowed: {LONGEST // 4320}"),
    ],
)
def test_what_cannot_be_stored_is_named(axes, count, size, message):
    with pytest.raises(ValueError, match=message):
        frames_html(axes, frames(size=size)[:count], "")


def test_frames_of_two_sizes_are_named():
    with pytest.raises(ValueError, match=r"frames have the sizes \[.*\]; allowed: one size"):
        frames_html(AXES, [*frames()[:5], *frames(size=(3, 2))[5:]], "")


@pytest.mark.parametrize(("width", "sharp"), [(934, SHARPNESS), (360, 2)])
def test_keys_move_to_every_figure_and_say_so(page, browser, width, sharp):
    opened = browser.new_page(viewport={"width": width, "height": 800}, device_scale_factor=sharp)
    trouble = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("request", lambda request: trouble.append(request.url) if request.url[:4] not in ("file", "data") else 0)
    opened.goto(page.as_uri())
    assert opened.locator("b").count() == 0  # what the words hold is text
    assert opened.locator("#end").inner_text() == "end"
    assert opened.locator("img:visible").count() == 2
    across, down = (opened.get_by_role("slider", name=name, exact=True).first for name in ("across", "down"))
    assert (across.get_attribute("aria-valuetext"), down.get_attribute("aria-valuetext")) == ("</script><b>", "0")
    opened.keyboard.press("Tab")
    assert across.evaluate("input => input === document.activeElement")
    opened.keyboard.press("ArrowLeft")
    opened.keyboard.press("Tab")
    image, sentence = opened.locator("img:visible").first, opened.get_by_role("status").first
    for row in range(2):
        for column, key in enumerate(["Home", "ArrowRight", "ArrowUp"]):
            opened.keyboard.press(key)
            assert down.get_attribute("aria-valuetext") == DOWN[column]
            assert sentence.inner_text().startswith(f"({row}, {column}) it is <!--")
            assert image.get_attribute("alt") == f"alt of ({row}, {column})"
            seen = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
            assert seen.width / seen.height == pytest.approx(2, abs=0.02)
            errors = {}
            for place in SETTINGS:
                figure = Image.fromarray(exact(drawn(*place), INCH * SHARPNESS).astype("uint8")).resize(seen.size)
                errors[place] = np.abs(np.asarray(figure, dtype=float) - np.asarray(seen, dtype=float)).mean()
            assert min(errors, key=errors.get) == (row, column)
            assert errors[row, column] < 1.5
        across.focus()
        opened.keyboard.press("End")
        down.focus()
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert trouble == []
    opened.close()


def test_on_paper_and_without_scripts_the_still_remains(page, browser):
    opened = browser.new_page()
    opened.goto(page.as_uri())
    opened.emulate_media(media="print")
    visible = opened.locator("img:visible")
    assert visible.evaluate_all("all => all.map(image => image.alt)") == ["the still"] * 2
    assert opened.locator("input:visible").count() == 0
    opened.close()
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(page.as_uri())
    assert opened.locator("img:visible").count() == 2
    assert opened.get_by_alt_text("the still").count() == 2
    assert opened.locator("input").count() == 0
    context.close()
