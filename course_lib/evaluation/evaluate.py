"""Judge a trained model: its samples' figures beside those of real images in the same number."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.data.fashion_mnist import load_fashion_mnist
from course_lib.evaluation.classifier import FashionClassifier, judge_images, load_judge
from course_lib.evaluation.metrics import class_accuracy, diversity, frechet_distance
from course_lib.flow_matching import FlowMatching
from course_lib.sampling import last_image
from course_lib.training.draw import BATCH_SIZE, batches_of, finished
from course_lib.training.hardware import computes_in_bf16
from course_lib.training.saved_model import TrainedModel
from course_lib.training.show_progress import somebody_watches

JUDGED_DATA = ("fashion-mnist", "fashion-mnist-full")
# of 10,000 real images two at least have to be left, see `Judge.real_scores`
MOST_JUDGED = 9_998


@dataclass(frozen=True)
class Scores:
    """What the judge says of one set of images.

    Attributes:
        accuracy: share taken for the class they were drawn as, 0 to 1.
        frechet: Fréchet distance to the real images; lower is better, real images set the floor.
        diversity: spread within a class as a share of the real images' spread; 0 for one picture a class, 1 is real.
    """

    accuracy: float
    frechet: float
    diversity: float


class Judge:
    """The classifier, and the real images' features that every set of samples is compared with.

    The real images are the 10,000 of t10k, which the classifier never saw in training.
    """

    def __init__(self, classifier: FashionClassifier | None = None) -> None:
        self.classifier = load_judge() if classifier is None else classifier
        real = load_fashion_mnist()
        images, self.real_labels = real.batch(torch.arange(len(real), device="cpu"))
        self.real_features, self.real_predicted = judge_images(self.classifier, images)
        self.real_diversity = diversity(self.real_features, self.real_labels)

    def scores(self, images: Tensor, labels: Tensor) -> Scores:
        """Scores of images (N, 3, 32, 32) in [-1, 1] drawn as classes `labels` (N,).

        Raises: FloatingPointError for images that are not numbers.
        """
        if not images.isfinite().all():
            raise FloatingPointError("images hold nan or infinite values, which cannot be judged")
        return self.scores_of(*judge_images(self.classifier, images), labels)

    def scores_of(self, features: Tensor, predicted: Tensor, labels: Tensor) -> Scores:
        """The same from features (N, D) and predicted classes (N,) that are there already."""
        return Scores(
            class_accuracy(predicted, labels),
            frechet_distance(features, self.real_features),
            diversity(features, labels) / self.real_diversity,
        )

    def real_scores(self, count: int, seed: int = 0) -> Scores:
        """The floor: scores of `count` real images, compared with all the others.

        Their classes are those of `balanced_labels`, equally many of each; the seed decides which images. Classes left
        to chance would add to the distance what no picture is to blame for, and make it about twice as large.
        Raises: ValueError unless a class has two images, and two are left to compare with.
        """
        total, classes = len(self.real_features), len(self.real_labels.unique())
        if not classes < count <= total - 2:
            raise ValueError(
                f"count is {count}; allowed: {classes + 1} to {total - 2}, to have two images of a class, and to leave "
                "real images to compare with"
            )
        order = balanced_order(self.real_labels, seed)
        held_out, rest = order[:count], order[count:]
        return Scores(
            class_accuracy(self.real_predicted[held_out], self.real_labels[held_out]),
            frechet_distance(self.real_features[held_out], self.real_features[rest]),
            diversity(self.real_features[held_out], self.real_labels[held_out]) / self.real_diversity,
        )


def balanced_order(labels: Tensor, seed: int) -> Tensor:
    """All indices of `labels` (N,) in an order in which the classes go round as in `balanced_labels`. (N,).

    The order within a class is random. Once a class is used up, the others go on without it.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(int(seed)), device="cpu")
    classes = torch.nn.functional.one_hot(labels[order])
    # in which round each image's turn comes: the place it has in its class
    rounds = (classes.cumsum(0) * classes).sum(1)
    return order[(rounds * classes.shape[1] + labels[order]).argsort()]


def balanced_labels(count: int, num_classes: int) -> Tensor:
    """`count` labels that go round the classes: 0, 1, 2, ... (count,)."""
    return torch.arange(count, device="cpu") % num_classes


def draw_many(trained: TrainedModel, labels: Tensor, **options: object) -> Tensor:
    """Images (N, 3, 32, 32) in [-1, 1] for `labels` (N,), in batches with a progress bar, on the CPU.

    The images are those of `draw_images`, which see for the options: how many are drawn with them makes no difference.
    """
    with fast_drawing(trained):
        batches, shown = batches_of(trained, labels, **options), somebody_watches()
        total = -(-len(labels) // BATCH_SIZE)
        bar = tqdm(batches, total=total, unit="batch", leave=False, desc="drawing", disable=not shown)
        return torch.cat([finished(last_image(states)).cpu() for states in bar]).float()


@contextlib.contextmanager
def fast_drawing(trained: TrainedModel) -> Iterator[None]:
    """While this lasts, convolutions of flow matching compute in bf16 where the processor can: 1.6 times as fast.

    The judge's features move by 0.4 % of their size, where two images lie 75 % apart (100 images). A DDPM stays in
    float32: near t = T it divides a difference of two nearly equal numbers by 0.006, and bf16 has three digits.
    """
    bf16 = computes_in_bf16(cpu=True) and isinstance(trained.process, FlowMatching)
    if bf16:
        trained.model.to(memory_format=torch.contiguous_format)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        yield
