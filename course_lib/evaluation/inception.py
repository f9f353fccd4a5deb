"""The standard FID for CIFAR-10, through torchmetrics, where the Inception network's weights are available."""

import importlib.util
import math

import torch
from torch import Tensor

from course_lib.data.image_dataset import ImageDataset
from course_lib.data.pixels import to_pixels

HOW_TO_GET_IT = "install the extra with: pip install -e '.[fid]'"


def inception_fid(images: Tensor, dataset: ImageDataset, batch_size: int = 100) -> float:
    """FID of images (N, 3, 32, 32) in [-1, 1] against all images of `dataset` (2048 Inception features).

    Comparable with published figures for N = 50,000; fewer samples give larger values.

    Raises: ValueError, with what to do, where torch-fidelity or the network's weights are missing; FloatingPointError
        for images that are not numbers.
    Source: Heusel et al. 2017.
    """
    if not images.isfinite().all():
        raise FloatingPointError("the pictures hold nan or infinite values")
    fid = needed_for_fid()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fid = fid.to(device)
    for part in to_pixels(images).split(batch_size):
        fid.update(part.to(device), real=False)
    for indices in torch.arange(len(dataset)).split(batch_size):
        fid.update(to_pixels(dataset.batch(indices)[0]).to(device), real=True)
    distance = fid.compute().item()
    if not math.isfinite(distance):
        raise FloatingPointError(f"the FID is {distance}: too few pictures, or pictures that are not numbers")
    return distance


def needed_for_fid() -> "FrechetInceptionDistance":  # noqa: F821
    """The metric with the network's weights: asked for before pictures are drawn, because it may not be there.

    Raises: ValueError, with what to do, where torch-fidelity or the weights are missing.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise ValueError(f"data is 'cifar10', whose FID needs torch-fidelity, which is missing; {HOW_TO_GET_IT}")
    from torchmetrics.image.fid import FrechetInceptionDistance

    try:
        return FrechetInceptionDistance(feature=2048)
    except (OSError, RuntimeError) as error:  # the weights are downloaded at first use
        raise ValueError(
            "data is 'cifar10', whose FID needs the Inception network's weights (91 MB), which could not be "
            f"downloaded ({error}); run again where there is a network, or put them into {torch.hub.get_dir()}"
        ) from None
