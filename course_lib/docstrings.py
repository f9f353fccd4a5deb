"""Whether this Python keeps docstrings: the sentences of the checks are the docstrings of what they try.

Imports nothing of the course, since the first cell asks before it is known whether all packages are there.
"""

import sys

NO_DOCSTRINGS = (
    "Python was started with -OO or PYTHONOPTIMIZE=2, which leaves out the docstrings that the checks' sentences are; "
    "allowed: without it"
)


def has_docstrings() -> bool:
    return sys.flags.optimize < 2


def check_docstrings() -> None:
    """Raises: ValueError if this Python has none, and no verdict could be given."""
    if not has_docstrings():
        raise ValueError(NO_DOCSTRINGS)
