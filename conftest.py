"""What every test runs under, the notebooks' kernels included: set before anything imports torch."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# one thread: the networks are tiny, and threads that share two busy cores wait for each other
os.environ["OMP_NUM_THREADS"] = "1"
# notebooks: few repetitions, and a folder of passed answers that is not the developer's own
os.environ["COURSE_SMOKE"] = "1"
os.environ["UNET_COURSE_WORK"] = tempfile.mkdtemp(prefix="my_work_")

import pytest
import torch

torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    # two processes would share the files by their number of tests, and end with those in which one test runs all
    # lessons, while the other process has nothing left; by folder, the notebooks come last, half a minute each
    config.option.loadscopereorder = False
    # what stored outputs go without, and no comparison asks for: see the file
    config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval.cfg")


collect_ignore_glob = []
# what can be imported only where an extra is installed: a Sphinx extension, a network of diffusers'
for path, needed in {
    "course_lib/authoring/mathml.py": ("sphinx", "latex2mathml"),
    "course_lib/exporting/course_unet.py": ("diffusers",),
}.items():
    if not all(map(importlib.util.find_spec, needed)):
        collect_ignore_glob.append(path)


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    """accelerate remembers the number format of the process's first run; the next test may use another."""
    yield
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(reset_partial_state=True)
