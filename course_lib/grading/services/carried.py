"""What goes along to where one learner is marked: lessons, seed, isolation, what marks are worth."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE, MARKING, OVERRIDES = "settings.json", "marking.toml", "overrides.csv"


@dataclass(frozen=True)
class Carried:
    """The settings of one service.

    Attributes:
        lessons, isolation: see `whole_class.Settings`.
        seed: of all inputs; None for a new one each time.
        marking, overrides: files, None where there are none.
    """

    lessons: tuple[str, ...] = ()
    isolation: str = "limits"
    seed: int | None = None
    marking: Path | None = None
    overrides: Path | None = None

    def files(self) -> dict[str, bytes]:
        """Name -> content, of all files of a folder of settings."""
        told = {"lessons": list(self.lessons), "isolation": self.isolation, "seed": self.seed}
        found = {FILE: (json.dumps(told, indent=1) + "\n").encode()}
        for name, path in ((MARKING, self.marking), (OVERRIDES, self.overrides)):
            if path is not None:
                found[name] = path.read_bytes()
        return found

    @classmethod
    def read(cls, folder: Path) -> "Carried":
        """Raises: ValueError if these are no settings."""
        path = folder / FILE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            lessons, isolation, seed = tuple(map(str, told["lessons"])), str(told["isolation"]), told["seed"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} cannot be read ({error}); allowed: what grade wrote") from None
        if seed is not None and (type(seed) is not int or not 0 <= seed < 2**31):
            raise ValueError(f"{path}: seed is {seed!r}; allowed: 0 to {2**31 - 1}, or null")
        files = [folder / name if (folder / name).is_file() else None for name in (MARKING, OVERRIDES)]
        return cls(lessons, isolation, seed, *files)
