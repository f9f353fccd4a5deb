"""The three figures of `evaluate`: class accuracy, Fréchet distance, diversity, all in the judge's 64 features."""

import torch
from torch import Tensor, nn


def class_accuracy(predicted: Tensor, wanted: Tensor) -> float:
    """Share of images that the judge takes for the class they were drawn as. Shapes: (N,), (N,) -> [0, 1]."""
    return (predicted == wanted).double().mean().item()


def frechet_distance(features: Tensor, real_features: Tensor) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features, computed by torchmetrics.

    |m1 - m2|^2 + trace(C1 + C2 - 2 sqrt(C1 C2)): 0 for the same distribution and more samples than anyone has. With
    few samples it is larger even for real images, so compare it with real images in the same number.

    Shapes: (N, D), (M, D) -> a number of at least 0.
    Raises: ValueError for fewer than two samples on either side.
    Source: Heusel et al. 2017, equation 6.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    for name, samples in (("features", features), ("real_features", real_features)):
        if len(samples) < 2:
            raise ValueError(f"{name} holds {len(samples)} samples; allowed: at least 2, to measure how they vary")
    pass_through = nn.Identity()
    pass_through.num_features = features.shape[1]
    metric = FrechetInceptionDistance(feature=pass_through).set_dtype(torch.float64)
    metric.update(real_features.double(), real=True)
    metric.update(features.double(), real=False)
    return metric.compute().item()


def diversity(features: Tensor, labels: Tensor) -> float:
    """Mean squared distance between two images of the same class, averaged over the classes.

    0 for one picture a class. Only its ratio to that of real images means something. A class with a single image says
    nothing and is left out.

    Shapes: (N, D), (N,) -> a number of at least 0.
    Raises: ValueError if no class has two images.
    """
    # twice the variance is the mean squared distance of two independent draws
    classes = [features[labels == label].double() for label in labels.unique()]
    spreads = [2 * images.var(dim=0).sum() for images in classes if len(images) > 1]
    if not spreads:
        raise ValueError("labels never repeat; allowed: at least two images of some class, to measure how they differ")
    return torch.stack(spreads).mean().item()
