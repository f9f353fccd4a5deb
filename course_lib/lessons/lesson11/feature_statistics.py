"""What holds for feature_statistics, and right answers written differently."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Exercise
from course_lib.checks.trial import Call, PropertyEnds, Trial
from course_lib.evaluation.metrics import feature_statistics

EXERCISE = Exercise(
    "feature_statistics",
    feature_statistics,
    __name__,
    where="lesson 11, section 11.3, the table with N and D",
    not_for_all={
        "assumes_the_cpu": "a measure, taken of what has come back from the network",
        "gradients_cut": "a measure: nothing learns through it",
        "mixes_the_batch": "a covariance needs more than one image",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right


def some(trial: Trial, count: int, dim: int) -> Tensor:
    """Features whose columns have unlike spreads and hang together."""
    mixed = trial.normal(count, dim) @ trial.normal(dim, dim)
    return mixed + 2 * trial.normal(dim)


def example(trial: Trial) -> tuple:
    return (some(trial, 9, 4).double(),)


def parts(trial: Trial, features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance, not recorded; ends the property if something else comes back."""
    found = trial.handle.call(None, (features,), {})
    if isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, Tensor) for part in found):
        return found
    trial.see("mean and covariance", found, f"feature_statistics(tensor {tuple(features.shape)})")
    raise PropertyEnds


def by_torch(features):
    features = features.double()
    dim = features.shape[1]
    return features.mean(dim=0), torch.cov(features.T).reshape(dim, dim)


@EXERCISE.example
def ordinary_call(trial: Trial) -> Call:
    return trial.calling(*example(trial))


@EXERCISE.harder
def unlike_columns(trial: Trial) -> Call:
    """float32, more images and features, columns from small to large, and every second column of a wider table."""
    return trial.calling((some(trial, 23, 14) * 10 ** torch.linspace(-1, 1, 14))[:, ::2])


@holds("the mean has one number a feature, (D,), the covariance one a pair, (D, D)")
def wrong_shapes(trial: Trial) -> None:
    """The shapes tell: for features (N, D) the mean is (D,), one number a feature, and the covariance is (D, D), one
    number for each pair of features."""
    value = trial.handle.call(None, (some(trial, 8, 5),), {})
    found = value
    if isinstance(value, tuple) and all(isinstance(part, Tensor) for part in value):
        found = tuple(tuple(part.shape) for part in value)
    trial.checked("their shapes", found, "feature_statistics(tensor (8, 5))")


@holds("the mean of every feature over the images")
def wrong_mean(trial: Trial) -> None:
    """Your mean is off. It is taken over the images, the first axis: add up and divide by N; and it is the mean of the
    features as they came in, not of what is left when the mean is off."""
    mean, _ = parts(trial, some(trial, 7, 4))
    trial.see("the mean", mean, "feature_statistics(tensor (7, 4))")


@holds("the covariance stays as it is when a number is added to a feature of all images")
def depends_on_the_mean(trial: Trial) -> None:
    """Your mean is right, and your covariance changes when one number is added to a feature of all images alike, where
    no distance from the mean changes. So the mean of each feature, the one that you return, is not taken off, or not
    in full. Form distance = features - mean first. In one go it is X.T @ X less N times the product of the means, and
    only then divided by N - 1."""
    features = some(trial, trial.pick(7, 11), 4)
    shifted = features + torch.tensor([2.0, -1.0, 3.0, 1.0]) * (1 + trial.uniform(4))
    (_, cov), (_, other) = parts(trial, features), parts(trial, shifted)
    stays = cov.shape != other.shape or torch.allclose(
        cov.double(), other.double(), rtol=1e-3, atol=1e-3, equal_nan=True
    )
    trial.see("whether the covariance stays as it is", stays, "features of four columns, a number added to each")
    if not stays:  # so that one mistake is told from another
        trial.see("the covariance", cov)


@holds("the diagonal of the covariance holds the variances, with N - 1")
def wrong_variances(trial: Trial) -> None:
    """Your mean is right, and the diagonal of your covariance is not the variance of each feature. Take the mean off,
    square, add up over the images, divide by N - 1. If yours is the right one times a number, look what you divide by:
    N is the number of images, len(features) or features.shape[0]."""
    _, cov = parts(trial, some(trial, trial.pick(7, 11), 4))
    trial.see("the diagonal of the covariance", cov.diagonal().clone(), "features of four columns")


@holds("the covariance of every pair of features, with N - 1")
def wrong_off_the_diagonal(trial: Trial) -> None:
    """Mean and variances are right, and the covariances of unlike features are not: multiply the distances of feature i
    with those of feature j, image by image, with their signs."""
    trial.call(some(trial, trial.pick(7, 11), trial.pick(3, 4)), label="mean and covariance")


@holds("zeros are features like any others")
def zeros_left_out(trial: Trial) -> None:
    """Where features are 0 your result is wrong, and elsewhere it is right. 0 is a number like any other, behind a ReLU
    a common one, and no sign that something is missing: every image counts, and so does every feature."""
    features = some(trial, 9, 4)
    features[3] = 0.0
    trial.call(features, label="mean and covariance")
    trial.call(features * (trial.uniform(9, 4) < 0.6), label="mean and covariance")


@holds("both are float64, whatever came in")
def another_precision(trial: Trial) -> None:
    """Your numbers are right, and they are not both float64."""
    for features in (some(trial, 9, 4), some(trial, 9, 4).double()):
        types = tuple(str(part.dtype).removeprefix("torch.") for part in parts(trial, features))
        given = str(features.dtype).removeprefix("torch.")
        trial.see("their types", types, f"feature_statistics(tensor (9, 4) in {given})")


@holds("it works with fewer images than features")
def fewer_images_than_features(trial: Trial) -> None:
    trial.call(some(trial, 4, 7), label="mean and covariance")


@holds("and with as many images as features")
def as_many(trial: Trial) -> None:
    trial.call(some(trial, 6, 6), label="mean and covariance")


@holds("two images are enough")
def two_images(trial: Trial) -> None:
    trial.call(some(trial, 2, 3), label="mean and covariance")


@holds("a single feature gives shapes (1,) and (1, 1)")
def one_feature(trial: Trial) -> None:
    trial.call(some(trial, 9, 1), label="mean and covariance")


@holds("it is exact for many images")
def many_images(trial: Trial) -> None:
    trial.call(some(trial, 400, 3), label="mean and covariance", tolerance=0.2)


@holds("it is exact for features far from zero")
def far_from_zero(trial: Trial) -> None:
    features = some(trial, 300, 3) + 3000
    trial.call(features, label="mean and covariance")


@holds("it is computed in double precision: float32 features far from zero keep all their digits")
def digits_lost_on_the_way(trial: Trial) -> None:
    """The last digits are lost: far from zero your covariance is less exact than float64 is. Is something computed in
    float32 on the way?"""
    trial.call(some(trial, 300, 3) + 300, label="mean and covariance", tolerance=1e-4)


@right
def by_einsum(features):
    mean = features.double().mean(0)
    centred = features.double() - mean[None]
    return mean, torch.einsum("ni,nj->ij", centred, centred) / (features.shape[0] - 1)


@right
def image_by_image(features):
    features = features.double()
    mean = sum(features) / len(features)
    return mean, sum(torch.outer(row - mean, row - mean) for row in features) / (len(features) - 1)


@right
def from_squares(features):
    features, count = features.double(), len(features)
    mean = features.sum(dim=0) / count
    return mean, (features.T @ features - count * torch.outer(mean, mean)) / (count - 1)


@right
def as_a_list(features):
    mean, cov = by_torch(features)
    return [mean, cov]


right(by_torch, "torch_cov")
