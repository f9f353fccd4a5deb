"""A run's folder: what is in it, checked to be writable before the training, and never half written.

config.json          the TrainingConfig
checkpoint.pt        the last checkpoint: weights, average, optimizer, step
model.safetensors    the averaged weights, which `sample` and `evaluate` use
metrics.jsonl        one line every few steps: step, loss, learning rate, images a second
loss.png             the loss curve so far
samples_000500.png   one grid of samples now and then
"""

import json
import os
import shutil
from pathlib import Path

from course_lib.files import write_text


class RunFolder:
    """Paths and small files of one training run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(os.path.expanduser(path))
        self.config = self.path / "config.json"
        self.checkpoint = self.path / "checkpoint.pt"
        self.model = self.path / "model.safetensors"
        self.metrics = self.path / "metrics.jsonl"
        self.loss_curve = self.path / "loss.png"

    def samples(self, step: int) -> Path:
        return self.path / f"samples_{step:06d}.png"

    def holds_a_run(self) -> bool:
        return self.config.exists() or self.checkpoint.exists()

    def prepare(self, bytes_needed: int) -> None:
        """Create the folder and prove that a checkpoint fits, by writing one's worth of zeros and removing it again.

        Args:
            bytes_needed: size of one checkpoint; twice that must be free, for the old one and the new one beside it.
        Raises: ValueError that names the folder and says what is wrong.
        """
        probe = self.path / ".space_probe.tmp"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.path).free
            if free < 2 * bytes_needed:
                raise OSError(f"{free / 1e6:.0f} MB are free, {2 * bytes_needed / 1e6:.0f} MB are needed")
            with probe.open("wb") as file:
                for _ in range(0, bytes_needed, 2**20):
                    file.write(bytes(2**20))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ValueError(
                f"out is {str(self.path)!r}, where the run cannot be stored ({error}); allowed: a writable folder "
                f"with room for two checkpoints of {bytes_needed / 1e6:.0f} MB"
            ) from None
        finally:
            if self.path.is_dir():
                probe.unlink(missing_ok=True)

    def remove_run(self) -> None:
        """Delete the files that a run writes, and nothing else that may be in the folder."""
        files = (self.config, self.checkpoint, self.model, self.metrics, self.loss_curve)
        for file in (*files, *self.path.glob("samples_*.png")):
            file.unlink(missing_ok=True)

    def append_metrics(self, **metrics: float) -> None:
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")

    def read_metrics(self) -> list[dict]:
        """All complete lines; a last line that a crash cut short is left out."""
        if not self.metrics.exists():
            return []
        rows = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return rows

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines of steps that a resumed run is about to do again."""
        kept = [row for row in self.read_metrics() if row["step"] <= step]
        write_text(self.metrics, "".join(json.dumps(row) + "\n" for row in kept))
