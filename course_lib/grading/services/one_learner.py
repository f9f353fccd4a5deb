"""Mark what one learner handed in, by the same steps as a whole class."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from course_lib.grading import records
from course_lib.grading.marks import Graded
from course_lib.grading.overrides import read_overrides
from course_lib.grading.reading.catalogue import catalogue, lesson_names
from course_lib.grading.reading.submissions import one_submission
from course_lib.grading.scheme import ByHand, Scheme, Total, read_scheme
from course_lib.grading.services.carried import Carried
from course_lib.grading.whole_class import mark_class, settings_for


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody as a service knows them."""

    name: str
    number: str = ""
    address: str = ""


def mark_one(
    folder: Path, people: Sequence[Person], carried: Carried, days_late: Callable[[Scheme], int] = lambda scheme: 0
) -> tuple[Graded, Total]:
    """Mark a folder as one submission, and say on the terminal what it was marked with.

    Args:
        people: whose it is, one at least; of a group, all.
        days_late: begun days, as the scheme's rules have them.
    Raises: ValueError if the settings cannot be met, or the folder is none.
    """
    if not folder.is_dir():
        raise ValueError(f"submission is {folder}, which is no folder; allowed: what one learner handed in")
    items = catalogue(carried.lessons)
    scheme = read_scheme(carried.marking, items)
    first = people[0]
    submission = one_submission(folder, lesson_names().values(), first.name, first.number, first.address)
    with tempfile.TemporaryDirectory() as name:
        report = Path(name)
        settings = settings_for(report, carried.seed, carried.lessons, carried.isolation, scheme.partial)
        print(f"{len(items)} exercises, seed {settings.seed}", flush=True)
        # one process for it, so that whatever harms that one costs an exercise, and not the results
        list(mark_class([submission], report, dataclasses.replace(settings, tells=True), 1, names=["learner"]))
        graded = records.load(report / "marks" / "learner.json")
    if graded is None:
        raise ValueError("the marks could not be kept; allowed: a temporary folder with room in it")
    by_hand: dict[str, ByHand] = {}
    if carried.overrides is not None:
        whose = [dataclasses.replace(graded, learner=p.name, number=p.number, source=p.address) for p in people]
        for given in read_overrides(carried.overrides, whose, items)[0].values():
            by_hand |= given
    return graded, scheme.total(graded, days_late(scheme), by_hand)
