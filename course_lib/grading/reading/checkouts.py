"""A checkout of the course handed in whole: which of its folders hold the course's own answers, and nobody's."""

from collections.abc import Collection, Iterable, Sequence

# where answers of ours lie in a checkout: the solved notebooks, what the nbgrader build writes, a built package
OURS = {"solutions", "source", "build"}
# what else lies there; any one of them says that the folder is a checkout
BESIDE = {"course_lib", "notebooks", "pyproject.toml", "instructors.md"}


def lie_in_a_checkout(ways: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The folders of the course's own answers among one learner's files.

    Args:
        ways: of all files, each as the names of its folders and its own; the first is the learner's.
    Returns: the ways of these folders: `("ada", "unet", "solutions")`.
    """
    inside: dict[tuple[str, ...], set[str]] = {}
    for way in ways:
        for depth in range(1, len(way)):
            inside.setdefault(way[:depth], set()).add(way[depth])
    return {
        (*folder, name)
        for folder, names in inside.items()
        if {one.casefold() for one in names} & BESIDE
        for name in names
        if name.casefold() in OURS
    }


def is_below(way: Sequence[str], folders: Collection[tuple[str, ...]]) -> bool:
    return any(tuple(way[: len(folder)]) == folder for folder in folders)
