"""Find the files that come with the course, wherever the notebook or the command was started."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def asset_path(name: str) -> Path:
    """The path of a file or folder in assets/, found relative to the package and not to the working directory.

    Raises: ValueError if the course's assets are not there.
    """
    path = ASSETS / name
    if not path.exists():
        raise ValueError(
            f"{path} is missing; allowed: a complete copy of the course, installed with 'pip install -e .' so that "
            "its assets are found"
        )
    return path
