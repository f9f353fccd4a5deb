"""All looks at the machine, one after the other."""

from collections.abc import Callable, Iterator
from functools import partial

from course_lib.doctor import files, machine, software
from course_lib.doctor import speed as speed_test
from course_lib.doctor.finding import FAIL, WARN, Finding


def findings(speed: bool = True) -> Iterator[Finding]:
    """Look at everything. A look that fails itself is a finding too, and hinders no other.

    Args:
        speed: whether to train for two seconds, to say how long the lessons' runs will take here.
    """
    yield looked("Python", software.python)
    yield looked("packages", software.packages)
    yield looked("torchvision", software.torchvision)
    yield looked("GPU", machine.gpu)
    yield looked("memory", machine.memory)
    yield looked("disk", machine.disk)
    yield looked("the course's files", files.asset_files)
    if speed:
        yield looked("speed", partial(speed_test.speed, speed_test.SECONDS))


def looked(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # whatever it is, the other looks are still worth having
        advice = "see to what the other lines say first; often this goes away with it."
        return Finding(WARN, name, f"could not be looked at ({type(error).__name__}: {error})", advice)


def check_up(speed: bool = True) -> bool:
    """Print what was found, as it is found, and a last line that sums it up. False if something is a FAIL."""
    statuses = []
    for finding in findings(speed):
        print(finding, flush=True)
        statuses.append(finding.status)
    print(summary(statuses))
    return FAIL not in statuses


def summary(statuses: list[str]) -> str:
    failed, warned = statuses.count(FAIL), statuses.count(WARN)
    if failed:
        return f"\n{failed} of {len(statuses)} will stop you somewhere in the course: see to the lines with FAIL."
    if warned:
        return f"\nThe course works here. {warned} of {len(statuses)} could be better: see the lines with WARN."
    return "\nEverything that the course needs is here."
