"""Tables of results: JSON files that say how they were made, and grow entry by entry so that a run can resume."""

import dataclasses
import json
import platform
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from course_lib.assets import asset_path
from course_lib.files import write_text

if TYPE_CHECKING:  # lessons read results, and need no judge for that
    from course_lib.evaluation.evaluate import Scores


def read_results(path: Path) -> dict[str, dict]:
    """The entries of a results file; none if there is no such file yet."""
    return json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else {}


def write_results(path: Path, results: dict[str, dict], command: str) -> None:
    """Write all entries, with the command that makes them, the date, and what computed them."""
    about = {
        "command": command,
        "date": date.today().isoformat(),
        "torch": torch.__version__.partition("+")[0],
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
    }
    write_text(path, json.dumps({"about": about, "results": results}, indent=1) + "\n")


def rounded(scores: "Scores") -> dict[str, float]:
    """The judge's figures as an entry holds them: four digits."""
    return {name: round(value, 4) for name, value in dataclasses.asdict(scores).items()}


def shipped_results(name: str) -> dict[str, dict]:
    """The entries of assets/results/NAME.json. Raises: ValueError if they did not come with the course."""
    return read_results(asset_path(f"results/{name}.json"))
