"""Exercise feature_statistics (lesson 11)."""

import torch
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.properties import (
    function_gradients_agree,
    function_works_on_any_device,
    keeps_random_state,
)
from course_lib.checks.scene import PropertyEnds, Scene
from course_lib.evaluation.metrics import feature_statistics

COV = "distance.T @ distance / (len(features) - 1)"


def some(scene: Scene, count: int, dim: int) -> Tensor:
    """Features whose columns have unlike spreads and hang together."""
    mixed = scene.normal(count, dim) @ scene.normal(dim, dim)
    return mixed + 2 * scene.normal(dim)


def example(scene: Scene) -> tuple:
    return (some(scene, 9, 4).double(),)


def shapes(scene: Scene) -> None:
    value = scene.handle.call(None, (some(scene, 8, 5),), {})
    found = value
    if isinstance(value, tuple) and all(isinstance(part, Tensor) for part in value):
        found = tuple(tuple(part.shape) for part in value)
    scene.checked("their shapes", found, "feature_statistics(tensor (8, 5))")


def parts(scene: Scene, features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance, not recorded; ends the property if something else comes back."""
    found = scene.handle.call(None, (features,), {})
    if isinstance(found, tuple) and len(found) == 2 and all(isinstance(part, Tensor) for part in found):
        return found
    scene.see("mean and covariance", found, f"feature_statistics(tensor {tuple(features.shape)})")
    raise PropertyEnds


def mean_alone(scene: Scene) -> None:
    mean, _ = parts(scene, some(scene, 7, 4))
    scene.see("the mean", mean, "feature_statistics(tensor (7, 4))")


def variances_alone(scene: Scene) -> None:
    _, cov = parts(scene, some(scene, scene.pick(7, 11), 4))
    scene.see("the diagonal of the covariance", cov.diagonal().clone(), "features of four columns")


def several(scene: Scene) -> None:
    scene.call(some(scene, scene.pick(7, 11), scene.pick(3, 4)), label="mean and covariance")


def fewer_images_than_features(scene: Scene) -> None:
    scene.call(some(scene, 4, 7), label="mean and covariance")


def as_many_images_as_features(scene: Scene) -> None:
    scene.call(some(scene, 6, 6), label="mean and covariance")


def two_images(scene: Scene) -> None:
    scene.call(some(scene, 2, 3), label="mean and covariance")


def one_feature(scene: Scene) -> None:
    scene.call(some(scene, 9, 1), label="mean and covariance")


def many_images(scene: Scene) -> None:
    scene.call(some(scene, 400, 3), label="mean and covariance", tolerance=0.2)


def far_from_zero(scene: Scene) -> None:
    features = some(scene, 300, 3) + 3000
    scene.call(features, label="mean and covariance")


def by_torch(features):
    features = features.double()
    dim = features.shape[1]
    return features.mean(dim=0), torch.cov(features.T).reshape(dim, dim)


def by_einsum(features):
    mean = features.double().mean(0)
    centred = features.double() - mean[None]
    return mean, torch.einsum("ni,nj->ij", centred, centred) / (features.shape[0] - 1)


def image_by_image(features):
    features = features.double()
    mean = sum(features) / len(features)
    return mean, sum(torch.outer(row - mean, row - mean) for row in features) / (len(features) - 1)


def from_squares(features):
    features, count = features.double(), len(features)
    mean = features.sum(dim=0) / count
    return mean, (features.T @ features - count * torch.outer(mean, mean)) / (count - 1)


def as_a_list(features):
    mean, cov = by_torch(features)
    return [mean, cov]


def with_cov(expression: str) -> object:
    return edited(feature_statistics, (COV, expression))


def cov_first(features):
    mean, cov = by_torch(features)
    return cov, mean


def over_the_features(features):
    features = features.double()
    distance = features - features.mean(dim=1, keepdim=True)
    return features.mean(dim=1), distance @ distance.T / (features.shape[1] - 1)


def correlation(features):
    features = features.double()
    distance = features - features.mean(dim=0)
    distance = distance / features.std(dim=0)
    return features.mean(dim=0), distance.T @ distance / (len(features) - 1)


def variances(features):
    features = features.double()
    return features.mean(dim=0), features.var(dim=0)


def squares_in_float32(features):
    features, count = features.float(), len(features)
    mean = features.mean(dim=0)
    return mean, (features.T @ features - count * torch.outer(mean, mean)) / (count - 1)


def median(features):
    return features.double().median(dim=0).values, by_torch(features)[1]


def one_mean(features):
    features = features.double()
    distance = features - features.mean()
    return features.mean(dim=0), distance.T @ distance / (len(features) - 1)


EXERCISES = (
    Exercise(
        name="feature_statistics",
        reference=feature_statistics,
        lesson="11",
        where="lesson 11, section 11.3, the table with N and D",
        properties=(
            Property(
                "wrong_shapes",
                "the mean has one number a feature, (D,), the covariance one a pair, (D, D)",
                shapes,
                "The shapes tell: for features (N, D) the mean is (D,), one number a feature, and the covariance is "
                "(D, D), one number for each pair of features.",
            ),
            Property(
                "wrong_mean",
                "the mean of every feature over the images",
                mean_alone,
                "Your mean is off. It is taken over the images, the first axis: add up and divide by N; and it is the "
                "mean of the features as they came in, not of what is left when the mean is off.",
            ),
            Property(
                "wrong_variances",
                "the diagonal of the covariance holds the variances, with N - 1",
                variances_alone,
                "Your mean is right, and the diagonal of your covariance is not the variance of each feature. Take the "
                "mean off, square, add up over the images, divide by N - 1.",
            ),
            Property(
                "wrong_off_the_diagonal",
                "the covariance of every pair of features, with N - 1",
                several,
                "Mean and variances are right, and the covariances of unlike features are not: multiply the distances "
                "of feature i with those of feature j, image by image, with their signs.",
            ),
            Property(
                "fewer_images_than_features", "it works with fewer images than features", fewer_images_than_features
            ),
            Property("as_many", "and with as many images as features", as_many_images_as_features),
            Property("two_images", "two images are enough", two_images),
            Property("one_feature", "a single feature gives shapes (1,) and (1, 1)", one_feature),
            Property("many_images", "it is exact for many images", many_images),
            Property("far_from_zero", "it is exact for features far from zero", far_from_zero),
            function_gradients_agree(example),
            function_works_on_any_device(example),
            keeps_random_state(arguments=example),
        ),
        misconceptions=(
            Misconception(
                "divided_by_n",
                "You divided by N. The mean was made from the same images, so they lie a little nearer to it than to "
                "the true one: N - 1 makes up for that, on average exactly.",
                with_cov("distance.T @ distance / len(features)"),
            ),
            Misconception(
                "divided_by_n_plus_one",
                "You divided by N + 1, which makes the covariance smaller still. It is N - 1.",
                with_cov("distance.T @ distance / (len(features) + 1)"),
            ),
            Misconception(
                "divided_by_the_features",
                "You divided by the number of features, D - 1. The average goes over the images, N - 1.",
                with_cov("distance.T @ distance / max(1, features.shape[1] - 1)"),
            ),
            Misconception(
                "not_divided",
                "The products are added up and not divided: with twice the images your covariance doubles.",
                with_cov("distance.T @ distance"),
            ),
            Misconception(
                "not_centred",
                "The mean is not taken off before the products are formed. Then a feature that is large and never "
                "changes seems to vary most of all.",
                with_cov("features.T @ features / (len(features) - 1)"),
            ),
            Misconception(
                "over_the_features",
                "You averaged over the features of each image. Statistics go over the images, the *first* axis, and "
                "give one number a feature.",
                over_the_features,
            ),
            Misconception(
                "images_by_images",
                "Your matrix is (N, N): distance @ distance.T compares images with images. Pairs of *features* are "
                "wanted: distance.T @ distance.",
                with_cov("distance @ distance.T / (len(features) - 1)"),
            ),
            Misconception(
                "one_mean_for_all",
                "For the covariance you took off one mean of all numbers together. Every feature has its own mean.",
                one_mean,
            ),
            Misconception(
                "correlation",
                "You divided by the standard deviations: that is the correlation, with ones on the diagonal. How far "
                "the features spread belongs to what the distance compares.",
                correlation,
            ),
            Misconception(
                "variances_only",
                "You return the variance of each feature, (D,). The covariance also says which features move together: "
                "(D, D), with the variances on its diagonal.",
                variances,
            ),
            Misconception(
                "diagonal_only",
                "Everything off the diagonal is zero in your matrix, as if no two features moved together.",
                with_cov("torch.diag(features.var(dim=0))"),
            ),
            Misconception(
                "standard_deviations",
                "You took the root of the covariance's numbers. Covariances are in squared units and can be negative.",
                with_cov("(distance.T @ distance / (len(features) - 1)).clamp(min=0).sqrt()"),
            ),
            Misconception(
                "exchanged",
                "The right two, in the wrong order: the mean comes first, then the covariance.",
                cov_first,
            ),
            Misconception(
                "median",
                "You return the median in place of the mean. The median says little about sums; the distance is "
                "defined by means.",
                median,
            ),
            Misconception(
                "digits_lost",
                "Your formula subtracts two large numbers (the mean of squares, the square of the mean) in float32. "
                "Far from zero hardly a digit of their difference survives. Take the mean off first, or use float64 "
                "from the first line on.",
                squares_in_float32,
            ),
            Misconception(
                "absolute_distances",
                "You multiply absolute distances. The sign says whether two features move together or against each "
                "other.",
                with_cov("distance.abs().T @ distance.abs() / (len(features) - 1)"),
            ),
            Misconception(
                "squeezed",
                "With a single feature your covariance loses its axes: (1, 1) is asked for. torch.cov and squeeze() "
                "both take axes of length one away.",
                lambda features: (features.double().mean(dim=0), torch.cov(features.double().T)),
            ),
        ),
        alternatives=(
            Alternative("torch_cov", by_torch),
            Alternative("einsum", by_einsum),
            Alternative("image_by_image", image_by_image),
            Alternative("from_squares_in_float64", from_squares),
            Alternative("a_list", as_a_list),
        ),
    ),
)
