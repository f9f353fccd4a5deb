"""What lesson 02 states, proven: labels, vectors, sums."""

from unittest import mock

import torch
import torch.nn.functional as F

from course_lib import ClassEmbedding, UNet, drop_labels
from course_lib.lessons.lesson02 import figures
from course_lib.lessons.shared.claims import claim


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


def trained_rows(weight_decay: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The ten rows of the table of section 2.8, before training and after it."""
    pictures, labels = figures.real_pictures()
    torch.manual_seed(0)
    table, to_picture = ClassEmbedding(10, 16), torch.nn.Linear(16, 1024)
    optimizer = torch.optim.AdamW([*table.parameters(), *to_picture.parameters()], lr=0.03, weight_decay=weight_decay)
    before = table(torch.arange(10)).detach().clone()
    for _ in range(400):
        batch = torch.randint(len(labels), (64,))
        loss = F.mse_loss(to_picture(table(drop_labels(labels[batch], 0.2))), pictures[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return before, table(torch.arange(10)).detach()


def agreement(one: torch.Tensor, other: torch.Tensor) -> float:
    """Correlation of the cosines between the rows of two tables, the mean of all rows taken off."""
    own = [F.normalize(rows - rows.mean(0), dim=1) for rows in (one, other)]
    return float(torch.corrcoef(torch.stack([(rows @ rows.T)[~torch.eye(10, dtype=torch.bool)] for rows in own]))[0, 1])


@claim(
    "Rows that should lead to similar pictures are pushed to similar places by the gradients.",
    "thirty times AdamW's default, wears off what no gradient asks for, so that little of the random start is left",
)
def weight_decay_leaves_what_the_pictures_ask_for() -> bool:
    means = figures.mean_pictures()
    before, after = trained_rows(weight_decay=0.3)
    _, by_default = trained_rows(weight_decay=0.01)
    kept = agreement(by_default, before) - agreement(before, means), agreement(after, before) - agreement(before, means)
    return agreement(after, means) > 0.9 > agreement(by_default, means) and abs(kept[1]) < 0.15 < kept[0]


@claim("The table has 1,000 rows:", "256,000 numbers at width 256.")
def a_thousand_classes_are_256000_numbers() -> bool:
    return sum(weights.numel() for weights in ClassEmbedding(1000, 256).parameters()) == 256_000
