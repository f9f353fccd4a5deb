"""Exercises are cut out of the library's files by the syntax tree, without importing them."""

import ast
import inspect
import pkgutil
import textwrap

import pytest

import course_lib
from course_lib.authoring.blanks import BEGIN, END, exercise_source, shown_source, with_given_methods, without_bodies
from course_lib.authoring.source import lesson_sources, read_lesson

BLOCK = "course_lib.residual_block.ResidualBlock"


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_a_file_holds_what_python_imports(source):
    cells = [cell.metadata for cell in read_lesson(source).cells if "exercise" in cell.metadata]
    assert cells
    for keys in cells:
        found = exercise_source(keys["exercise"], keys.get("blank", ()), keys.get("given", ()))
        obj = pkgutil.resolve_name(keys["exercise"])
        assert found.name == obj.__qualname__
        whole = textwrap.dedent(inspect.getsource(obj)).rstrip()
        assert found.full == with_given_methods(whole, keys.get("given", ()))


def test_a_name_that_the_package_exports_is_found_where_it_is_written():
    exported, written = exercise_source("course_lib.ResidualBlock", ["forward"]), exercise_source(BLOCK, ["forward"])
    assert exported == written


def test_what_stands_above_a_definition_belongs_to_it(course):
    path = course.root / "course_lib" / "decorated.py"
    path.write_text("class A:\n    @staticmethod\n    def f() -> int:\n        return 1\n", encoding="utf-8")
    assert exercise_source("course_lib.decorated.A.f").full == "@staticmethod\ndef f() -> int:\n    return 1"
    path.write_text("def f(:\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"decorated.py is not Python \(line 1"):
        exercise_source("course_lib.decorated.f")


@pytest.mark.parametrize(
    "path", ["course_lib.nowhere.Block", "course_lib.unet.Nothing", "course_lib.unet.UNet.nothing", "unet"]
)
def test_an_exercise_that_is_not_in_the_library_is_named(path):
    with pytest.raises(ValueError, match="exercise is"):
        exercise_source(path)


def test_a_method_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="forwards"):
        exercise_source(BLOCK, ["forwards"])


def test_blanks_keep_signature_docstring_and_steps():
    found = exercise_source(BLOCK, ["forward"])
    assert found.full == inspect.getsource(course_lib.ResidualBlock).rstrip()
    full, blank = ast.parse(found.full).body[0], ast.parse(found.blank).body[0]
    asked, whole = (ast.get_docstring(one).splitlines() for one in (blank, full))
    assert asked == [line for line in whole if not line.startswith("Raises: ")]
    assert len(asked) == len(whole) - 1
    methods = {node.name: node for node in blank.body[1:]}
    originals = {node.name: node for node in full.body[1:]}
    given = [line for line in ast.unparse(methods["__init__"]).splitlines() if "__init__" not in line]
    asked_of_inputs = ("check_", "if out_channels < 2", "raise ")
    whole = [line for line in ast.unparse(originals["__init__"]).splitlines() if "__init__" not in line]
    assert given == [line for line in whole if not line.strip().startswith(asked_of_inputs)]
    assert ast.unparse(methods["forward"].args) == ast.unparse(originals["forward"].args)
    assert ast.unparse(methods["forward"].body[-1]).startswith("raise NotImplementedError(")
    assert len(methods["forward"].body) == 1
    steps = [line.strip() for line in found.full.splitlines() if line.strip().startswith("#")]
    assert [line.strip() for line in found.blank.splitlines() if line.strip().startswith("#")] == steps


@pytest.mark.parametrize("source", lesson_sources(), ids=lambda source: source.name)
def test_a_blank_asks_for_no_refusal(source):
    for cell in read_lesson(source).cells:
        keys = cell.metadata
        if "exercise" not in keys:
            continue
        found = exercise_source(keys["exercise"], keys.get("blank", ()), keys.get("given", ()))
        left = ast.unparse(ast.parse(found.blank))
        assert "Raises" not in found.blank, found.name
        # what is imported for refusals alone would have to be called; a class may come with methods that call it
        for statement in ast.walk(ast.parse(found.imports_of_blank)):
            if isinstance(statement, ast.ImportFrom):
                refusing = [one.name for one in statement.names if one.name.startswith("check_")]
                assert all(f"{name}(" in left for name in refusing), f"{found.name} imports {refusing}"


def test_a_name_that_the_answer_gives_is_not_imported(course):
    path = course.root / "course_lib" / "named.py"
    body = "import math\nimport numbers\n\n\ndef f(t):\n    numbers = math.sqrt(t)\n    return numbers\n"
    path.write_text(body, encoding="utf-8")
    found = exercise_source("course_lib.named.f")
    assert (found.imports, found.imports_of_blank) == ("import math", "import math")


def test_what_is_there_to_refuse_is_shown_whole():
    shown = shown_source("course_lib.unet.UNetLayers")
    assert 'check_vector("t", t' in shown.full
    assert "check_positive_ints" not in shown.full


def test_a_refusal_of_several_lines_goes_and_what_follows_stays():
    source = textwrap.dedent('''
        def f(x):
            """Do it.

            Raises: ValueError for this,
                and for that.
            Source: a book.
            """
            if x < 0:
                raise ValueError
            return x
    ''').strip()
    blank = without_bodies(source, ast.parse(source).body, "f", marked=False)
    assert ast.get_docstring(ast.parse(blank).body[0]) == "Do it.\n\nSource: a book."


def test_blanks_of_every_form():
    source = textwrap.dedent('''
        class Thing:
            """What it is."""

            def __init__(self, a: int) -> None:
                """Make it."""
                super().__init__()
                # keep a
                self.a = a

            def forward(
                self,
                x: int,
            ) -> int:
                # add a
                y = x + self.a
                if y:
                    # nested step
                    y = y * 2  # not a step of its own

                # give it back
                return y
    ''').strip()
    tree = ast.parse(source).body[0]
    blank = without_bodies(source, tree.body[1:], "Thing", marked=False)
    assert (
        blank
        == textwrap.dedent('''
        class Thing:
            """What it is."""

            def __init__(self, a: int) -> None:
                """Make it."""
                super().__init__()
                # keep a
                raise NotImplementedError("Thing.__init__ is still blank")

            def forward(
                self,
                x: int,
            ) -> int:
                # add a
                # nested step
                # give it back
                raise NotImplementedError("Thing.forward is still blank")
    ''').strip()
    )
    marked = without_bodies(source, tree.body[1:], "Thing", marked=True)
    assert marked.count(BEGIN) == marked.count(END) == 2
    names = {}
    exec(marked, names)  # with markers it is still the solution
    assert names["Thing"](2).forward(1) == 6
