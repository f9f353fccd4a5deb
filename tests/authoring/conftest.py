"""A course with one short lesson, in folders of its own."""

import shutil

import pytest

from course_lib.authoring import blanks, outputs, source, watch
from course_lib.authoring import build as building

LESSON = """
---
jupyter:
  course:
    lesson: 00_test
---

# Lesson 99 · Test

Text.

```python exercise="course_lib.group_norm.num_groups"
from course_lib.group_norm import num_groups
```

```python
num_groups = check(num_groups)
```

```python predict="99.1" options=["yes", "no"] answer="no"
my_prediction = ...
```

```python tags=["nbval-check-output"]
print("fixed")
```
""".lstrip()


class Course:
    """A repository with what the build reads: one lesson, the module of its exercise, what lessons share.

    Kernels import the real library, which is the same.
    """

    def __init__(self, root):
        self.root = root
        self.lesson = root / "course_lib/lessons/lesson00"
        (self.lesson / "figures.py").parent.mkdir(parents=True)
        self.text = self.lesson / "lesson.md"
        self.text.write_text(LESSON, encoding="utf-8")
        for name in ("pyproject.toml", "course_lib/group_norm.py", "course_lib/lessons/lesson00/figures.py"):
            shutil.copyfile(source.ROOT / name, root / name)
        shutil.copytree(source.LESSONS / "shared", root / "course_lib/lessons/shared")
        for name in ("notebooks", "solutions", "assets/results", "assets/weights"):
            (root / name).mkdir(parents=True)
        self.learners, self.solution = root / "notebooks/00_test.ipynb", root / "solutions/00_test.ipynb"

    @property
    def source(self):
        return source.find_source(self.text)

    def edit(self, name, old, new):
        """Replace a text that stands in a file."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def edit_lesson(self, old, new):
        self.edit("course_lib/lessons/lesson00/lesson.md", old, new)

    def store_outputs(self, text="output\n"):
        """Write a solution as if it had been executed."""
        made, _ = building.unexecuted(source.read_lesson(self.source))
        for cell in building.code_cells(made):
            cell.outputs = [building.nbformat.v4.new_output("stream", name="stdout", text=text)]
        building.write_text(self.solution, building.to_text(made))


@pytest.fixture
def course(tmp_path, monkeypatch):
    made = Course(tmp_path)
    places = {
        "ROOT": tmp_path,
        "LESSONS": tmp_path / "course_lib/lessons",
        "NOTEBOOKS": tmp_path / "notebooks",
        "SOLUTIONS": tmp_path / "solutions",
        "ASSETS": tmp_path / "assets",
    }
    for module in (source, blanks, outputs, building, watch):
        for name in places.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, places[name])
    monkeypatch.setattr(building, "generated", dict)
    return made
