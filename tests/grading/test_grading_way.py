"""The two declarations that marking rests on: which way a submission goes, and by which calls an answer is reached."""

import ast
import inspect
import re

import pytest

import course_lib.grading
from course_lib.checks.handle import Handle
from course_lib.checks.seam import CALLS, Seam
from course_lib.commands import grade
from course_lib.grading import grade_learner, print_of, whole_class
from course_lib.grading.sandbox import child
from course_lib.grading.sandbox.library import PACKAGE
from course_lib.grading.sandbox.remote_handle import RemoteHandle

STEPS = re.findall(r"^ *(\d+)\. (\w+) .*? (\S+\.py)", course_lib.grading.__doc__, re.MULTILINE)


def calls_in(*functions):
    """Names of the functions called in the source, in the order of the lines."""
    found = []
    for function in functions:
        nodes = [node for node in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(node, ast.Call)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            found.append(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return found


def test_each_step_is_a_function_of_the_file_that_is_named():
    assert [int(number) for number, _, _ in STEPS] == list(range(1, len(STEPS) + 1))
    assert len(STEPS) >= 8
    for _, name, file in STEPS:
        tree = ast.parse((PACKAGE / "grading" / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (name, file)
    files = re.findall(r"[\w/]+\.py", course_lib.grading.__doc__.replace("commands/grade.py", ""))
    assert all((PACKAGE / "grading" / file).is_file() for file in files)


def test_the_steps_are_taken_in_this_order():
    names = [name for _, name, _ in STEPS]
    of_the_class, of_a_learner = (names[0], names[1], names[-1]), names[2:6]
    assert tuple(name for name in calls_in(grade.mark) if name in names) == of_the_class
    taken = [name for name in calls_in(grade_learner, print_of) if name in names]
    assert taken == of_a_learner
    assert names[6] in calls_in(whole_class.mark_class)
    assert "grade_learner" in calls_in(whole_class.work)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("handle", [Handle, RemoteHandle])
def test_both_handles_take_the_calls_as_they_are_declared(handle, name):
    declared, made = (inspect.signature(getattr(one, name), eval_str=True) for one in (Seam, handle))
    assert made == declared
    assert inspect.getdoc(getattr(Seam, name))


def test_there_are_no_other_calls():
    public = {name for name, value in vars(Handle).items() if inspect.isfunction(value) and not name.startswith("_")}
    # what a handle is told when a property ends is said to one in this process only
    assert public - {"release"} == set(CALLS)
    assert {name for name in vars(RemoteHandle) if not name.startswith("_")} - {"start"} >= set(CALLS)
    assert child.CALLS is CALLS
    assert len(CALLS) == 5


def test_a_handle_that_lacks_a_call_cannot_be_made():
    lacking = type("Lacking", (Seam,), {name: getattr(Handle, name) for name in CALLS[1:]})
    with pytest.raises(TypeError, match=CALLS[0]):
        lacking()
