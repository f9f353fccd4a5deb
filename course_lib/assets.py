"""Find the files that come with the course, wherever the notebook or the command was started, and list their checksums.

The list, assets/SHA256SUMS, has the format of the command `sha256sum`; the build of the notebooks writes it, and
`doctor` compares. Files for people (*.md) are not in it, nor is assets/results: the scripts that measured them may make
those anew anywhere.
"""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# where a wheel keeps what lies beside the package in a checkout: assets, notebooks, pyproject.toml, requirements.txt
SHIPPED = PACKAGE / "shipped"
IS_INSTALLED = SHIPPED.is_dir()
ROOT = SHIPPED if IS_INSTALLED else PACKAGE.parent
ASSETS, NOTEBOOKS = ROOT / "assets", ROOT / "notebooks"
LIST, RESULTS = "SHA256SUMS", "results"


def asset_path(name: str) -> Path:
    """The path of a file or folder in assets/, found relative to the package and not to the working directory.

    Raises: ValueError if the course's assets are not there.
    """
    path = ASSETS / name
    if not path.exists():
        raise ValueError(
            f"{path} is missing; allowed: a complete copy of the course. Fetch it again, or install it again from its "
            "folder with 'pip install .'"
        )
    return path


def checksums(folder: Path = ASSETS) -> str:
    """The text of the list for what is in `folder` now."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{digest_of(folder / name)}  {name}\n" for name in names if belongs(name))


def belongs(name: str) -> bool:
    """Whether a file of assets/ is in the list."""
    # a file with a leading dot is one that is being written
    folder, _, file = name.rpartition("/")
    return name != LIST and folder != RESULTS and not file.startswith(".") and not file.endswith(".md")


def read_list(text: str) -> dict[str, str]:
    """Name -> digest. Raises: ValueError for a line that is not of the format."""
    listed = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise ValueError(f"{LIST} has the line {line!r}; allowed: a SHA-256 digest, two spaces, a name")
        listed[name] = digest
    return listed


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
