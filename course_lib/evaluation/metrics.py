"""The three figures of `evaluate`: class accuracy, Fréchet distance, diversity, all in the judge's 64 features."""

import math

import torch
from torch import Tensor, nn

from course_lib.validation import check_same_shape


def class_accuracy(predicted: Tensor, wanted: Tensor) -> float:
    """Share of images that the judge takes for the class they were drawn as.

    Args:
        predicted: what the judge takes each image for; wanted: the class it was drawn as.
    Shapes: (N,), (N,) int64 -> a number from 0 to 1.
    """
    check_same_shape("predicted", predicted, "wanted", wanted)
    # for every image: is it taken for what was wanted?
    right = predicted == wanted
    # the share of yes among all answers (the mean needs numbers, so turn True and False into 1.0 and 0.0)
    return right.double().mean().item()


def frechet_distance(features: Tensor, real_features: Tensor) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features, computed by torchmetrics.

    |m1 - m2|^2 + trace(C1 + C2 - 2 sqrt(C1 C2)): 0 for the same distribution and more samples than anyone has. With
    few samples it is larger even for real images, so compare it with real images in the same number of each class.

    Shapes: (N, D), (M, D) -> a number of at least 0.
    Raises: ValueError for fewer than two samples on either side.
    Source: Heusel et al. 2017, equation 6.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    for name, samples in (("features", features), ("real_features", real_features)):
        check_two_samples(name, samples)
    pass_through = nn.Identity()
    pass_through.num_features = features.shape[1]
    metric = FrechetInceptionDistance(feature=pass_through).set_dtype(torch.float64)
    metric.update(real_features.double(), real=True)
    metric.update(features.double(), real=False)
    distance = metric.compute().item()
    if not math.isfinite(distance):
        raise FloatingPointError(f"the Fréchet distance is {distance}: the features are not numbers")
    return max(0.0, distance)  # of two equal sets, rounding may leave it below 0


def feature_statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of a set of features: all that a Fréchet distance ever sees of the images.

    The covariance divides by N - 1, so that on average it is right for any number of images.

    Args:
        features: one row an image.
    Shapes: (N, D) -> (D,) and (D, D), both float64.
    Raises: ValueError for fewer than two images.
    Source: Heusel et al. 2017, equation 6, its m and C.
    """
    check_two_samples("features", features)
    # in double precision: float32 loses digits in sums of many squares
    features = features.double()
    # the mean of every feature over the images: (D,)
    mean = features.mean(dim=0)
    # how far every image lies from that mean: (N, D)
    distance = features - mean
    # for every pair of features: the product of their distances, averaged over the images with N - 1: (D, D)
    cov = distance.T @ distance / (len(features) - 1)
    return mean, cov


def matrix_square_root(matrix: Tensor) -> Tensor:
    """The symmetric matrix without negative eigenvalues that, multiplied by itself, gives `matrix`.

    Args:
        matrix: symmetric, without negative eigenvalues, as every covariance is.
    Shapes: (D, D) -> (D, D).
    Raises: ValueError if `matrix` is not square.

    >>> matrix_square_root(torch.tensor([[4.0, 0.0], [0.0, 9.0]])).tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix has shape {tuple(matrix.shape)}; allowed: (D, D)")
    # take it apart: eigenvalues (D,), and the eigenvectors as the columns of a matrix (D, D)
    values, vectors = torch.linalg.eigh(matrix)
    # the root of every eigenvalue; rounding may have left a zero slightly below zero, so clip at zero first
    roots = values.clamp(min=0).sqrt()
    # put it together again, with the roots in place of the eigenvalues: vectors diag(roots) vectors^T
    return (vectors * roots) @ vectors.T


def gaussian_frechet(mean: Tensor, cov: Tensor, other_mean: Tensor, other_cov: Tensor) -> float:
    """Fréchet distance between two Gaussians, squared as it is always reported.

    |m1 - m2|^2 + trace(C1) + trace(C2) - 2 trace(sqrt(C1 C2)). The product C1 C2 is not symmetric. With R the root of
    C1, the matrix R C2 R is, and it has the same eigenvalues, so its root has the same trace.

    Args:
        mean, cov: of the one Gaussian; other_mean, other_cov: of the other. Covariances are symmetric, without negative
            eigenvalues.
    Shapes: (D,), (D, D), (D,), (D, D) -> a number of at least 0 (up to rounding).
    Raises: ValueError if the shapes do not fit together.
    Source: Dowson and Landau 1982; Heusel et al. 2017, equation 6.
    """
    D = len(mean)
    for name, tensor, shape in [
        ("mean", mean, (D,)),
        ("cov", cov, (D, D)),
        ("other_mean", other_mean, (D,)),
        ("other_cov", other_cov, (D, D)),
    ]:
        if tensor.shape != shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; allowed: {shape}, for a mean of {D} features")
    # how far apart the means are: the squared length of their difference
    between_means = (mean - other_mean).square().sum()
    # R, the root of the first covariance
    root = matrix_square_root(cov)
    # the root of R C2 R: what the two covariances have in common
    shared = matrix_square_root(root @ other_cov @ root)
    # both spreads, less twice what they share
    between_spreads = cov.trace() + other_cov.trace() - 2 * shared.trace()
    return (between_means + between_spreads).item()


def diversity(features: Tensor, labels: Tensor) -> float:
    """Mean squared distance between the features of two images of one class, averaged over the classes.

    0 if every class has one picture, repeated. Only its ratio to that of real images means something. A class with a
    single image says nothing and is left out. Every class counts alike, however many images it has.

    Args:
        features: one row an image; labels: the class it was drawn as.
    Shapes: (N, D), (N,) -> a number of at least 0.
    Raises: ValueError if no class has two images.
    """
    # the features of each class by themselves, in double precision
    classes = [features[labels == label].double() for label in labels.unique()]
    # for each class of at least two images: twice the variance (with N - 1), added up over the features. That is the
    # mean squared distance between two different images, without going through all pairs
    spreads = [2 * images.var(dim=0).sum() for images in classes if len(images) > 1]
    if not spreads:
        raise ValueError("labels never repeat; allowed: at least two images of some class, to measure how they differ")
    # the mean over the classes
    return torch.stack(spreads).mean().item()


def check_two_samples(name: str, samples: Tensor) -> None:
    if len(samples) < 2:
        raise ValueError(f"{name} holds {len(samples)} samples; allowed: at least 2, to measure how they vary")
