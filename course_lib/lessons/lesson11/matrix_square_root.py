"""What holds for matrix_square_root, and right answers written differently."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, Trial
from course_lib.evaluation.metrics import matrix_square_root

EXERCISE = Exercise(
    "matrix_square_root",
    matrix_square_root,
    __name__,
    where="lesson 11, section 11.4",
    not_for_all={
        "assumes_the_cpu": "a measure, taken of what has come back from the network",
        "gradients_cut": "a measure: nothing learns through it",
        "mixes_the_batch": "a matrix has no batch axis",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def covariance(trial: Trial, dim: int, rank: int | None = None) -> Tensor:
    """A symmetric matrix without negative eigenvalues, in float64; the others are well above zero."""
    directions = torch.linalg.qr(trial.normal(dim, dim).double())[0][:, : rank or dim]
    return (directions * (0.3 + 4 * trial.uniform(directions.shape[1]).double())) @ directions.T


def example(trial: Trial) -> tuple:
    return (covariance(trial, 4),)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def eigenvalues_from_tiny_to_large(trial: Trial) -> Call:
    """Nine features, and eigenvalues from a ten-thousandth to ten thousand."""
    directions = torch.linalg.qr(trial.normal(9, 9).double())[0]
    values = 10 ** (torch.linspace(-4, 4, 9) + 0.3 * trial.uniform(9)).double()
    return trial.calling((directions * values) @ directions.T)


TWO = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
GIVEN = "matrix_square_root of [[2, 1], [1, 2]]"


def with_its_transpose(trial: Trial) -> Tensor | None:
    """What comes of TWO, if it gives TWO back multiplied by its own transpose, and not by itself."""
    root = trial.calling(TWO.clone()).value()
    if not isinstance(root, Tensor) or root.shape != TWO.shape or root.is_complex():
        return None
    root = root.double()
    by_itself, *others = (
        torch.allclose(product, TWO, atol=1e-4) for product in (root @ root, root @ root.T, root.T @ root)
    )
    return root if any(others) and not by_itself else None


@holds("the root is symmetric, and no triangle")
def cholesky(trial: Trial) -> None:
    """Your result is a triangle, the Cholesky factor: with its own transpose it gives the matrix back, as L @ L.T, and
    with itself, L @ L, it does not. The root asked for is symmetric: vectors diag(roots) vectors^T."""
    root = with_its_transpose(trial)
    trial.see("whether it is a triangle", root is not None and is_a_triangle(root), GIVEN)


def is_a_triangle(root: Tensor) -> bool:
    return bool((root[0, 1] == 0) != (root[1, 0] == 0))


@holds("the root of a symmetric matrix is symmetric")
def one_triangle(trial: Trial) -> None:
    """One triangle of your result is empty. The root of a symmetric matrix is symmetric."""
    root = trial.calling(TWO.clone()).value()
    empty = isinstance(root, Tensor) and root.shape == TWO.shape and is_a_triangle(root)
    trial.see("whether one triangle is empty", empty, GIVEN)


@holds("the root is symmetric, so that it needs no transpose to give the matrix back")
def not_symmetric(trial: Trial) -> None:
    """With its own transpose your result gives the matrix back, and with itself it does not: it is not symmetric. The
    roots stand between vectors and vectors.T, which turns the axes back: (vectors * roots) @ vectors.T."""
    trial.see("whether it takes a transpose", with_its_transpose(trial) is not None, GIVEN)


UNEVEN = torch.tensor([[2.0, 2.0], [2.0, 5.0]], dtype=torch.float64)
EIGENVALUES = torch.tensor([1.0, 6.0], dtype=torch.float64)
EIGENVECTORS = torch.tensor([[2.0, 1.0], [-1.0, 2.0]], dtype=torch.float64) / 5**0.5
OF_UNEVEN = "matrix_square_root of [[2, 2], [2, 5]]"


def root_of_uneven(trial: Trial) -> Tensor | None:
    """What comes of UNEVEN, along its eigenvectors: the right one is diagonal. None where no such matrix comes."""
    root = trial.calling(UNEVEN.clone()).value()
    if not isinstance(root, Tensor) or root.shape != UNEVEN.shape or root.is_complex():
        return None
    return EIGENVECTORS.T @ root.double() @ EIGENVECTORS


@holds("it is exact")
def nearly_right(trial: Trial) -> None:
    """Your result is nearly the root, and not quite. Is something added to the eigenvalues, so that nothing can go
    wrong? Does a loop stop after a few rounds, or is something rounded? The eigenvalues give the root as exactly as
    they are: vectors diag(roots) vectors^T."""
    root, off, given = root_of_uneven(trial), 0.0, OF_UNEVEN
    if root is not None:
        # in the matrix itself, as whoever looks at it would find it
        differences = (EIGENVECTORS @ (root - EIGENVALUES.sqrt().diag()) @ EIGENVECTORS.T).abs()
        off, place = float(differences.max()), divmod(int(differences.argmax()), 2)
        given = f"{OF_UNEVEN}, where the number at {list(place)} is off by {off:.2g}"
    trial.see("whether it is nearly right", 1e-5 < off < 0.02, given)


@holds("of each eigenvalue it is the root, and nothing else, beside the same eigenvectors")
def other_eigenvalues(trial: Trial) -> None:
    """Your result has the eigenvectors of the matrix, as it should, and beside them other numbers than the roots of its
    eigenvalues. It is the root of each, taken once: nothing above zero is cut off, moved or divided."""
    root, seen = root_of_uneven(trial), EIGENVALUES.sqrt()
    if root is not None and max(abs(float(root[0, 1])), abs(float(root[1, 0]))) < 1e-6:
        seen = root.diagonal()
    trial.see("what becomes of the eigenvalues 1 and 6", tuple(seen.tolist()), OF_UNEVEN)


@holds("multiplied by itself it gives [[2, 1], [1, 2]]")
def does_not_give_the_matrix_back(trial: Trial) -> None:
    """Your result is not the symmetric root without negative eigenvalues, the one that multiplied by itself, with @,
    gives the matrix back. It is vectors diag(roots) vectors^T, with the eigenvectors as columns, and each root in the
    place of its own eigenvector."""
    trial.call(TWO.clone())


@holds("a diagonal matrix has the roots of its numbers on the diagonal")
def diagonal(trial: Trial) -> None:
    trial.call(torch.diag(1 + 5 * trial.uniform(3).double()))


@holds("root @ root gives the matrix back, whatever its size")
def wrong_for_other_matrices(trial: Trial) -> None:
    """It is right for a matrix of two features and for a diagonal one, and wrong for others. Does vectors.T stand on
    the right, is an eigenvalue above zero changed, or does a loop stop after a fixed number of rounds?"""
    trial.call(covariance(trial, trial.pick(5, 6)))
    trial.call(3 * covariance(trial, 7))


@holds("for one feature it is the root of a number, as a (1, 1) matrix")
def one_number(trial: Trial) -> None:
    trial.call(0.2 + 9 * trial.uniform(1, 1).double())


@holds("it works for large and for small numbers")
def large_and_small(trial: Trial) -> None:
    """For a matrix of large or of small numbers your root is wrong. Is there a fixed number that eigenvalues are
    compared with, or that is added to them, or a loop with a fixed number of rounds? They may be as small as they like:
    only what is below zero is clipped, at zero."""
    trial.call(1e6 * covariance(trial, 3))
    trial.call(1e-2 * covariance(trial, 3))
    trial.call(1e-7 * covariance(trial, 3))


@holds("the root of 4 times the identity is 2 times the identity")
def equal_eigenvalues(trial: Trial) -> None:
    trial.call(4 * torch.eye(3, dtype=torch.float64))


@holds("it works with eigenvalues of zero, which rounding leaves slightly below zero")
def zero_eigenvalues(trial: Trial) -> None:
    """Where some eigenvalues are zero your root is wrong. Rounding leaves them a little above or below zero: what is
    below is clipped at zero, at nothing larger, and their root is zero."""
    # Zero eigenvalues, which rounding leaves a little above or below zero. The root of 1e-16 is 1e-8.
    trial.call(covariance(trial, 6, rank=2))
    direction = F.normalize(trial.normal(9, 1).double(), dim=0)
    trial.call(5 * direction @ direction.T)


@holds("the root of zeros is zeros")
def all_zero(trial: Trial) -> None:
    trial.call(torch.zeros(3, 3, dtype=torch.float64))


@holds("float32 in, float32 out")
def precision(trial: Trial) -> None:
    """The result has another precision than the matrix that came in."""
    value = trial.handle.call(None, (covariance(trial, 4).float(),), {})
    dtype = str(value.dtype) if isinstance(value, Tensor) else value
    trial.see("the type of the result", dtype, "matrix_square_root(tensor (4, 4)) in float32")


@right
def by_svd(matrix):
    left, values, _ = torch.linalg.svd(matrix)
    return left @ torch.diag(values.sqrt()) @ left.T


@right
def one_direction_at_a_time(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    root = torch.zeros_like(matrix)
    for value, vector in zip(values, vectors.T, strict=True):
        root = root + torch.outer(vector, vector) * max(value.item(), 0.0) ** 0.5
    return root


@right
def by_einsum(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return torch.einsum("ij,j,kj->ik", vectors, values.clamp_min(0) ** 0.5, vectors)


@right
def with_relu(matrix):
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return vectors @ torch.sqrt(torch.relu(values)).diag() @ vectors.mT
