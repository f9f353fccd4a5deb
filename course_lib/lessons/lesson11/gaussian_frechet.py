"""Exercise gaussian_frechet (lesson 11)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.evaluation.metrics import gaussian_frechet, matrix_square_root

MEANS = "between_means = (mean - other_mean).square().sum()"
SHARED = "shared = matrix_square_root(root @ other_cov @ root)"
SPREADS = "between_spreads = cov.trace() + other_cov.trace() - 2 * shared.trace()"
RETURN = "return (between_means + between_spreads).item()"


def covariance(scene: Scene, dim: int, rank: int | None = None) -> Tensor:
    factor = scene.normal(dim, dim + 1 if rank is None else rank).double()
    return factor @ factor.T / dim


def mean_of(scene: Scene, dim: int) -> Tensor:
    return 1.5 * scene.normal(dim).double()


def example(scene: Scene) -> tuple:
    return mean_of(scene, 4), covariance(scene, 4), mean_of(scene, 4), 2 * covariance(scene, 4)


def one_dimension(scene: Scene) -> None:
    scene.call(mean_of(scene, 1), 2 + scene.uniform(1, 1).double(), mean_of(scene, 1), scene.uniform(1, 1).double())


def equal_covariances(scene: Scene) -> None:
    cov = covariance(scene, 5)
    scene.call(mean_of(scene, 5), cov, mean_of(scene, 5), cov)


def equal_means(scene: Scene) -> None:
    mean = mean_of(scene, 3)
    scene.call(mean, torch.diag(scene.uniform(3).double()), mean, torch.diag(3 + scene.uniform(3).double()))


def equal_means_and_mixed_features(scene: Scene) -> None:
    mean = mean_of(scene, 4)
    scene.call(mean, covariance(scene, 4), mean, 4 * covariance(scene, 4))


def everything(scene: Scene) -> None:
    scene.call(*example(scene))
    dim = scene.pick(6, 7)
    scene.call(mean_of(scene, dim), 3 * covariance(scene, dim), mean_of(scene, dim), covariance(scene, dim))


def without_inverse(scene: Scene) -> None:
    """As with fewer images than features, on either side."""
    scene.call(mean_of(scene, 6), covariance(scene, 6, rank=2), mean_of(scene, 6), covariance(scene, 6))
    scene.call(mean_of(scene, 6), covariance(scene, 6), mean_of(scene, 6), covariance(scene, 6, rank=2))


def no_spread(scene: Scene) -> None:
    scene.call(mean_of(scene, 3), torch.zeros(3, 3, dtype=torch.float64), mean_of(scene, 3), covariance(scene, 3))


def nothing_between(scene: Scene) -> None:
    mean, cov = mean_of(scene, 4), covariance(scene, 4)
    value = scene.handle.call(None, (mean, cov, mean.clone(), cov.clone()), {})
    small = abs(float(value)) < 1e-5 if isinstance(value, Tensor | float | int) else value
    scene.see("whether it is 0", small, "twice the same mean and covariance")


def is_a_number(scene: Scene) -> None:
    value = scene.handle.call(None, example(scene), {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    scene.see("whether it is one number", plain, "means and covariances of four features")


def by_eigenvalues(mean, cov, other_mean, other_cov):
    """The trace of the root, from the eigenvalues of C1 C2 itself, as torchmetrics does it."""
    roots = torch.linalg.eigvals(cov @ other_cov).real.clamp(min=0).sqrt()
    return (torch.sum((mean - other_mean) ** 2) + torch.trace(cov + other_cov) - 2 * roots.sum()).item()


def by_singular_values(mean, cov, other_mean, other_cov):
    """The trace of the root of R C2 R is the sum of the singular values of S R, S the root of C2."""
    product = matrix_square_root(other_cov) @ matrix_square_root(cov)
    shared = torch.linalg.svdvals(product).sum()
    return float((mean - other_mean) @ (mean - other_mean) + cov.trace() + other_cov.trace() - 2 * shared)


def other_root_first(mean, cov, other_mean, other_cov):
    values, vectors = torch.linalg.eigh(other_cov)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ cov @ root).clamp(min=0).sqrt().sum()
    return (mean - other_mean).pow(2).sum() + (cov.diagonal() + other_cov.diagonal()).sum() - 2 * shared


def with_norm(mean, cov, other_mean, other_cov):
    root = matrix_square_root(cov)
    shared = matrix_square_root(root @ other_cov @ root)
    return torch.linalg.vector_norm(mean - other_mean).item() ** 2 + torch.trace(cov + other_cov - 2 * shared).item()


def spreads(expression: str) -> object:
    return edited(gaussian_frechet, (SPREADS, f"between_spreads = {expression}"))


def means(expression: str) -> object:
    return edited(gaussian_frechet, (MEANS, f"between_means = {expression}"))


def shared(expression: str) -> object:
    return edited(gaussian_frechet, (SHARED, f"shared = {expression}"))


EXERCISES = (
    Exercise(
        name="gaussian_frechet",
        reference=gaussian_frechet,
        lesson="11",
        where="lesson 11, section 11.4, the formula",
        properties=(
            Property(
                "wrong_in_one_dimension",
                "in one dimension it is (m1 - m2)^2 + (s1 - s2)^2, s the standard deviations",
                one_dimension,
                "It is wrong for a single feature already. Try numbers: means 0 and 2, variances 1 and 9 give "
                "(0 - 2)^2 + (1 - 3)^2 = 8. Check each of the four terms, its sign and its factor.",
            ),
            Property(
                "equal_spreads_do_not_cancel",
                "with equal covariances only the means count: |m1 - m2|^2",
                equal_covariances,
                "It is right for one feature and wrong for several with equal covariances. There, R C R is C times C, "
                "its root is C, and the three traces cancel: only |m1 - m2|^2 is left.",
            ),
            Property(
                "wrong_on_the_diagonal",
                "with equal means and features that do not hang together, the standard deviations' squared differences "
                "add up",
                equal_means,
                "For covariances with numbers on the diagonal only, the features' squared differences of standard "
                "deviations add up. Yours mixes the features, or takes one number of each matrix too early.",
            ),
            Property(
                "wrong_where_features_hang_together",
                "it is right where features hang together",
                equal_means_and_mixed_features,
                "It is right for diagonal covariances and wrong where features hang together. Somewhere a matrix is "
                "treated number by number, or eigh is given one that is not symmetric.",
            ),
            Property("everything", "means and covariances count, both", everything),
            Property("no_inverse", "it works for covariances without an inverse, on either side", without_inverse),
            Property("no_spread", "it works for one picture repeated for ever, a covariance of zeros", no_spread),
            Property("nothing_between", "it is 0 between a Gaussian and itself", nothing_between),
            Property("one_number", "the answer is one number", is_a_number),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "no_means",
                "The means are missing: two sets that differ only in where they lie would count as equal.",
                means("0.0 * mean.sum()"),
            ),
            Misconception(
                "no_covariances",
                "The covariances are missing: one picture repeated for ever, in the right place, would be perfect.",
                spreads("0.0 * shared.trace()"),
            ),
            Misconception(
                "means_not_squared",
                "You took the length of the difference of the means, and not its square. Everything in the formula "
                "is in squared units.",
                means("(mean - other_mean).square().sum().sqrt()"),
            ),
            Misconception(
                "absolute_differences",
                "You added up absolute differences of the means. The formula has their squares.",
                means("(mean - other_mean).abs().sum()"),
            ),
            Misconception(
                "mean_of_squares",
                "You averaged the squared differences of the means over the features (mse). The squared length is "
                "their *sum*.",
                means("(mean - other_mean).square().mean()"),
            ),
            Misconception(
                "square_of_the_sum",
                "You added the differences of the means first and squared the sum, so that they cancel. Square first.",
                means("(mean - other_mean).sum().square()"),
            ),
            Misconception(
                "means_added",
                "You added the means where their difference counts.",
                means("(mean + other_mean).square().sum()"),
            ),
            Misconception(
                "shared_once",
                "You took what they share off once. As in (s1 - s2)^2 = s1^2 + s2^2 - 2 s1 s2, it comes off twice.",
                spreads("cov.trace() + other_cov.trace() - shared.trace()"),
            ),
            Misconception(
                "shared_added",
                "The sign of the last term is wrong: the more two covariances share, the *smaller* the distance.",
                spreads("cov.trace() + other_cov.trace() + 2 * shared.trace()"),
            ),
            Misconception(
                "shared_forgotten",
                "The term - 2 trace(sqrt(C1 C2)) is missing. Without it a set is far from itself.",
                spreads("cov.trace() + other_cov.trace()"),
            ),
            Misconception(
                "no_root",
                "You took the trace of C1 C2 itself, without the square root: a product of variances where a "
                "product of standard deviations belongs.",
                shared("root @ other_cov @ root"),
            ),
            Misconception(
                "root_number_by_number",
                "You took the root of R C2 R number by number. The root of a matrix is not that of its numbers: use "
                "matrix_square_root.",
                shared("(root @ other_cov @ root).abs().sqrt()"),
            ),
            Misconception(
                "root_of_the_product",
                "You gave C1 @ C2 to matrix_square_root. That product is not symmetric, and eigh silently reads one "
                "triangle of it: the numbers look right, and are not. R C2 R has the same eigenvalues and *is* "
                "symmetric.",
                shared("matrix_square_root(cov @ other_cov)"),
            ),
            Misconception(
                "product_of_roots",
                "You multiplied the two roots (or compared them, |sqrt(C1) - sqrt(C2)|^2, which is the same). sqrt(C1) "
                "sqrt(C2) is sqrt(C1 C2) only where the two commute; elsewhere your distance is too large.",
                shared("root @ matrix_square_root(other_cov)"),
            ),
            Misconception(
                "multiplied_number_by_number",
                "You multiplied with * where the matrix product @ belongs.",
                shared("matrix_square_root(cov * other_cov)"),
            ),
            Misconception(
                "root_on_one_side",
                "R stands on one side of C2 only. It belongs on both, R C2 R, to make a symmetric matrix with the "
                "eigenvalues of C1 C2.",
                shared("matrix_square_root(root @ other_cov)"),
            ),
            Misconception(
                "covariance_on_both_sides",
                "You put C1 itself on both sides of C2. It is its root, R, that belongs there: R R is C1.",
                shared("matrix_square_root(cov @ other_cov @ cov)"),
            ),
            Misconception(
                "sum_instead_of_trace",
                "You added up all numbers of the matrices. The trace adds the diagonal only: the variances.",
                spreads("cov.sum() + other_cov.sum() - 2 * shared.sum()"),
            ),
            Misconception(
                "variances_only",
                "You compared the variances, the diagonals, and nothing else. What makes the distance care about "
                "features that move together lies off the diagonal.",
                shared("torch.diag((cov.diagonal() * other_cov.diagonal()).sqrt())"),
            ),
            Misconception(
                "difference_of_covariances",
                "You took the squared differences of the two covariances. The units alone forbid it: variances are "
                "squares already.",
                spreads("(cov - other_cov).square().sum()"),
            ),
            Misconception(
                "own_covariance_twice",
                "You used the first covariance twice and never the other's trace.",
                spreads("2 * cov.trace() - 2 * shared.trace()"),
            ),
            Misconception(
                "root_at_the_end",
                "You took the square root of the result. What is reported as a Fréchet distance is its square, also in "
                "papers.",
                edited(
                    gaussian_frechet, (RETURN, "return (between_means + between_spreads).clamp(min=0).sqrt().item()")
                ),
            ),
            Misconception(
                "divided_by_the_features",
                "You divided by the number of features. The formula adds up over them.",
                edited(gaussian_frechet, (RETURN, "return (between_means + between_spreads).item() / D")),
            ),
            Misconception(
                "kullback_leibler",
                "You divide by a covariance, as the Kullback-Leibler divergence does. It has no answer where a "
                "covariance has no inverse; the Fréchet distance needs none.",
                edited(
                    gaussian_frechet,
                    (
                        RETURN,
                        "return (0.5 * (torch.linalg.solve(other_cov, cov).trace() + (other_mean - mean) @ "
                        "torch.linalg.solve(other_cov, other_mean - mean) - D + other_cov.logdet() - "
                        "cov.logdet())).item()",
                    ),
                ),
            ),
        ),
        alternatives=(
            Alternative("eigenvalues_of_the_product", by_eigenvalues),
            Alternative("singular_values", by_singular_values),
            Alternative("other_root_first", other_root_first),
            Alternative("norm_and_one_trace", with_norm),
        ),
    ),
)
