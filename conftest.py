"""What every test runs under, the notebooks' kernels included: set before anything imports torch."""

import os
import sys
import tempfile
from collections.abc import Iterator

# one thread: the networks are tiny, and threads that share two busy cores wait for each other
os.environ["OMP_NUM_THREADS"] = "1"
# notebooks: few repetitions, and a folder of passed answers that is not the developer's own
os.environ["COURSE_SMOKE"] = "1"
os.environ["UNET_COURSE_WORK"] = tempfile.mkdtemp(prefix="my_work_")

import pytest
import torch

torch.set_num_threads(1)

# sources of lessons, not modules: the notebooks made from them are what runs
collect_ignore_glob = ["solutions/*.py", "solutions/drafts/*.py"]


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    """accelerate remembers the number format of the process's first run; the next test may use another."""
    yield
    if "accelerate.state" in sys.modules:
        sys.modules["accelerate.state"].AcceleratorState._reset_state(reset_partial_state=True)
