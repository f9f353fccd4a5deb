"""What tests of several folders share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_lib.evaluation.evaluate import Judge
from course_lib.lessons.shared.claims import the_judge

# --doctest-modules would import every conftest.py as a module, and two of them cannot have the one name
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# every solved notebook would start a process beside its kernel, which tests of its own try (test_kept_kinds.py)
os.environ.setdefault("UNET_COURSE_KEPT_TRIAL", "off")


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW_TO_GET_ONE = "no Chromium or Chrome here: install one, or run python -m playwright install chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser; without one, the test is skipped and says why."""
    playwright = pytest.importorskip("playwright.sync_api", reason='needs pip install -e ".[browser]"')
    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    with playwright.sync_playwright() as started:
        if installed is None and not Path(started.chromium.executable_path).exists():
            pytest.skip(HOW_TO_GET_ONE)
        # a container's root may not use the browser's own sandbox; the only pages are our own
        try:
            made = started.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"the browser does not start here: {str(error).splitlines()[0]}")
        yield made
        made.close()


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The judge with its 10,000 real images: seen once a process, since nobody changes it."""
    return the_judge()
