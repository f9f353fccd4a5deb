"""Keep what a learner has passed outside the notebook: the folder my_work, one readable Python file an exercise.

A course update never touches that folder, and the next lesson or a restarted kernel finds the answers again. It lies
beside the folder notebooks where the course's folder is the learner's own, else in their home; the environment variable
UNET_COURSE_WORK names any other place.
"""

import linecache
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.assets import IS_INSTALLED, PACKAGE
from course_lib.checks.cells import KEPT_MODULE
from course_lib.checks.exercise import Exercise
from course_lib.checks.guard import CountedOutput, Failure, guarded
from course_lib.checks.last_answers import is_of_the_course
from course_lib.files import local_path, write_text

# how the reason begins where there is no file
NOTHING_KEPT = "there is no"
VARIABLE = "UNET_COURSE_WORK"
FOLDER_AT_HOME = "unet-diffusion-course"
# a file defines an answer, and computes nothing that takes long
SECONDS = 5.0


@dataclass(frozen=True)
class Kept:
    """What my_work holds of an exercise.

    Attributes:
        answer: None where there is none, or where its file is of no use.
        why: then the reason, as a sentence without its full stop.
    """

    answer: Any
    why: str = ""


def work_folder() -> Path:
    """Where passed answers are kept; it need not exist yet."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return local_path(named)
    beside = PACKAGE.parent / "my_work"
    if not IS_INSTALLED and is_own(beside if beside.is_dir() else PACKAGE.parent):
        return beside
    return folder_at_home()


def is_own(folder: Path) -> bool:
    """Whether whoever runs this may write there and owns it: in a folder of somebody else's, all would share one."""
    if not os.access(folder, os.W_OK):
        return False
    return not hasattr(os, "getuid") or os.getuid() in (0, folder.stat().st_uid)


def folder_at_home() -> Path:
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, in a container for example
        home = Path.cwd()
    return home / FOLDER_AT_HOME / "my_work"


def said_of_home() -> str:
    """The folder in words, where nobody chose it and it does not lie beside the notebooks; else ""."""
    return str(work_folder()) if not os.environ.get(VARIABLE) and work_folder() == folder_at_home() else ""


def file_of(exercise: Exercise) -> Path:
    return work_folder() / f"{exercise.name}.py"


def keep(exercise: Exercise, answer: Any) -> list[str]:
    """Write a passed answer to its file, unless it is the reference itself, and see whether it runs from there.

    Returns: what there is to say of it, as it is printed: it could not be written, or does not run by itself; and where
        it is, if that has not been said.
    """
    from course_lib.checks.kept_trial import said_of_what_is_missing
    from course_lib.checks.standalone import standalone

    if is_of_the_course(answer):
        return []
    if exercise.method and isinstance(answer, type):
        answer = vars(answer).get(exercise.method, answer)
    try:
        made = standalone(answer, exercise.method or exercise.name)
        write_text(file_of(exercise), made.text)
    except (OSError, ValueError) as error:
        elsewhere = f". Another folder: set {VARIABLE} before Jupyter is started" if isinstance(error, OSError) else ""
        return [f"  (It could not be kept in my_work: {error}{elsewhere}.)"]
    return [*said_where_once(), *said_of_what_is_missing(exercise, made)]


_SAID_WHERE: set[str] = set()


def said_where_once() -> list[str]:
    """Once a kernel, and only where it could be looked for in vain beside the notebooks."""
    folder = said_of_home()
    if not folder or folder in _SAID_WHERE:
        return []
    _SAID_WHERE.add(folder)
    return [f"  (Your work is kept in {folder}.)"]


def load_kept(exercise: Exercise, names: dict[str, Any] | None = None) -> Any:
    """The answer that was kept for an exercise, or None if there is none or its file is of no use; see `read_kept`."""
    return read_kept(exercise, names).answer


def read_kept(exercise: Exercise, names: dict[str, Any] | None = None) -> Kept:
    """The answer that was kept for an exercise, or the reason why there is none. Never raises for what a file holds.

    Args:
        names: what the answer is to find under these names, whatever its file says: other parts of the learner's.
    """
    path, name = file_of(exercise), exercise.method or exercise.name
    shown = f"my_work/{path.name}"
    if not os.path.exists(path):  # unlike pathlib's, it never raises, whoever's the home is
        return Kept(None, f"{NOTHING_KEPT} {shown} yet")
    try:
        source = path.read_text(encoding="utf-8-sig")
        code = compile(source, str(path), "exec")
    except (OSError, UnicodeDecodeError) as error:
        what = "is not in the encoding UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        return Kept(None, f"{shown} {what}")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        return Kept(None, f"{shown} is damaged: it is not Python{line}")
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    module = types.ModuleType(KEPT_MODULE + exercise.name.replace(".", "_"))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # inspect and pickle look classes up by their module's name
    ran = guarded(lambda: exec(code, vars(module)), SECONDS, CountedOutput())
    if isinstance(ran, Failure):
        return Kept(None, f"{shown} does not run: {'it ' if ran.kind == 'endless' else ''}{ran.text.rstrip('.')}")
    answer = vars(module).get(name)
    if answer is None:
        return Kept(None, f"{shown} does not define {name}")
    # names are looked up when they are used, so this is early enough
    vars(module).update(names or {})
    return Kept(answer)


def standalone_source(answer: Any) -> str:
    """The answer's source with the imports, constants and helpers that it uses from other cells.

    Raises: ValueError if the source cannot be found.
    """
    from course_lib.checks.standalone import standalone

    return standalone(answer).text
