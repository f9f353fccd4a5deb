"""What lesson 02 states, proven: labels, vectors, sums."""

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import ClassEmbedding
from course_lib.guidance import drop_labels
from course_lib.lessons.lesson02 import figures
from course_lib.lessons.lesson02.figures import real_pictures
from course_lib.lessons.shared.claims import claim

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def nearest_after_training(weight_decay: float, seed: int) -> dict[str, str]:
    """Each class's nearest in the table that section 2.8 trains."""
    pictures, labels = real_pictures()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        table, to_picture = ClassEmbedding(10, 16), nn.Linear(16, 1024)
        parameters = [*table.parameters(), *to_picture.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=0.03, weight_decay=weight_decay)
        for _ in range(400):
            batch = torch.randint(len(labels), (64,))
            loss = F.mse_loss(to_picture(table(drop_labels(labels[batch], 0.2))), pictures[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            vectors = table(torch.arange(10))
    vectors = F.normalize(vectors - vectors.mean(0), dim=1)
    nearest = (vectors @ vectors.T - 2 * torch.eye(10)).argmax(1).tolist()
    return {name: CLASSES[place] for name, place in zip(CLASSES, nearest, strict=True)}


@claim(
    "Try the default, 0.01: with this seed Trouser's nearest is then T-shirt and Sneaker's is Trouser, while seeds 1 to 3 "
    "give Dress and Sandal all the same."
)
def the_neighbours_hang_on_the_weight_decay() -> bool:
    first, others = nearest_after_training(0.01, 0), [nearest_after_training(0.01, seed) for seed in (1, 2, 3)]
    odd = (first["Trouser"], first["Sneaker"]) == ("T-shirt/top", "Trouser")
    return odd and all((one["Trouser"], one["Sneaker"]) == ("Dress", "Sandal") for one in others)


@claim("The typical size shrinks like $1/\\sqrt{\\mathrm{dim}}$.")
def cosines_shrink_like_the_root_of_the_width() -> bool:
    generator = torch.Generator().manual_seed(0)
    sizes = [
        float(F.cosine_similarity(*torch.randn(2, 20_000, dim, generator=generator)).abs().mean()) for dim in (16, 256)
    ]
    return abs(sizes[0] / sizes[1] - 4) < 0.15


@claim("And -1 borrowed row 0 for a moment, but sends nothing back to it")
def no_class_teaches_no_row() -> bool:
    table = ClassEmbedding(10, 8)
    table(torch.tensor([-1, 3])).sum().backward()
    gradient = next(table.parameters()).grad
    return [bool(row.any()) for row in gradient[:4]] == [False, False, False, True]


@claim("one-hot would multiply 100,000 times for each number that is copied")
def one_hot_multiplies_once_a_row() -> bool:
    rows, dim = 100_000, 4
    return rows * dim // dim == 100_000  # (1, rows) times (rows, dim): rows products for each of dim numbers


@claim("At width 256 the sum loses nothing that the layer needs.", "It is taught at even times and asked at odd ones.")
def a_wide_sum_can_be_read_back() -> bool:
    kept, figures.show = figures.show, lambda *_: None
    try:
        read = figures.plot_read_back()
    finally:
        figures.show = kept
    return read["added"] > 0.999 and read["narrowest"] < 0.6
