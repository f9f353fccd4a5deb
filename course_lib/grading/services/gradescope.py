"""Gradescope: write its autograder, and mark in its container.

/autograder/source                     what the zip holds: setup.sh, run_autograder, course/, settings/
/autograder/submission                 what one learner (or one group) handed in
/autograder/submission_metadata.json   who they are, and when they did
/autograder/results/results.json       what we write
"""

import dataclasses
import datetime
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_lib.assets import NOTEBOOKS, PACKAGE, ROOT, SHIPPED
from course_lib.files import write_atomically
from course_lib.grading.lateness import called
from course_lib.grading.reports.gradescope import write_results
from course_lib.grading.reports.tables import tidy
from course_lib.grading.scheme import Scheme
from course_lib.grading.services.carried import Carried
from course_lib.grading.services.one_learner import Person, mark_one

SCRIPTS = ("setup.sh", "run_autograder")
HERE = Path(__file__).resolve().parent
PLAIN, EXECUTABLE = 0o100644, 0o100755


def write_autograder(path: Path, carried: Carried) -> None:
    """Write the zip that Gradescope takes for an autograder: the same settings give the same zip, to the byte.

    Raises: ValueError if it cannot be written.
    """
    if path.suffix.lower() != ".zip" or path.is_dir():
        raise ValueError(f"autograder is {path}; allowed: the name of a .zip to be written")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in SCRIPTS:
            put(archive, name, (HERE / name).read_bytes(), EXECUTABLE)
        for name, data in carried.files().items():
            put(archive, f"settings/{name}", data)
        for name, file in course_files():
            put(archive, f"course/{name}", file.read_bytes())
    try:
        write_atomically(path, lambda temporary: temporary.write_bytes(buffer.getvalue()))
    except OSError as error:
        raise ValueError(f"autograder is {path}, which cannot be written ({error.strerror})") from None


def put(archive: zipfile.ZipFile, name: str, data: bytes, mode: int = PLAIN) -> None:
    info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, mode << 16
    archive.writestr(info, data)


def course_files() -> Iterator[tuple[str, Path]]:
    """What marking needs of the course, by the names that it has in a checkout."""
    for path in sorted(PACKAGE.rglob("*")):
        way = path.relative_to(PACKAGE).parts
        if path.is_file() and not path.is_relative_to(SHIPPED) and "__pycache__" not in way and path.name[0] != ".":
            yield "/".join(("course_lib", *way)), path
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        yield f"notebooks/{path.name}", path
    yield "pyproject.toml", ROOT / "pyproject.toml"


def mark_in_container(root: Path) -> None:
    """Mark what lies in `root`/submission, and write `root`/results/results.json.

    Raises: ValueError if the settings cannot be met. Then no results are written, and Gradescope says so.
    """
    told = metadata_in(root / "submission_metadata.json")
    people = people_of(told)
    carried = Carried.read(root / "source" / "settings")
    graded, total = mark_one(root / "submission", people, carried, lambda scheme: days_late(scheme, told, people))
    write_results(root / "results" / "results.json", graded, total)
    print(f"{tidy(total.points)} of {tidy(total.of)} points")


def metadata_in(path: Path) -> dict[str, Any]:
    """What Gradescope says of a submission; nothing where it says nothing that can be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(f"submission_metadata.json cannot be read ({type(error).__name__}): nobody knows who this is, and when")
        return {}
    return told if isinstance(told, dict) else {}


def people_of(told: dict[str, Any]) -> list[Person]:
    users = told.get("users")
    found = [
        Person(*(str(user.get(key) or "") for key in ("name", "id", "email")))
        for user in (users if isinstance(users, list) else [])
        if isinstance(user, dict)
    ]
    return found or [Person("submission")]


def days_late(scheme: Scheme, told: dict[str, Any], people: list[Person]) -> int:
    """Begun days by the rules of marking.toml. Its own time due counts; without one, Gradescope's does, extensions and
    all. Times without a zone are those of the course's place, as Gradescope's times show it."""
    if scheme.late is None:
        return 0
    when = time_in(told, "created_at")
    if when is None:
        print("nobody knows when this was handed in: taken as on time")

    def there(time: Any) -> Any:
        if not isinstance(time, datetime.datetime) or time.tzinfo is None or when is None:
            return time
        return time.astimezone(when.tzinfo).replace(tzinfo=None)

    rules = dataclasses.replace(
        scheme.late,
        due=there(scheme.late.due or due_in(told)),
        extensions={who: there(more) for who, more in scheme.late.extensions.items()},
    )
    who = {called(one) for person in people for one in dataclasses.astuple(person) if one}
    return rules.days_late(who, False, there(when))


def due_in(told: dict[str, Any]) -> datetime.datetime | None:
    """When it is due, for whoever of a group has the longest time."""
    users = told.get("users")
    own = [time_in(user.get("assignment"), "due_date") for user in users or [] if isinstance(user, dict)]
    return max((time for time in own if time), default=None) or time_in(told.get("assignment"), "due_date")


def time_in(table: Any, key: str) -> datetime.datetime | None:
    """A time with its zone, as "2018-07-01T14:22:32.365935-07:00"; None where there is none."""
    try:
        time = datetime.datetime.fromisoformat(table[key])
    except (KeyError, TypeError, ValueError):
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=datetime.UTC)
