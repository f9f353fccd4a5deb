"""What a network can do, against problems with a known answer: Gaussian pictures, arcs, moved pixels."""

import math
from itertools import pairwise

import pytest
import torch
from helpers import randn

from course_lib import DDPM, FlowMatching
from course_lib.editing import (
    gaussian_blur,
    hybrid,
    keep_known,
    noise_further,
    redraw,
    slerp,
    split_of,
    strengths_of,
    two_views,
    walk,
)
from course_lib.lessons.lesson13 import drawing, figures

MEAN, SPREAD = 0.4, 0.3


def down(steps):
    return [1 - i / steps for i in range(steps + 1)]


def bell_split(strengths):
    """The exact split where every pixel is drawn from a bell curve: Bayes' rule, no network."""

    def split(x, t):
        signal, sigma = strengths(t)
        gain = signal * SPREAD**2 / (signal**2 * SPREAD**2 + sigma**2)
        clean = MEAN + gain * (x - signal * MEAN)
        return clean, (x - signal * clean) / sigma

    return split


@pytest.mark.parametrize("process", [FlowMatching(), DDPM()], ids=["flow", "ddpm"])
def test_a_walk_turns_noise_into_the_bell_curve_number_by_number(process):
    strengths, noise = strengths_of(process), randn(1, 1, 40, 50)
    drawn = walk(bell_split(strengths), strengths, noise, down(1000))
    # the map of the ODE between two bell curves is known: it keeps how many spreads a number lies from the mean
    torch.testing.assert_close(drawn, MEAN + SPREAD * noise, atol=0.02, rtol=0)


def test_a_walk_there_and_back_comes_closer_with_more_steps():
    strengths = strengths_of(FlowMatching())
    split, clean = bell_split(strengths), MEAN + SPREAD * randn(1, 1, 20, 20)
    errors = []
    for steps in (10, 40, 160):
        up = [0.05 + 0.95 * i / steps for i in range(steps + 1)]
        found = walk(split, strengths, clean, up)
        errors.append(float((walk(split, strengths, found, up[::-1]) - clean).abs().max()))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_a_walk_is_the_librarys_sampler(method):
    process = FlowMatching() if method == "flow" else DDPM()

    def model(x, t, labels):
        return 0.3 * x + torch.sin(t / 300).reshape(-1, 1, 1, 1)

    options = {} if method == "flow" else {"method": "ddim", "clip_denoised": False}
    noise = randn(2, 3, 4, 4)
    theirs = process.sample(model, (2, 3, 4, 4), num_steps=7, noise=noise, **options)
    mine = walk(split_of(process, model), strengths_of(process), noise, down(7))
    torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("process", [FlowMatching(), DDPM()], ids=["flow", "ddpm"])
@pytest.mark.parametrize("strength", [0.3, 0.8])
def test_redrawn_pictures_of_a_bell_curve_are_of_that_curve(process, strength):
    strengths = strengths_of(process)
    images = MEAN + SPREAD * randn(1, 1, 100, 100)
    drawn = redraw(bell_split(strengths), strengths, images, randn(1, 1, 100, 100, seed=1), strength, 300)
    assert float(drawn.mean()) == pytest.approx(MEAN, abs=0.015)
    assert float(drawn.std()) == pytest.approx(SPREAD, rel=0.03)


@pytest.mark.parametrize("process", [FlowMatching(), DDPM()], ids=["flow", "ddpm"])
def test_noise_in_two_jumps_is_noise_in_one(process):
    strengths, clean = strengths_of(process), torch.full((1, 1, 200, 200), 0.7)
    signal, sigma = strengths(0.3)
    x = signal * clean + sigma * randn(1, 1, 200, 200)
    x = noise_further(strengths, x, randn(1, 1, 200, 200, seed=1), 0.3, 0.6)
    signal, sigma = strengths(0.6)
    assert float(x.mean()) == pytest.approx(signal * 0.7, abs=0.02)
    assert float(x.std()) == pytest.approx(sigma, rel=0.02)


def test_repetitions_bring_a_drawn_pixel_to_its_conditional_distribution():
    found = figures.mended_pairs((walk, keep_known, noise_further), correlation=0.6, rounds=(1, 10))
    assert abs(found[10] - 0.6) < 0.04 < 0.6 - found[1]


def test_an_arc_keeps_the_length_and_takes_even_steps():
    start, end = randn(3, 2, 4, 5), randn(3, 2, 4, 5, seed=1)
    start, end = (x / x.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1) for x in (start, end))
    points = [slerp(start, end, share).flatten(1) for share in (0, 0.25, 0.5, 0.75, 1)]
    for point in points:
        torch.testing.assert_close(point.norm(dim=1), torch.ones(3, dtype=point.dtype))
    angles = [(a * b).sum(1).clamp(-1, 1).acos() for a, b in pairwise(points)]
    for angle in angles[1:]:
        torch.testing.assert_close(angle, angles[0])


@pytest.mark.parametrize("apart", [0.0, 1e-4, 3e-4])
def test_between_two_that_are_nearly_one_lies_the_straight_line(apart):
    start = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for end in (start + apart * start.flip(3), (1 + apart) * start):
        torch.testing.assert_close(slerp(start, end, 0.3), torch.lerp(start, end, 0.3), rtol=0, atol=1e-6)


def test_two_views_of_a_bell_curve_draw_what_reads_both_ways():
    """One view wants 1 in the left half, the other, turned, as well: then the right half is 1, too."""
    strengths = strengths_of(FlowMatching())
    wanted = torch.full((1, 1, 2, 4), -1.0, dtype=torch.float64)
    wanted[..., :2] = 1

    def split(x, t):
        return wanted.expand_as(x), (x - (1 - t) * wanted) / t

    both = two_views(split, split, lambda x: x.flip(-1), lambda x: x.flip(-1))
    drawn = walk(both, strengths, randn(1, 1, 2, 4), down(5))
    torch.testing.assert_close(drawn, torch.zeros_like(drawn), atol=1e-6, rtol=0)


def test_a_hybrid_is_coarse_like_one_and_fine_like_the_other():
    far, near = torch.full((1, 1, 4, 8), 0.5), torch.tensor([1.0, -1.0]).repeat(4)[None, None, None].expand(1, 1, 4, 8)

    def mean(x):
        return x.mean(dim=(-2, -1), keepdim=True).expand_as(x)

    both = hybrid(lambda x, t: (far, far), lambda x, t: (near, near), mean)
    clean, noise = both(randn(1, 1, 4, 8), 0.5)
    torch.testing.assert_close(clean, near + 0.5)
    torch.testing.assert_close(noise, near + 0.5)


def test_a_blur_is_the_bell_it_says_and_keeps_what_is_even():
    point = torch.zeros(1, 1, 31, 31, dtype=torch.float64)
    point[..., 15, 15] = 1
    blurred = gaussian_blur(point, 2.0)
    assert float(blurred.sum()) == pytest.approx(1)
    assert float(blurred[..., 15, 17] / blurred[..., 15, 15]) == pytest.approx(math.exp(-0.5))
    variance = (blurred[0, 0].sum(0) * (torch.arange(31) - 15) ** 2).sum()
    assert float(variance) == pytest.approx(4, rel=0.01)
    torch.testing.assert_close(gaussian_blur(torch.full((1, 2, 5, 5), 0.3), 1.5), torch.full((1, 2, 5, 5), 0.3))
    with pytest.raises(ValueError, match="width is -1; allowed: 0 or more pixels"):
        gaussian_blur(point, -1)


def test_a_drawing_of_letters_is_a_picture_and_a_wrong_one_is_named():
    drawing = "\n".join(["................"] * 15 + ["...............#"])
    image = figures.from_text(drawing)
    assert image.shape == (1, 3, 32, 32)
    assert image[0, 0, 31, 31] == pytest.approx(0.8)
    assert (image == -1).float().mean() == pytest.approx(255 / 256)
    with pytest.raises(ValueError, match="drawing has 15 rows; allowed: 16"):
        figures.from_text(drawing[17:])
    with pytest.raises(ValueError, match=r"row 16 of drawing is '\.+x'; allowed: 16 of the letters"):
        figures.from_text(drawing.replace("#", "x"))


def test_letters_are_cells_and_the_way_back():
    cells = [[(row + column) % 4 for column in range(16)] for row in range(16)]
    letters = drawing.letters_of(cells)
    assert letters.splitlines()[0] == ".-+#" * 4
    assert drawing.cells_of(letters) == cells
    assert drawing.cells_of(f"\n{letters}\n") == cells
    # the greys from black to white are those of the letters
    assert [*drawing.GREYS.values()] == sorted(drawing.GREYS.values())
    assert set(drawing.NAMES) == set(drawing.GREYS)


@pytest.mark.parametrize(
    "wrong", ["", "x", "\n".join(["." * 16] * 15 + ["." * 17]), "\n".join(["........ ......."] * 16)]
)
def test_a_board_begins_with_no_drawing_that_is_none(wrong):
    with pytest.raises(ValueError, match="drawing"):
        drawing.drawing_board(wrong)


def test_where_nobody_is_there_to_draw_the_letters_serve(capsys):
    letters = drawing.letters_of([[3] * 16] * 16)
    board = drawing.drawing_board(letters)
    assert str(board) == letters
    assert capsys.readouterr().out.strip() == drawing.INVITATION
    # who runs the cell again goes on with what was drawn
    board.cells = [[0] * 16] * 16
    assert str(drawing.drawing_board(board)) == drawing.letters_of([[0] * 16] * 16)


@pytest.fixture
def somebody_there(monkeypatch):
    from course_lib.lessons.shared import explorer

    monkeypatch.delenv("COURSE_STORED", raising=False)
    monkeypatch.setattr(explorer, "somebody_is_there", lambda: True)


def test_without_the_package_one_sentence_says_how_to_get_it(somebody_there, monkeypatch, capsys):
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    board = drawing.drawing_board(drawing.letters_of([[1] * 16] * 16))
    assert "pip install anywidget" in capsys.readouterr().out
    assert board.cells == [[1] * 16] * 16


def test_a_stored_notebook_has_a_sentence(somebody_there, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STORED", "1")
    drawing.drawing_board(drawing.letters_of([[1] * 16] * 16))
    assert capsys.readouterr().out.strip() == drawing.INVITATION


def test_the_board_follows_its_widget_and_front_ends_without_widgets_have_a_sentence(somebody_there, monkeypatch):
    pytest.importorskip("anywidget", reason="needs pip install -r requirements.txt")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, *metadata, raw: shown.append(data))
    board = drawing.drawing_board(drawing.letters_of([[1] * 16] * 16))
    assert shown[0]["text/plain"] == drawing.INVITATION
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    made = drawing.widget_of(board)
    made.cells = [[2] * 16] * 16
    assert board.cells == [[2] * 16] * 16
    assert made.start == [[1] * 16] * 16
    assert [grey["value"] for grey in made.greys] == [0, 76, 153, 230]
    made.close()
