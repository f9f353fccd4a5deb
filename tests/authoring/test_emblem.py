"""The map that opens README: the files are what the course draws now, and README shows the one that fits the window."""

import re

import numpy as np
import pytest
from PIL import Image

from course_lib.authoring import emblem
from course_lib.authoring.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawn():
    return emblem.emblem()


def test_the_files_are_what_the_course_draws_now(drawn):
    assert list(drawn) == list(emblem.EMBLEM)
    assert all(emblem.shows(path, png) for path, png in drawn.items())


def test_the_samplers_picture_is_the_one_that_lesson_09_shows():
    ((path, png),) = emblem.quality().items()
    assert emblem.shows(path, png)


def test_another_drawing_is_written_anew(drawn, tmp_path, monkeypatch):
    wanted = {tmp_path / path.name: png for path, png in drawn.items()}
    monkeypatch.setattr(emblem, "emblem", lambda: wanted)
    monkeypatch.setattr(emblem, "quality", dict)
    assert emblem.outdated_emblem() == list(wanted) == emblem.write_emblem()
    light, dark, narrow, _ = wanted
    assert emblem.outdated_emblem() == []
    dark.write_bytes(light.read_bytes())
    narrow.write_text("no picture")
    one_box = np.array(Image.open(light).convert("RGB"))
    one_box[200:300, 300:340] = 128
    Image.fromarray(one_box).save(light)
    assert emblem.write_emblem() == [light, dark, narrow]
    assert emblem.outdated_emblem() == []


def test_the_dark_one_is_dark_and_its_letters_have_contrast():
    for light, dark in ((emblem.LIGHT, emblem.DARK), (emblem.NARROW, emblem.NARROW_DARK)):
        assert np.asarray(Image.open(light).convert("L")).mean() > 200
        assert np.asarray(Image.open(dark).convert("L")).mean() < 60
    letters, filled = (brightness(emblem.turned(*color)) for color in ((0, 0, 0), (0x56 / 255, 0xB4 / 255, 0xE9 / 255)))
    assert (letters + 0.05) / (filled + 0.05) > 4.5


def brightness(color):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_readme_opens_with_it_for_every_window():
    picture = re.search(r"<picture>.*?</picture>", README, re.S)
    assert picture
    assert README.index("<picture>") < README.index("![")
    shown = re.findall(r'media="(.*?)" srcset="assets/figures/(.*?)"', picture[0])
    dark, narrow = "(prefers-color-scheme: dark)", "(max-width: 480px)"
    assert shown == [
        (f"{narrow} and {dark}", emblem.NARROW_DARK.name),
        (narrow, emblem.NARROW.name),
        (dark, emblem.DARK.name),
    ]
    assert f'src="assets/figures/{emblem.LIGHT.name}" alt="{emblem.ALT}."' in picture[0]
