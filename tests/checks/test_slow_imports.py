"""The clock counts a learner's own time: what an import takes is not theirs, and one that was cut leaves no ruins."""

import importlib
import sys
import threading
from textwrap import indent

import pytest

from course_lib.checks import guard
from course_lib.checks.guard import CountedOutput, Failure, guarded
from course_lib.checks.imports import ImportWatch

SECONDS = 0.3
BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end:\n    pass\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package slow_package of modules with the given texts, and forgets it afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**modules):
        folder = tmp_path / "slow_package"
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name.startswith("slow_package")]:
        del sys.modules[name]


def by_statement():
    from slow_package.part import VALUE

    return VALUE


def by_name():
    return importlib.import_module("slow_package.part").VALUE


def in_another_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("function", [by_statement, by_name])
@pytest.mark.parametrize("where", [lambda run: run(), in_another_thread], ids=["alarm", "from outside"])
def test_a_slow_import_is_not_the_answers_time(package, function, where):
    package(__init__=BUSY.format(SECONDS), part=f"{BUSY.format(SECONDS)}VALUE = 7\n")
    assert where(lambda: guarded(function, SECONDS, CountedOutput())) == 7


def test_a_slow_import_is_no_excuse_for_a_loop(package):
    package(part=f"{BUSY.format(SECONDS)}VALUE = 7\n")

    def loops():
        by_statement()
        while True:
            pass

    found = guarded(loops, SECONDS, CountedOutput())
    assert isinstance(found, Failure)
    assert found.kind == "endless"


def test_an_import_that_was_cut_leaves_no_ruins_and_is_tried_again(package, monkeypatch):
    monkeypatch.setattr(guard, "IMPORT_SECONDS", 0.2)
    # the second time it is fast; what it had loaded the first time must be loaded again
    first = "import sys\nfrom slow_package import other\nsys.times_tried += 1\nif sys.times_tried == 1:\n"
    package(__init__=first + indent(BUSY.format(30), "    "), other="", part="import slow_package.other\nVALUE = 7\n")
    monkeypatch.setattr(sys, "times_tried", 0, raising=False)
    assert guarded(by_statement, SECONDS, CountedOutput()) == 7
    assert sys.times_tried == 2


def test_an_import_that_never_ends_is_cut_for_good(package, monkeypatch):
    monkeypatch.setattr(guard, "IMPORT_SECONDS", 0.1)
    package(part="while True:\n    pass\n")
    assert guarded(by_statement, SECONDS, CountedOutput()).kind == "endless"
    assert "slow_package.part" not in sys.modules


def test_a_module_never_sees_the_watch(package):
    package(part="VALUE = __loader__, __spec__.loader\n")
    for loader in guarded(by_statement, SECONDS, CountedOutput()):
        assert type(loader).__module__.endswith("_frozen_importlib_external") or "importlib" in type(loader).__module__
    assert not any(isinstance(finder, ImportWatch) for finder in sys.meta_path)


def test_errors_of_an_import_stay_errors(package):
    package(part="import there_is_no_such_module\n")
    assert guarded(by_statement, SECONDS, CountedOutput()).error == "ModuleNotFoundError"
    package_in_sys = [name for name in sys.modules if name.startswith("slow_package.")]
    assert package_in_sys == []
