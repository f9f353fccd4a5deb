"""What tests of several folders share."""

import pytest

from course_lib.evaluation.evaluate import Judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The judge with its 10,000 real images: seen once a process, since nobody changes it."""
    return Judge()
