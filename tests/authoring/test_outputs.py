"""What makes a solution run again: all that can change a figure, and nothing that cannot."""

import pytest

from course_lib.authoring import outputs
from course_lib.authoring.build import code_cells, unexecuted
from course_lib.authoring.source import LESSONS, lesson_sources, read_lesson

FIGURES = """
from course_lib.lessons.lesson00.measure_it import of_a_script
RESULTS = "results/tries.json"
"""
PARTS = {
    "course_lib/lessons/lesson00/figures.py": FIGURES,
    "course_lib/lessons/lesson00/measure_it.py": "of_a_script = 1",
    "course_lib/lessons/lesson00/explore_it.py": "import course_lib.lessons.shared.deep as deep\n",
    "course_lib/lessons/shared/deep.py": 'def deep():\n    return shipped_results("others"), f"weights/net_{1}"',
    "course_lib/lessons/lesson00/exercise.py": "",
    "course_lib/lessons/lesson00/exercise.toml": "",
    "course_lib/lessons/lesson00/measure_other.py": "",
    "course_lib/lessons/lesson01/figures.py": "",
    "assets/results/tries.json": "{}",
    "assets/results/tries_1.png": "",
    "assets/results/others.json": "{}",
    "assets/results/nobody.json": "{}",
    "assets/results/README.md": "",
    "assets/weights/net_1.safetensors": "",
    "assets/weights/card.md": "",
}
COUNT = {
    "course_lib/lessons/lesson00/figures.py",
    "course_lib/lessons/lesson00/measure_it.py",
    "course_lib/lessons/lesson00/explore_it.py",
    "course_lib/lessons/shared/deep.py",
    "assets/results/tries.json",
    "assets/results/tries_1.png",
    "assets/results/others.json",
    "assets/weights/net_1.safetensors",
}
CELLS = [
    "from course_lib.lessons.lesson00 import figures as lesson",
    "from course_lib.lessons.lesson00.explore_it import x",
]


@pytest.fixture
def small(course):
    for name, text in PARTS.items():
        path = course.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return course


def digest():
    return outputs.outputs_digest(CELLS, outputs.files_behind(CELLS))


@pytest.mark.parametrize("name", PARTS)
def test_a_file_counts_if_a_cell_can_reach_it(small, name):
    before = digest()
    with open(small.root / name, "a", encoding="utf-8") as file:
        file.write("\n")
    assert (digest() != before) == (name in COUNT)


def test_a_comment_counts_nowhere(small):
    before = digest()
    small.edit(
        "course_lib/lessons/lesson00/measure_it.py", "of_a_script = 1", "# why\nof_a_script = 1  # one\n    # and so"
    )
    assert digest() == before
    small.edit("course_lib/lessons/lesson00/measure_it.py", "of_a_script = 1 ", 'of_a_script = "# no comment" ')
    assert digest() != before


def test_cells_count_without_their_comments():
    one, other = 'x = "# a"  # why\n\n\n# alone\ny = 1', 'x = "# a"\n\n\ny = 1  # because'
    assert outputs.without_comments(one) == outputs.without_comments(other) == 'x = "# a"\n\n\ny = 1'
    assert outputs.outputs_digest([one], []) == outputs.outputs_digest([other], [])


def test_code_counts_and_its_order():
    assert len({outputs.outputs_digest(cells, []) for cells in (["a", "b"], ["b", "a"], ["a", "c"])}) == 3


def test_what_is_not_python_is_named(small):
    with pytest.raises(ValueError, match="the cell that begins with 'x = 1' is not Python"):
        outputs.files_behind(["x = 1\ny = ("])
    small.edit("course_lib/lessons/lesson00/measure_it.py", "1", "(")
    with pytest.raises(ValueError, match=r"lesson00/measure_it.py is not Python \(line 1"):
        outputs.files_behind(CELLS)


def test_everything_that_lessons_draw_with_or_show_is_behind_one_of_them():
    behind = set()
    for source in lesson_sources():
        behind |= set(unexecuted(read_lesson(source))[1])
    # scripts that nobody imports measure and write; a figure is drawn from what they wrote
    drawing = [*LESSONS.glob("*/figures.py"), *LESSONS.glob("*/explore_*.py"), *LESSONS.glob("shared/*.py")]
    scripts = {"measure_expectations.py", "ship_weights.py", "claims.py", "__init__.py"}
    results = [path for path in (outputs.ASSETS / "results").iterdir() if path.suffix in (".json", ".png")]
    for_model_cards = {"shipped_weights.json"}
    weights = (outputs.ASSETS / "weights").glob("*.safetensors")
    wanted = {path for path in [*drawing, *results, *weights] if path.name not in scripts | for_model_cards}
    assert not wanted - behind


def test_no_file_of_an_exercise_is_behind_a_lesson():
    for source in lesson_sources():
        _, files = unexecuted(read_lesson(source))
        assert not [path.name for path in files if path.with_suffix(".toml").exists()]


def test_the_cell_for_colab_is_none_of_the_code():
    made, _ = unexecuted(read_lesson(lesson_sources()[0]))
    assert not any("google.colab" in cell.source for cell in code_cells(made))
