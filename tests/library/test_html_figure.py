"""A figure as HTML: what a page says of it, and what a hostile caption can do (nothing)."""

import base64
import io
import re

import matplotlib.pyplot as plt
import pytest
from PIL import Image

from course_lib.pictures.html_figure import DIMMED, STYLE, WIDEST, figure_html, png_of


@pytest.mark.parametrize("size", [(2, 2), (9.7, 3), (14, 3)])
def test_a_picture_is_as_sharp_as_the_page_can_show_and_no_wider_than_it(size):
    figure, axes = plt.subplots(figsize=size)
    axes.plot([0, 1], [0, 1], color="#0072B2")
    png, width, height = png_of(figure)
    plt.close(figure)
    picture = Image.open(io.BytesIO(png))
    assert abs(picture.width - 2 * width) <= 1
    assert abs(picture.height - 2 * height) <= 1
    assert width <= WIDEST
    # the margins that nobody needs are cut, the rest is as large as it was drawn
    assert 0.6 * min(96 * size[0], WIDEST) < width
    nearest = min(
        sum((one - other) ** 2 for one, other in zip(pixel, (0, 0x72, 0xB2), strict=True))
        for _, pixel in picture.convert("RGB").getcolors(1 << 24)
    )
    assert nearest < 75  # few colours, and the line's own among them


def test_words_stay_words():
    page = figure_html(b"png", 10, 20, '"><script>alert(1)</script>', "<b>bold</b> & more")
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert re.search('base64,(.*?)"', page)[1] == base64.b64encode(b"png").decode()
    assert 'width="10" height="20"' in page
    assert "<figcaption" not in figure_html(b"png", 10, 20, "alt")


def test_a_telephone_gets_a_picture_of_its_own():
    page = figure_html(b"wide", 932, 345, "the map", narrow=(b"narrow", 326, 520))
    source = re.search(r'<source media="\(max-width: 480px\)" width="326" height="520" srcset="data:.*?,(.*?)">', page)
    assert base64.b64decode(source[1]) == b"narrow"
    assert page.index("<source") < page.index("<img") < page.index("</picture>")
    assert "<picture" not in figure_html(b"wide", 932, 345, "the map")


def test_a_dark_page_dims_the_paper_and_the_palest_text_can_still_be_read():
    from course_lib.lessons.shared.legibility import contrast
    from course_lib.lessons.shared.style import COLORS

    share = float(re.search(r"brightness\((.*?)\)", STYLE)[1])
    grey = int(COLORS["grey"][1:3], 16) / 255
    assert contrast((share * grey,) * 3, (share,) * 3) >= 4.5
    assert DIMMED.count(".course-figure img") == 3
