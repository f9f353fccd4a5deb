"""What holds for gaussian_frechet, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.mistakes import edited
from course_lib.checks.trial import Call, Trial
from course_lib.evaluation.metrics import gaussian_frechet, matrix_square_root

SHARED = "shared = matrix_square_root(root @ other_cov @ root)"


EXERCISE = Exercise(
    "gaussian_frechet",
    gaussian_frechet,
    __name__,
    where="lesson 11, section 11.4, the formula",
    not_for_all={
        "assumes_the_cpu": "a measure, taken of what has come back from the network",
        "gradients_cut": "a measure: nothing learns through it",
        "mixes_the_batch": "nothing that goes in has a batch axis",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def covariance(trial: Trial, dim: int, rank: int | None = None) -> Tensor:
    factor = trial.normal(dim, dim + 1 if rank is None else rank).double()
    return factor @ factor.T / dim


def mean_of(trial: Trial, dim: int) -> Tensor:
    return 1.5 * trial.normal(dim).double()


def example(trial: Trial) -> tuple:
    return mean_of(trial, 4), covariance(trial, 4), mean_of(trial, 4), 2 * covariance(trial, 4)


def shared(expression: str) -> object:
    return edited(gaussian_frechet, (SHARED, f"shared = {expression}"))


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def features_of_unlike_spread(trial: Trial) -> Call:
    """Nine features, narrow and wide ones, whose covariances are stretched each in its own way."""
    narrow, wide = (0.3 + 2 * trial.uniform(9).double() for _ in range(2))
    covs = (spread[:, None] * covariance(trial, 9) * spread for spread in (narrow, 2 * wide))
    return trial.calling(mean_of(trial, 9), next(covs), mean_of(trial, 9), next(covs))


@holds("in one dimension it is (m1 - m2)^2 + (s1 - s2)^2, s the standard deviations")
def wrong_in_one_dimension(trial: Trial) -> None:
    """It is wrong for a single feature already. Try numbers: means 0 and 2, variances 1 and 9 give (0 - 2)^2 + (1 -
    3)^2 = 8. Check each of the four terms, its sign and its factor."""
    trial.call(mean_of(trial, 1), 2 + trial.uniform(1, 1).double(), mean_of(trial, 1), trial.uniform(1, 1).double())


@holds("with equal covariances only the means count: |m1 - m2|^2")
def equal_spreads_do_not_cancel(trial: Trial) -> None:
    """It is right for one feature and wrong for several with equal covariances. There, R C R is C times C, its root is
    C, and the three traces cancel: only |m1 - m2|^2 is left, the squares of the differences, added up."""
    cov = covariance(trial, 5)
    trial.call(mean_of(trial, 5), cov, mean_of(trial, 5), cov)


@holds("with equal means and features that do not hang together, the standard deviations' squared differences add up")
def wrong_on_the_diagonal(trial: Trial) -> None:
    """For covariances with numbers on the diagonal only, the features' squared differences of standard deviations add
    up. Yours is another number."""
    mean = mean_of(trial, 3)
    trial.call(mean, torch.diag(trial.uniform(3).double()), mean, torch.diag(3 + trial.uniform(3).double()))


@holds("it is right where features hang together")
def wrong_where_features_hang_together(trial: Trial) -> None:
    """It is right for diagonal covariances and wrong where features hang together. Is a matrix treated number by number
    somewhere, or eigh given one that is not symmetric?"""
    mean = mean_of(trial, 4)
    trial.call(mean, covariance(trial, 4), mean, 4 * covariance(trial, 4))


@holds("means and covariances count, both")
def everything(trial: Trial) -> None:
    trial.call(*example(trial))
    dim = trial.pick(6, 7)
    trial.call(mean_of(trial, dim), 3 * covariance(trial, dim), mean_of(trial, dim), covariance(trial, dim))


@holds("it works for covariances without an inverse, on either side")
def no_inverse(trial: Trial) -> None:
    # As with fewer images than features, on either side.
    trial.call(mean_of(trial, 6), covariance(trial, 6, rank=2), mean_of(trial, 6), covariance(trial, 6))
    trial.call(mean_of(trial, 6), covariance(trial, 6), mean_of(trial, 6), covariance(trial, 6, rank=2))


@holds("it works for one picture repeated for ever, a covariance of zeros")
def no_spread(trial: Trial) -> None:
    trial.call(mean_of(trial, 3), torch.zeros(3, 3, dtype=torch.float64), mean_of(trial, 3), covariance(trial, 3))


@holds("it is next to 0 between a Gaussian and one beside it")
def nothing_between(trial: Trial) -> None:
    # not the very same one: whether rounding leaves a little above 0 or below would be luck, and with it a root's fate
    mean, cov = mean_of(trial, 4), covariance(trial, 4)
    value = trial.handle.call(None, (mean, cov, mean + 0.001, cov.clone()), {})
    small = abs(float(value)) < 1e-5 if isinstance(value, Tensor | float | int) else value
    trial.see("whether it is below 0.00001", small, "twice the same covariance, and means 0.001 apart")


@holds("the answer is one number")
def one_number(trial: Trial) -> None:
    value = trial.handle.call(None, example(trial), {})
    plain = isinstance(value, float | int) or (isinstance(value, Tensor) and value.ndim == 0)
    trial.see("whether it is one number", plain, "means and covariances of four features")


@right
def by_eigenvalues(mean, cov, other_mean, other_cov):
    """The trace of the root, from the eigenvalues of C1 C2 itself, as torchmetrics does it."""
    roots = torch.linalg.eigvals(cov @ other_cov).real.clamp(min=0).sqrt()
    return (torch.sum((mean - other_mean) ** 2) + torch.trace(cov + other_cov) - 2 * roots.sum()).item()


@right
def by_singular_values(mean, cov, other_mean, other_cov):
    """The trace of the root of R C2 R is the sum of the singular values of S R, S the root of C2."""
    product = matrix_square_root(other_cov) @ matrix_square_root(cov)
    shared = torch.linalg.svdvals(product).sum()
    return float((mean - other_mean) @ (mean - other_mean) + cov.trace() + other_cov.trace() - 2 * shared)


@right
def other_root_first(mean, cov, other_mean, other_cov):
    values, vectors = torch.linalg.eigh(other_cov)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ cov @ root).clamp(min=0).sqrt().sum()
    return (mean - other_mean).pow(2).sum() + (cov.diagonal() + other_cov.diagonal()).sum() - 2 * shared


@right
def with_norm(mean, cov, other_mean, other_cov):
    root = matrix_square_root(cov)
    shared = matrix_square_root(root @ other_cov @ root)
    return torch.linalg.vector_norm(mean - other_mean).item() ** 2 + torch.trace(cov + other_cov - 2 * shared).item()
