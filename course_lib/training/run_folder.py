"""A run's folder: what is in it, checked to be writable before the training, and never half written.

config.json          the TrainingConfig
checkpoint.pt        the last checkpoint: weights, average, optimizer, step; also the config and the data's folder
model.safetensors    the averaged weights, which `sample` and `evaluate` use
metrics.jsonl        one line every few steps: step, loss, learning rate, images a second
loss.png             the loss curve so far
samples_000500.png   one grid of samples now and then

A folder holds a run from its first checkpoint on; until then nothing in it changes.
"""

import contextlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from course_lib.files import load_checkpoint, local_path, remove_leftovers, write_text


class RunFolder:
    """Paths and small files of one training run."""

    def __init__(self, path: str | Path) -> None:
        self.path = local_path(path)
        self.config = self.path / "config.json"
        self.checkpoint = self.path / "checkpoint.pt"
        self.model = self.path / "model.safetensors"
        self.metrics = self.path / "metrics.jsonl"
        self.loss_curve = self.path / "loss.png"

    def samples(self, step: int) -> Path:
        return self.path / f"samples_{step:06d}.png"

    def holds_a_run(self) -> bool:
        """Whether steps were taken here that somebody could miss; what cannot be read may be such a run."""
        if not self.checkpoint.exists():
            return self.model.exists()
        try:
            return load_checkpoint(self.checkpoint)["step"] > 0
        except (ValueError, KeyError, TypeError, IndexError):
            return True

    def stamp(self) -> int | None:
        """Tells one checkpoint from the next; None where there is none."""
        return self.checkpoint.stat().st_mtime_ns if self.checkpoint.exists() else None

    def check_free(self) -> None:
        """Raises: ValueError if a run is here, or somebody's files under names that a run needs."""
        taken = f"out is {str(self.path)!r}, which"
        if self.holds_a_run():
            raise ValueError(
                f"{taken} already holds a run; allowed: another folder, --resume to go on with it, or --overwrite to "
                "start it again"
            )
        foreign = [file.name for file in (self.config, self.metrics, self.loss_curve) if file.exists()]
        if foreign and not self.checkpoint.exists():
            raise ValueError(f"{taken} holds no run but {', '.join(foreign)}; allowed: another folder, or --overwrite")

    def last_checkpoint(self) -> dict:
        """What a run goes on with: "step", "model", "ema", "optimizer", "config" (JSON), "data_dir", "schedule".

        A run's first checkpoint also has "begins_with", the lines of metrics until then: see `begin`.

        Raises: ValueError that names the folder if no step was taken in it, or the file if it is damaged.
        """
        if not self.checkpoint.exists():
            raise ValueError(f"out is {str(self.path)!r}, which holds no run to resume; allowed: a run's folder")
        saved = load_checkpoint(self.checkpoint)
        if not isinstance(saved, dict) or not {"step", "model", "ema", "optimizer"} <= saved.keys():
            raise ValueError(f"{self.checkpoint} is not a checkpoint of this course")
        if saved["step"] == 0:
            raise ValueError(
                f"out is {str(self.path)!r}, where no step was taken, so that it holds no run to resume; allowed: "
                "start it again without --resume"
            )
        if "config" not in saved:  # a run of an older version of the course
            saved["config"] = self.config.read_text(encoding="utf-8")
        return saved

    @contextlib.contextmanager
    def only_writer(self) -> Iterator[None]:
        """While this lasts no other process trains in the folder; what dead ones left half written is removed.

        Raises: ValueError that names the folder if another process trains in it.
        """
        from filelock import FileLock, Timeout

        self.make()
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise ValueError(
                f"out is {str(self.path)!r}, in which another process is training now; allowed: another folder, or "
                "wait until it has ended"
            ) from None
        except (NotImplementedError, OSError):
            pass  # a drive that has no locks, as some networks'
        try:
            remove_leftovers(self.path)
            yield
        finally:
            if lock.is_locked:  # its file goes first, or it might be the next one's that is removed
                with contextlib.suppress(OSError):
                    Path(lock.lock_file).unlink(missing_ok=True)
                lock.release()

    def make(self) -> None:
        """Create the folder. Raises: ValueError that names it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.not_writable(error) from None

    def not_writable(self, error: OSError, room: str = "") -> ValueError:
        return ValueError(
            f"out is {str(self.path)!r}, where the run cannot be stored ({error}); allowed: a writable folder{room}"
        )

    def prepare(self, bytes_needed: int) -> None:
        """Create the folder and prove that a checkpoint fits, by writing one's worth of zeros and removing it again.

        Args:
            bytes_needed: size of one checkpoint; twice that must be free, for the old one and the new one beside it.
        Raises: ValueError that names the folder and says what is wrong.
        """
        probe = self.path / f".space_probe.{os.getpid()}.tmp"
        self.make()
        try:
            free = shutil.disk_usage(self.path).free
            if free < 2 * bytes_needed:
                raise OSError(f"{free / 1e6:.0f} MB are free, {2 * bytes_needed / 1e6:.0f} MB are needed")
            with probe.open("wb") as file:
                for _ in range(0, bytes_needed, 2**20):
                    file.write(bytes(2**20))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            room = f" with room for two checkpoints of {bytes_needed / 1e6:.0f} MB"
            raise self.not_writable(error, room) from None
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)

    def begin(self, config: str, metrics: list[dict]) -> None:
        """Make the folder that of the run whose first checkpoint has just been written, and of no older one.

        Only files that a run writes are removed, and nothing else that may be in the folder. The config is written
        last: where it is not the checkpoint's, this was cut off, and has to be done again.
        """
        grids = [file for file in self.path.glob("samples_*.png") if re.fullmatch(r"samples_\d{6,}\.png", file.name)]
        for file in (self.model, self.loss_curve, *grids):
            file.unlink(missing_ok=True)
        write_text(self.metrics, "".join(map(as_line, metrics)))
        write_text(self.config, config)

    def append_metrics(self, **metrics: float) -> None:
        with self.metrics.open("a", encoding="utf-8", newline="\n") as file:
            file.write(as_line(metrics))

    def read_metrics(self) -> list[dict]:
        """All complete lines; those that are none of ours, or that a crash cut short, are passed over."""
        return [row for row in map(as_row, self._lines()) if row is not None]

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines of steps that a resumed run is about to do again, and a last one that was cut short.

        What cannot be read otherwise stays: it is somebody's.
        """
        lines = self._lines()
        if lines and not lines[-1].endswith("\n"):
            lines.pop()
        rows = map(as_row, lines)
        kept = [line for line, row in zip(lines, rows, strict=True) if row is None or row["step"] <= step]
        write_text(self.metrics, "".join(kept))

    def _lines(self) -> list[str]:
        if not self.metrics.exists():
            return []
        return self.metrics.read_text(encoding="utf-8-sig", errors="replace").splitlines(keepends=True)


def as_row(line: str) -> dict | None:
    """A line of metrics, or None if it has not the numbers that all of them have."""
    try:
        row = json.loads(line)
        return row if math.isfinite(row["loss"]) and row["step"] >= 0 else None
    except (ValueError, TypeError, KeyError):
        return None


def as_line(metrics: dict) -> str:
    return json.dumps(metrics, allow_nan=False) + "\n"
