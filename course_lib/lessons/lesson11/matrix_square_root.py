"""Exercise matrix_square_root (lesson 11)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.evaluation.metrics import matrix_square_root

PUT_TOGETHER = "return (vectors * roots) @ vectors.T"
ROOTS = "roots = values.clamp(min=0).sqrt()"


def covariance(scene: Scene, dim: int, rank: int | None = None) -> Tensor:
    """A symmetric matrix without negative eigenvalues, in float64; the others are well above zero."""
    directions = torch.linalg.qr(scene.normal(dim, dim).double())[0][:, : rank or dim]
    return (directions * (0.3 + 4 * scene.uniform(directions.shape[1]).double())) @ directions.T


def example(scene: Scene) -> tuple:
    return (covariance(scene, 4),)


def by_hand(scene: Scene) -> None:
    scene.call(torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64))


def diagonal(scene: Scene) -> None:
    scene.call(torch.diag(1 + 5 * scene.uniform(3).double()))


def larger(scene: Scene) -> None:
    scene.call(covariance(scene, scene.pick(5, 6)))
    scene.call(3 * covariance(scene, 7))


def one_number(scene: Scene) -> None:
    scene.call(0.2 + 9 * scene.uniform(1, 1).double())


def without_full_rank(scene: Scene) -> None:
    """Zero eigenvalues, which rounding leaves a little above or below zero. The root of 1e-16 is 1e-8."""
    scene.call(covariance(scene, 6, rank=2))
    direction = F.normalize(scene.normal(9, 1).double(), dim=0)
    scene.call(5 * direction @ direction.T)


def all_zero(scene: Scene) -> None:
    scene.call(torch.zeros(3, 3, dtype=torch.float64))


def equal_eigenvalues(scene: Scene) -> None:
    scene.call(4 * torch.eye(3, dtype=torch.float64))


def large_and_small(scene: Scene) -> None:
    scene.call(1e6 * covariance(scene, 3))
    scene.call(1e-2 * covariance(scene, 3))


def in_float32(scene: Scene) -> None:
    value = scene.handle.call(None, (covariance(scene, 4).float(),), {})
    dtype = str(value.dtype) if isinstance(value, Tensor) else value
    scene.see("the type of the result", dtype, "matrix_square_root(tensor (4, 4)) in float32")


def by_svd(matrix):
    left, values, _ = torch.linalg.svd(matrix)
    return left @ torch.diag(values.sqrt()) @ left.T


def one_direction_at_a_time(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    root = torch.zeros_like(matrix)
    for value, vector in zip(values, vectors.T, strict=True):
        root = root + torch.outer(vector, vector) * max(value.item(), 0.0) ** 0.5
    return root


def by_einsum(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return torch.einsum("ij,j,kj->ik", vectors, values.clamp_min(0) ** 0.5, vectors)


def with_relu(matrix):
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return vectors @ torch.sqrt(torch.relu(values)).diag() @ vectors.mT


def rebuilt(expression: str) -> object:
    return edited(matrix_square_root, (PUT_TOGETHER, f"return {expression}"))


def rooted(expression: str) -> object:
    return edited(matrix_square_root, (ROOTS, f"roots = {expression}"))


def number_by_number(matrix):
    return matrix.sqrt()


def number_by_number_clipped(matrix):
    return matrix.clamp(min=0).sqrt()


def number_by_number_with_sign(matrix):
    return matrix.sign() * matrix.abs().sqrt()


def only_the_diagonal(matrix):
    return torch.diag(matrix.diagonal().sqrt())


def cholesky(matrix):
    lower, failed = torch.linalg.cholesky_ex(matrix)
    return lower if not failed else torch.linalg.cholesky(matrix + 1e-9 * torch.eye(len(matrix), dtype=matrix.dtype))


def halved(matrix):
    return matrix / 2


def squared(matrix):
    return matrix @ matrix


EXERCISES = (
    Exercise(
        name="matrix_square_root",
        reference=matrix_square_root,
        lesson="11",
        where="lesson 11, section 11.4",
        properties=(
            Property(
                "does_not_give_the_matrix_back",
                "multiplied by itself it gives [[2, 1], [1, 2]]",
                by_hand,
                "Multiply your result by itself, with @: the matrix does not come back. Put it together as "
                "vectors diag(roots) vectors^T, with the eigenvectors as columns.",
            ),
            Property("diagonal", "a diagonal matrix has the roots of its numbers on the diagonal", diagonal),
            Property(
                "wrong_for_other_matrices",
                "root @ root gives the matrix back, whatever its size",
                larger,
                "It works for a matrix of two features and fails for more, or for other eigenvalues. Only eigenvalues "
                "below zero may be changed, and vectors.T belongs on the right.",
            ),
            Property("one_number", "for one feature it is the root of a number, as a (1, 1) matrix", one_number),
            Property("large_and_small", "it works for large and for small numbers", large_and_small),
            Property(
                "equal_eigenvalues", "the root of 4 times the identity is 2 times the identity", equal_eigenvalues
            ),
            Property(
                "zero_eigenvalues",
                "it works with eigenvalues of zero, which rounding leaves slightly below zero",
                without_full_rank,
            ),
            Property("all_zero", "the root of zeros is zeros", all_zero),
            Property(
                "precision",
                "float32 in, float32 out",
                in_float32,
                "The result has another precision than the matrix that came in.",
            ),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "number_by_number",
                "You took the root of every number by itself. The root of a matrix is the one that gives it back as a "
                "matrix *product*, root @ root, and covariances may be negative besides.",
                number_by_number,
            ),
            Misconception(
                "number_by_number_clipped",
                "You clipped every number of the matrix at zero and took its root. What is clipped and rooted are the "
                "*eigenvalues*.",
                number_by_number_clipped,
            ),
            Misconception(
                "number_by_number_with_sign",
                "You took the root of every number and kept its sign. Multiply the result by itself, with @: the "
                "matrix does not come back.",
                number_by_number_with_sign,
            ),
            Misconception(
                "only_the_diagonal",
                "You took the roots of the diagonal and dropped everything else. That is right only where no two "
                "features move together.",
                only_the_diagonal,
            ),
            Misconception(
                "cholesky",
                "That is the Cholesky factor: L @ L.T gives the matrix, L @ L does not, and L is not symmetric.",
                cholesky,
            ),
            Misconception(
                "not_turned_back",
                "You return vectors * roots, without `@ vectors.T` at the end. The eigenvectors turned the axes; they "
                "have to be turned back.",
                rebuilt("vectors * roots"),
            ),
            Misconception(
                "roots_only",
                "What comes out is the roots of the eigenvalues on a diagonal. They belong to the eigenvectors' "
                "axes. Eigenvector number i is *column* i, so the roots scale columns, `vectors * roots`; then `@ "
                "vectors.T`.",
                rebuilt("torch.diag(roots)"),
            ),
            Misconception(
                "vectors_exchanged",
                "You put vectors.T on the left and vectors on the right. eigh gives the eigenvectors as *columns*: "
                "vectors on the left.",
                rebuilt("vectors.T @ torch.diag(roots) @ vectors"),
            ),
            Misconception(
                "vectors_twice",
                "On the right stands vectors where vectors.T belongs.",
                rebuilt("(vectors * roots) @ vectors"),
            ),
            Misconception(
                "no_root",
                "The matrix comes back unchanged: there is no root in it, or one on each of the two copies of the "
                "vectors, which makes the eigenvalue again.",
                rooted("values.clamp(min=0)"),
            ),
            Misconception(
                "halved", "You halved the matrix. Half of 9 is 4.5; its root is 3, because 3 times 3 is 9.", halved
            ),
            Misconception("squared", "You multiplied the matrix by itself. The root goes the other way.", squared),
            Misconception(
                "inverse_root",
                "You divided by the roots: that is the *inverse* root, which whitens data.",
                rooted("values.clamp(min=1e-12).rsqrt()"),
            ),
            Misconception(
                "negative_root",
                "Your roots are negative. (-3)(-3) is 9, too, but the root of a covariance has no negative "
                "eigenvalues.",
                rooted("-values.clamp(min=0).sqrt()"),
            ),
            Misconception(
                "not_clipped",
                "An eigenvalue that should be zero came out as -1e-17, and its root is NaN. It happens whenever "
                "there are fewer images than features. Clip the eigenvalues at zero first.",
                rooted("values.sqrt()"),
            ),
            Misconception(
                "absolute_zero_raised",
                "You add something to the eigenvalues, or clip them well above zero, so that nothing can go wrong. Now "
                "features that never vary seem to vary.",
                rooted("(values.clamp(min=0) + 1e-3).sqrt()"),
            ),
        ),
        alternatives=(
            Alternative("svd", by_svd),
            Alternative("one_direction_at_a_time", one_direction_at_a_time),
            Alternative("einsum", by_einsum),
            Alternative("symmetrised", with_relu),
        ),
    ),
)
