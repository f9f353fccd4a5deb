"""Which of an answer's parameters is which of the reference's, whatever they are called.

An answer that uses the exercise's own names is matched by name. One that uses other names (or a Linear for a 1x1
convolution) is matched by structure: parameters of one module belong together, and modules of equal shapes are tried in
every order.
"""

from itertools import islice, permutations, product
from math import factorial, prod

Shapes = dict[str, tuple[int, ...]]
# for each of the answer's parameters the name of the reference's
Matching = dict[str, str]

MOST_MATCHINGS = 12


def matchings(reference: Shapes, answer: Shapes) -> list[Matching]:
    """Every way worth trying to identify the answer's parameters with the reference's, most likely first.

    Args:
        reference, answer: shape of every parameter by name, in the order of registration.
    Returns: an empty list if the parameters cannot be the same.
    """
    reference = {name: squeezed(shape) for name, shape in reference.items()}
    answer = {name: squeezed(shape) for name, shape in answer.items()}
    if reference == answer:
        return [{name: name for name in answer}]
    if sorted(reference.values()) != sorted(answer.values()):
        return []
    return by_module(reference, answer) or by_shape(reference, answer)


def by_module(reference: Shapes, answer: Shapes) -> list[Matching]:
    wanted, given = modules_by_shape(reference), modules_by_shape(answer)
    if {shapes: len(found) for shapes, found in wanted.items()} != {
        shapes: len(found) for shapes, found in given.items()
    }:
        return []
    if prod(factorial(len(found)) for found in given.values()) > 1000:
        # a whole network: too many orders to try. Its blocks, large to small, stand in the order of registration
        return by_tree(reference, answer)
    orders = [
        [list(zip(order, wanted[shapes], strict=True)) for order in permutations(given[shapes])] for shapes in wanted
    ]
    return [
        {mine[kind]: theirs[kind] for pairs in choice for mine, theirs in pairs for kind in mine}
        for choice in islice(product(*orders), MOST_MATCHINGS)
    ]


def modules_by_shape(shapes: Shapes) -> dict[frozenset, list[dict[str, str]]]:
    """Modules that hold parameters of the same kinds and shapes, each as {kind: full name}."""
    modules: dict[str, dict[str, str]] = {}
    for name in shapes:
        owner = name.rpartition(".")[0]
        modules.setdefault(owner, {})[kind_of(name)] = name
    found: dict[frozenset, list[dict[str, str]]] = {}
    for module in modules.values():
        found.setdefault(frozenset((kind, shapes[name]) for kind, name in module.items()), []).append(module)
    return found


def by_tree(reference: Shapes, answer: Shapes) -> list[Matching]:
    """Whole blocks that hold parameters of the same shapes belong together, then the layers inside them."""
    matching: Matching = {}
    match_trees(reference, answer, {""}, {""}, matching)
    return [matching] if len(matching) == len(answer) else []


def match_trees(reference: Shapes, answer: Shapes, theirs: set[str], mine: set[str], matching: Matching) -> None:
    """Identify what lies below the paths `theirs` with what lies below the paths `mine`; the largest part comes first.

    A part without a partner is replaced by the parts it is made of.
    """
    left, wanted = in_order(mine, answer), in_order(theirs, reference)
    while left and wanted:
        largest = max(
            len(below(path, shapes)) for shapes, paths in ((answer, left), (reference, wanted)) for path in paths
        )
        for path in [path for path in left if len(below(path, answer)) == largest]:
            partner = next((other for other in wanted if signature(other, reference) == signature(path, answer)), None)
            if partner is None:
                continue
            left.remove(path)
            wanted.remove(partner)
            if path in answer and partner in reference:
                matching[path] = partner
            elif relative(path, answer) == relative(partner, reference):
                matching.update(zip(sorted(below(path, answer)), sorted(below(partner, reference)), strict=True))
            else:
                match_trees(reference, answer, children(partner, reference), children(path, answer), matching)
        left = opened(left, answer, largest)
        wanted = opened(wanted, reference, largest)


def opened(paths: list[str], shapes: Shapes, size: int) -> list[str]:
    """The paths, with those of as many parameters as `size` replaced by their children (a parameter has none)."""
    found: list[str] = []
    for path in paths:
        found += in_order(children(path, shapes), shapes) if len(below(path, shapes)) == size else [path]
    return found


def below(path: str, shapes: Shapes) -> list[str]:
    return [name for name in shapes if not path or name == path or name.startswith(f"{path}.")]


def children(path: str, shapes: Shapes) -> set[str]:
    start = len(path) + 1 if path else 0
    return {name[:start] + name[start:].partition(".")[0] for name in below(path, shapes) if name != path}


def in_order(paths: set[str], shapes: Shapes) -> list[str]:
    """By registration of the first parameter below."""
    places = {name: place for place, name in enumerate(shapes)}
    return sorted(paths, key=lambda path: places[below(path, shapes)[0]])


def relative(path: str, shapes: Shapes) -> Shapes:
    return {name[len(path) :]: shapes[name] for name in below(path, shapes)}


def signature(path: str, shapes: Shapes) -> list[tuple[str, tuple[int, ...]]]:
    return sorted((kind_of(name), shapes[name]) for name in below(path, shapes))


def by_shape(reference: Shapes, answer: Shapes) -> list[Matching]:
    """One parameter at a time, those of equal shape in the order of registration."""
    left = dict(reference)
    matching = {}
    # names such as "weight" and "bias" say more than others, so these choose first
    for name, shape in sorted(answer.items(), key=lambda item: kind_of(item[0]) not in ("weight", "bias")):
        candidates = [other for other, wanted in left.items() if wanted == shape]
        same_kind = [other for other in candidates if kind_of(other) == kind_of(name)]
        chosen = (same_kind or candidates)[0]
        matching[name] = chosen
        del left[chosen]
    return [matching]


def kind_of(name: str) -> str:
    last = name.rpartition(".")[2]
    return next((kind for kind in ("weight", "bias") if last.endswith(kind)), last)


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A 1x1 convolution's (O, I, 1, 1) as a Linear's (O, I)."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return tuple(shape)
