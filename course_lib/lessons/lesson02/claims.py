"""What lesson 02 states, proven: labels, vectors, sums."""

from functools import cache
from unittest import mock

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import ClassEmbedding, UNet, drop_labels
from course_lib.lessons.lesson02 import figures
from course_lib.lessons.shared.claims import claim
from course_lib.lessons.shared.shipped import shipped_model


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
    with mock.patch.object(figures, "show"):
        read = figures.plot_read_back()
    return read["added"] > 0.999 and read["narrowest"] < 0.6


@claim("Both can say the same: the time embedding ends in a Linear, and its bias can hold what their row holds")
def a_bias_can_hold_the_row_of_no_class() -> bool:
    torch.manual_seed(0)
    net = UNet(base_channels=8, channel_mults=(1,), num_res_blocks=1, image_size=8, num_heads=2).double().eval()
    x, t, labels = (
        torch.randn(4, 3, 8, 8, dtype=torch.float64),
        torch.tensor([3, 80, 500, 999]),
        torch.tensor([0, -1, 3, -1]),
    )
    row = torch.randn(net.time_embed.linear2.bias.shape, dtype=torch.float64)
    theirs = net.class_embed.register_forward_hook(
        lambda layer, args, found: torch.where(args[0][:, None] < 0, row, found)
    )
    with torch.no_grad():
        wanted = net(x, t, labels)
        theirs.remove()
        net.time_embed.linear2.bias += row
        net.class_embed.embedding.weight -= row
        return torch.allclose(net(x, t, labels), wanted, atol=1e-12)


def trained_rows(weight_decay: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """The ten rows of the table of section 2.8, before training and after it."""
    before, table, _ = trained(weight_decay, seed)
    return before, table(torch.arange(10)).detach()


@cache
def trained(weight_decay: float, seed: int) -> tuple[torch.Tensor, ClassEmbedding, nn.Linear]:
    """The rows that section 2.8's table starts with, the table after training, and the layer behind it."""
    pictures, labels = figures.real_pictures()
    torch.manual_seed(seed)
    table, to_picture = ClassEmbedding(10, 16), nn.Linear(16, 1024)
    optimizer = torch.optim.AdamW([*table.parameters(), *to_picture.parameters()], lr=0.03, weight_decay=weight_decay)
    before = table(torch.arange(10)).detach().clone()
    for _ in range(400):
        batch = torch.randint(len(labels), (64,))
        loss = F.mse_loss(to_picture(table(drop_labels(labels[batch], 0.2))), pictures[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return before, table, to_picture


def agreement(one: torch.Tensor, other: torch.Tensor) -> float:
    """Correlation of the cosines between the rows of two tables, the mean of all rows taken off."""
    own = [F.normalize(rows - rows.mean(0), dim=1) for rows in (one, other)]
    return float(torch.corrcoef(torch.stack([(rows @ rows.T)[~torch.eye(10, dtype=torch.bool)] for rows in own]))[0, 1])


@claim(
    "Rows that should lead to similar pictures are pushed to similar places by the gradients.",
    "thirty times AdamW's default, wears off what no gradient asks for, so that the random start has little say in the "
    "angles *between* rows.",
    "(By themselves most rows still point about where they began.)",
)
def weight_decay_leaves_what_the_pictures_ask_for() -> bool:
    means = figures.mean_pictures()
    before, after = trained_rows(weight_decay=0.3)
    _, by_default = trained_rows(weight_decay=0.01)
    kept = agreement(by_default, before) - agreement(before, means), agreement(after, before) - agreement(before, means)
    where_it_began = F.cosine_similarity(after, before, dim=1).sort().values[3]
    between = agreement(after, means) > 0.9 > agreement(by_default, means) and abs(kept[1]) < 0.15 < kept[0]
    return between and bool(where_it_began > 0.6)


@claim("The table has 1,000 rows:", "256,000 numbers at width 256.")
def a_thousand_classes_are_256000_numbers() -> bool:
    return sum(weights.numel() for weights in ClassEmbedding(1000, 256).parameters()) == 256_000


@claim(
    "all are mixes of the same two pictures",
    "A sandal (5) has to lie between a coat (4) and a shirt (6), because 5 lies between 4 and 6.",
)
def from_one_number_the_pictures_lie_on_a_line() -> bool:
    inputs = torch.stack([torch.ones(10), torch.arange(10) / 9], dim=1).double()
    drawn = inputs @ torch.linalg.lstsq(inputs, figures.mean_pictures().double()).solution
    return int(torch.linalg.matrix_rank(drawn)) == 2 and torch.allclose(drawn[5], (drawn[4] + drawn[6]) / 2)


@claim("A deeper network could undo that.")
def a_deeper_network_bends_the_line() -> bool:
    wanted = figures.mean_pictures()
    # along the axes in which the ten pictures differ: the same distances with nine numbers in place of 1,024
    spread = wanted - wanted.mean(0)
    wanted = spread @ torch.linalg.svd(spread, full_matrices=False).Vh[:9].T
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Linear(1, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 9)
        )
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(1500):
        loss = (network(torch.arange(10)[:, None] / 9) - wanted).square().sum() / wanted.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item() < 0.05


@claim(
    "You can't look up -1, and you may not leave an image out.",
    "`nn.Embedding` refuses. Plain indexing counts from the end, as Python does:",
)
def an_embedding_refuses_minus_one_and_indexing_does_not() -> bool:
    table = nn.Embedding(10, 4)
    try:
        table(torch.tensor([-1]))
    except IndexError:
        return torch.equal(table.weight[torch.tensor([-1])], table.weight[9:])
    return False


@claim(
    "Ten random rows do not cancel: what is left is about $1/\\sqrt{10}$ of one row.",
    "Trained ones have no reason to cancel.",
)
def neither_random_rows_nor_trained_ones_cancel() -> bool:
    random = torch.randn(200, 10, 256, generator=torch.Generator().manual_seed(0))
    shipped = shipped_model().model.class_embed.embedding.weight.detach()[None]
    left = [float((rows.mean(1).norm(dim=1) / rows.norm(dim=2).mean(1)).mean()) for rows in (random, shipped)]
    return abs(left[0] - 10**-0.5) < 0.01 and left[1] > 0.2


@claim("A class with few pictures is looked up rarely, and its row learns slowly, however long the others train.")
def a_rare_class_learns_slowly() -> bool:
    """Trousers at a fiftieth of their share: the others are done, and its picture is still far off."""
    pictures, labels = figures.real_pictures()
    means, share, off = figures.mean_pictures(), torch.where(labels == 1, 0.02, 1.0), []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        table, to_picture = ClassEmbedding(10, 16), nn.Linear(16, 1024)
        optimizer = torch.optim.AdamW([*table.parameters(), *to_picture.parameters()], lr=0.03)
        for number in range(1, 201):
            batch = torch.multinomial(share, 64, replacement=True)
            loss = F.mse_loss(to_picture(table(labels[batch])), pictures[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if number in (100, 200):
                with torch.no_grad():
                    off.append((to_picture(table(torch.arange(10))) - means).square().mean(1).sqrt())
    others = torch.arange(10) != 1
    return bool(off[0][others].mean() < 1.3 * off[1][others].mean() and off[1][1] > 2 * off[1][others].max())


@claim(
    "The random numbers it started with.",
    "With weight decay, which shrinks every weight a little at each step, the row goes towards zero",
)
def a_row_that_is_never_looked_up_keeps_its_numbers_or_fades() -> bool:
    kept = []
    for weight_decay in (0.0, 0.3):
        table = ClassEmbedding(3, 8)
        start = table.embedding.weight.detach().clone()
        optimizer = torch.optim.AdamW(table.parameters(), lr=0.03, weight_decay=weight_decay)
        for _ in range(100):
            optimizer.zero_grad()
            table(torch.tensor([0, 1])).square().sum().backward()
            optimizer.step()
        kept.append(float(table.embedding.weight[2].detach().norm() / start[2].norm()))
    return kept[0] == 1 and abs(kept[1] - (1 - 0.03 * 0.3) ** 100) < 1e-4


@claim("Only the rows whose class was asked for. Class 3 stands in the batch twice, and its two gradients add up.")
def gradients_of_a_class_add_up() -> bool:
    table, sent = ClassEmbedding(10, 8), torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    (table(torch.tensor([1, 5, 3, 3, -1])) * sent).sum().backward()
    gradient = table.embedding.weight.grad
    asked = (gradient != 0).any(dim=1).nonzero().flatten().tolist()
    return asked == [1, 3, 5] and torch.allclose(gradient[3], sent[2] + sent[3])


def nearest_classes(weight_decay: float, seed: int) -> dict[str, str]:
    """For each class the one whose row lies nearest by its angle, the mean of all rows taken off."""
    _, rows = trained_rows(weight_decay, seed)
    rows = F.normalize(rows - rows.mean(0), dim=1)
    nearest = (rows @ rows.T).fill_diagonal_(-2).argmax(1).tolist()
    return dict(zip(figures.CLASS_NAMES, (figures.CLASS_NAMES[one] for one in nearest), strict=True))


@claim("Most tops lie near tops, and sandals near sneakers.")
def tops_lie_near_tops_and_sandals_near_sneakers() -> bool:
    tops = {"T-shirt/top", "Pullover", "Coat", "Shirt"}
    for seed in (0, 1):
        nearest = nearest_classes(0.3, seed)
        if sum(nearest[top] in tops for top in tops) < 3 or nearest["Sandal"] != "Sneaker":
            return False
    return True


@claim(
    "with seed 0 we got T-shirt for Trouser and Trouser for Sneaker, with seeds 1 to 3 Dress and Sandal all the same."
)
def with_little_decay_one_seed_in_four_keeps_its_random_start() -> bool:
    found = [nearest_classes(0.01, seed) for seed in range(4)]
    pairs = [(nearest["Trouser"], nearest["Sneaker"]) for nearest in found]
    return pairs == [("T-shirt/top", "Trouser")] + 3 * [("Dress", "Sandal")]


@claim(
    '"no class" draws the average of everything:',
    "Zeros went in, so this picture is the bias of the linear layer.",
)
def no_class_draws_the_average_by_the_bias_alone() -> bool:
    _, table, to_picture = trained(0.3, 0)
    pictures, _ = figures.real_pictures()
    drawn = to_picture(table(torch.tensor([-1])))[0].detach()
    likest = torch.cat([figures.mean_pictures(), pictures.mean(0)[None]]).sub(drawn).norm(dim=1).argmin()
    return torch.equal(drawn, to_picture.bias.detach()) and int(likest) == 10


@claim(
    "On a line a class has at most two neighbours, and the numbering decides which.",
    "In 16 dimensions each class can be near to several others at once, and training decides which.",
)
def in_16_dimensions_ten_classes_can_all_be_neighbours() -> bool:
    apart = torch.pdist(torch.eye(10, 16))
    return torch.allclose(apart, apart[:1]) and nearest_classes(0.01, 0) != nearest_classes(0.01, 1)
