"""List answers that are the same, or nearly: for the instructor to look at. Nothing here is a judgement."""

import ast
import hashlib
import io
import tokenize
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from course_lib.checks.python_text import Unparsable, blanks_left, definition, statements

# shorter answers are alike because there is one natural way to write them
MIN_TOKENS = 40
NEAR = 0.8
SHINGLE = 4


@dataclass(frozen=True)
class Fingerprint:
    """What is compared of an answer: only the bodies that the learner had to write, without comments and layout.

    Attributes:
        tokens: how many there are.
        exact: digest of all tokens; renamed: digest after every name was replaced by its number.
        shingles: digests of all runs of four renamed tokens.
    """

    tokens: int
    exact: str
    renamed: str
    shingles: tuple[int, ...]


@dataclass(frozen=True)
class Alike:
    """Learners whose answers to one exercise are alike.

    Attributes:
        kind: "identical" (names included), "identical but for names", or "nearly identical".
        share: the smallest share of common runs of tokens in the group, 1 where identical.
        tokens: length of the shortest answer: the longer, the less likely by chance.
        as_solution: whether it is also the course's own solution, which learners can see in solutions/.
    """

    exercise: str
    kind: str
    learners: tuple[str, ...]
    share: float
    tokens: int
    as_solution: bool


def fingerprint(code: str, defines: str, blank: str) -> Fingerprint | None:
    """Of the definition called `defines` in `code`; None if there is none to be compared."""
    try:
        found = [one for one in statements(code, 0) if defines in one.binds and definition(one.node)]
        if not found:
            return None
        bodies = written_bodies(found[-1].node, names_of_blanks(blank))
        tokens = [token for body in bodies for token in plain_tokens(body)]
        renamed = [token for body in bodies for token in plain_tokens(Renamer().visit(body))]
    except (Unparsable, RecursionError, tokenize.TokenError, SyntaxError, ValueError, MemoryError):
        return None
    runs = {zlib.crc32("\0".join(renamed[at : at + SHINGLE]).encode()) for at in range(len(renamed) - SHINGLE + 1)}
    return Fingerprint(len(tokens), digest(tokens), digest(renamed), tuple(sorted(runs)))


@cache
def names_of_blanks(blank: str) -> set[str]:
    """Which functions of the learner's copy have no body."""
    try:
        nodes = [node for one in statements(blank, 0) for node in ast.walk(one.node)]
    except Unparsable:
        return set()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef) and blanks_left(node)}


def written_bodies(node: ast.FunctionDef | ast.ClassDef, blanks: set[str]) -> list[ast.Module]:
    """The bodies that were to be written, and whatever a class holds besides."""
    functions = [node] if isinstance(node, ast.FunctionDef) else [one for one in node.body if definition(one)]
    if isinstance(node, ast.ClassDef) and blanks:
        functions = [one for one in functions if one.name in blanks] or functions
    return [ast.Module(body=without_docstring(one), type_ignores=[]) for one in functions]


def without_docstring(node: ast.FunctionDef | ast.ClassDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def plain_tokens(tree: ast.Module) -> list[str]:
    kinds = (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING)
    text = ast.unparse(tree)
    return [token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type in kinds]


class Renamer(ast.NodeTransformer):
    """Replaces every name by its number in the order of appearance."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.numbers.setdefault(node.id, f"v{len(self.numbers)}"), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self.numbers.setdefault(node.arg, f"v{len(self.numbers)}"))


def digest(tokens: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(tokens).encode()).hexdigest()[:16]


def alike(exercise: str, answers: Mapping[str, Fingerprint], solution: Fingerprint | None = None) -> list[Alike]:
    """Groups of learners (by key) with like answers to one exercise: identical ones first, then pairs that are near.

    A group of more than four, and of more than a fifth of those who answered, is left out: the exercise has one natural
    form.
    """
    long_enough = {who: one for who, one in sorted(answers.items()) if one.tokens >= MIN_TOKENS}
    # what many wrote alike, people write alike
    many = max(4, len(answers) // 5)
    found: list[Alike] = []
    together: set[frozenset[str]] = set()
    for kind, key in (("identical", "exact"), ("identical but for names", "renamed")):
        groups: dict[str, list[str]] = {}
        for who, one in long_enough.items():
            groups.setdefault(getattr(one, key), []).append(who)
        for value, group in groups.items():
            if len(group) > many:
                continue
            pairs = {frozenset(pair) for pair in combinations(group, 2)}
            if pairs - together:
                together |= pairs
                shortest = min(long_enough[who].tokens for who in group)
                same = solution is not None and getattr(solution, key) == value
                found.append(Alike(exercise, kind, tuple(group), 1.0, shortest, same))
    return found + [one for one in nearly(exercise, long_enough) if len(one.learners) <= many]


def nearly(exercise: str, answers: Mapping[str, Fingerprint]) -> list[Alike]:
    """Groups that hang together by pairs which share enough; one of each set of identical answers is compared."""
    same: dict[str, list[str]] = {}
    for who, one in answers.items():
        same.setdefault(one.renamed, []).append(who)
    sets = {key: set(answers[group[0]].shingles) for key, group in same.items()}
    group_of = {key: {key} for key in same}
    shares: dict[frozenset[str], float] = {}
    for first, second in combinations(same, 2):
        one, other = sets[first], sets[second]
        # sets of very different size cannot share enough
        if min(len(one), len(other)) < NEAR * max(len(one), len(other)):
            continue
        share = len(one & other) / max(1, len(one | other))
        if share >= NEAR:
            shares[frozenset((first, second))] = share
            joined = group_of[first] | group_of[second]
            group_of.update(dict.fromkeys(joined, joined))
    found = []
    for group in {id(keys): keys for keys in group_of.values() if len(keys) > 1}.values():
        who = sorted(name for key in group for name in same[key])
        least = min(share for pair, share in shares.items() if pair <= group)
        found.append(
            Alike(
                exercise,
                "nearly identical",
                tuple(who),
                round(least, 3),
                min(answers[one].tokens for one in who),
                False,
            )
        )
    return found
