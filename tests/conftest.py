"""What tests of several folders share."""

import os

import pytest

from course_lib.evaluation.evaluate import Judge

# --doctest-modules would import every conftest.py as a module, and two of them cannot have the one name
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# every solved notebook would start a process beside its kernel, which tests of its own try (test_kept_kinds.py)
os.environ.setdefault("UNET_COURSE_KEPT_TRIAL", "off")


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The judge with its 10,000 real images: seen once a process, since nobody changes it."""
    return Judge()
