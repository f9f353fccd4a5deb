"""Exercise TimeEmbedding (lesson 01)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import gradients_agree, keeps_random_state, works_on_any_device
from course_lib.checks.scene import Built, Scene
from course_lib.time_embedding import SinusoidalPositionEmbedding, TimeEmbedding

# float32 is good to 999 * 2^-24 in the angle at t = 999
LATE = 30


def example(scene: Scene) -> tuple[Built, tuple[Tensor]]:
    embed = scene.build(scene.pick(6, 10))
    times = scene.random.sample(range(1, 25), scene.pick(3, 4))
    return embed, (torch.tensor(times),)


def two_linear_layers(scene: Scene) -> None:
    dim = scene.pick(6, 10)
    if not isinstance(scene.handle.construct((dim,), {}, 0), Failure):
        scene.build(dim)


def width_is_dim(scene: Scene) -> None:
    embed, (times,) = example(scene)
    value = embed(times, observed=False)
    shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    given = embed.text("", (times,), {}, False)
    scene.see("its shape", shape, given)
    if shape != (len(times), embed.args[0]):  # so that different results of one shape are told apart
        scene.see("the output", value, given)


def hears_the_time(scene: Scene) -> None:
    embed, _ = example(scene)
    value = embed(torch.tensor([2, 3, 17]), observed=False)
    rows = value.flatten(1) if isinstance(value, Tensor) and value.ndim > 1 else torch.zeros(3, 1)
    differ = bool(len(rows) == 3 and min(float((rows[i] - rows[j]).abs().max()) for i, j in ((0, 1), (0, 2))) > 1e-6)
    scene.see("whether t = 2, 3 and 17 give different rows", differ, embed.text("", (torch.tensor([2, 3, 17]),), {}, 0))
    if not differ:  # so that one mistake is told from another
        scene.see("the output", value)


def values(scene: Scene) -> None:
    embed, args = example(scene)
    embed(*args)


def fractions(scene: Scene) -> None:
    embed, _ = example(scene)
    embed(20 * scene.uniform(3))


def floats(scene: Scene) -> None:
    embed, (times,) = example(scene)
    embed(times.float())


def one_time(scene: Scene) -> None:
    embed, (times,) = example(scene)
    embed(times)
    embed(times[:1])


def as_many_times_as_columns(scene: Scene) -> None:
    for batch in (4, 8):
        scene.build(8)(torch.tensor(scene.random.sample(range(1, 25), batch)))


def together(scene: Scene) -> None:
    embed, _ = example(scene)
    embed(torch.tensor([9, 4, 9, 1, 0]))


def other_widths(scene: Scene) -> None:
    for dim in (2, 4, 30):
        scene.build(dim)(torch.tensor([7, 2, 11]))


def training_mode(scene: Scene) -> None:
    embed = scene.build(16)
    embed(torch.tensor([3, 8, 11, 20]), training=True)


def late_times(scene: Scene) -> None:
    embed, _ = example(scene)
    embed(torch.tensor([0, 1, 500, 998, 999]), tolerance=LATE)


class AsSequential(nn.Module):
    """All four steps in one Sequential."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(SinusoidalPositionEmbedding(dim), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.net(timesteps)


class ByHand(nn.Module):
    """Weights and biases as bare parameters, the sinusoids and SiLU written out."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.half = dim // 2
        self.weight1, self.bias1 = nn.Parameter(torch.randn(dim, dim) / dim), nn.Parameter(torch.zeros(dim))
        self.weight2, self.bias2 = nn.Parameter(torch.randn(dim, dim) / dim), nn.Parameter(torch.zeros(dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        index = torch.arange(self.half, device=timesteps.device)
        args = timesteps.float().unsqueeze(1) * 10000.0 ** (-index / self.half)
        h = torch.cat((args.sin(), args.cos()), dim=1) @ self.weight1.T + self.bias1
        return h * torch.sigmoid(h) @ self.weight2.T + self.bias2


class OneAfterTheOther(nn.Module):
    """Each time by itself, modules in a list, other names."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.waves = SinusoidalPositionEmbedding(dim)
        self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(2)])
        self.activation = nn.SiLU()

    def forward(self, timesteps: Tensor) -> Tensor:
        rows = []
        for one in timesteps:
            hidden = self.activation(self.layers[0](self.waves(one.reshape(1))[0]))
            rows.append(self.layers[1](hidden))
        return torch.stack(rows)


class AsConvolutions(nn.Module):
    """A 1x1 convolution over a picture of one pixel is a Linear."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.waves = SinusoidalPositionEmbedding(dim)
        self.mlp = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.SiLU(), nn.Conv2d(dim, dim, 1))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.mlp(self.waves(timesteps)[:, :, None, None])[:, :, 0, 0]


class Functional(TimeEmbedding):
    def forward(self, timesteps: Tensor) -> Tensor:
        h = F.linear(self.sinusoidal(timesteps), self.linear1.weight, self.linear1.bias)
        return torch.einsum("bi,oi->bo", F.silu(h), self.linear2.weight) + self.linear2.bias


# ---- wrong answers that an edit of one line does not make


class RawTime(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(1, dim), nn.Linear(dim, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.linear2(F.silu(self.linear1(timesteps.float()[:, None])))


class HiddenInAList(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.sinusoidal = SinusoidalPositionEmbedding(dim)
        self.layers = [nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim)]

    def forward(self, timesteps: Tensor) -> Tensor:
        h = self.sinusoidal(timesteps)
        for layer in self.layers:
            h = layer(h)
        return h


class LearnedTable(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(1000, dim)
        self.linear1, self.linear2 = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.linear2(F.silu(self.linear1(self.table(timesteps.long()))))


FORWARD = "return self.linear2(F.silu(self.linear1(h)))"
WAVES = "self.sinusoidal(timesteps)"
LINEAR1 = "self.linear1 = nn.Linear(dim, dim)"
LINEAR2 = "self.linear2 = nn.Linear(dim, dim)"


def wrong(*changes: tuple[str, str]) -> Any:
    return edited(TimeEmbedding, *changes)


def returns(expression: str) -> Any:
    return wrong((FORWARD, f"return {expression}"))


def activation(expression: str) -> Any:
    """Another activation than SiLU in the same place."""
    return returns(f"self.linear2({expression})")


def embedding(expression: str) -> Any:
    """Something else than the sinusoidal embedding of the times goes into the layers."""
    return wrong((WAVES, expression))


EXERCISES = (
    Exercise(
        name="TimeEmbedding",
        reference=TimeEmbedding,
        lesson="01",
        where='the document, section 1, "Shape Flow": Sinusoidal, then MLP: Linear, SiLU, Linear',
        properties=(
            Property(
                "wrong_layers",
                "there are two linear layers, each dim -> dim with a bias, and no other parameters",
                two_linear_layers,
                "Your parameters are not those of two layers nn.Linear(dim, dim), each with its bias. Compare the "
                "shapes below with (dim, dim) and (dim,), two of each.",
            ),
            Property(
                "wrong_shape",
                "times of shape (B,) give (B, dim)",
                width_is_dim,
                "Your output does not have the shape (B, dim). The sinusoidal embedding makes it a matrix, and both "
                "layers leave that shape alone.",
            ),
            Property(
                "deaf_to_time",
                "different times give different outputs",
                hears_the_time,
                "Your output is the same for different times. Whatever follows then cannot know how noisy its input "
                "is.",
            ),
            Property(
                "not_linear_silu_linear",
                "the output is Linear(SiLU(Linear(sinusoidal(t))))",
                values,
                "You have the right two layers, and what happens to the numbers on their way is not the document's. "
                "Follow it step by step: the sinusoidal embedding of t itself, linear1, one SiLU, linear2, and nothing "
                "else before, between or after.",
            ),
            Property(
                "refuses_floats",
                "times of a floating-point type give what whole numbers give",
                floats,
                "Your embedding is right for integer times and not for the same times as floats, which flow matching "
                "uses.",
            ),
            Property(
                "fractions_lost",
                "times between the steps work too",
                fractions,
                "Your output is right for whole times and wrong between them: t is rounded, or used as an index.",
            ),
            Property(
                "fails_for_one_time",
                "a batch of one gives one row, (1, dim)",
                one_time,
                "Your code is right for several times and wrong for a single one: does a squeeze() take the batch "
                "axis away, or is something computed over the batch?",
            ),
            Property(
                "confuses_batch_and_columns",
                "times run down the rows, also when there are as many as columns",
                as_many_times_as_columns,
                "With as many times as columns your axes get mixed up. Times run down the rows, (B, dim).",
            ),
            Property(
                "times_are_not_treated_alone",
                "each row depends on its own time only",
                together,
                "A time's row depends on which others are in the batch, or on their order.",
            ),
            Property(
                "fails_for_other_widths",
                "any even width works, from 2 up",
                other_widths,
                "Your code is right for some widths only. Is a number written out where dim should be?",
            ),
            Property(
                "random_while_training",
                "training mode changes nothing: nothing is random here",
                training_mode,
                "In evaluation all is well, and while training your output changes. There is no dropout and no noise "
                "in the time embedding.",
            ),
            Property(
                "wrong_for_late_times",
                "the output is right up to t = 999",
                late_times,
                "Your output is right for early times and wrong for late ones: does something clip, wrap or scale t, "
                "or compute in half precision?",
            ),
            gradients_agree(example),
            works_on_any_device(example),
            keeps_random_state(example),
        ),
        misconceptions=(
            Misconception(
                "no_activation",
                "There is no SiLU between your two Linear layers. Two Linear layers back to back are worth one: "
                "everything the second could do, the first could have done.",
                returns("self.linear2(self.linear1(h))"),
            ),
            Misconception(
                "activation_at_the_end",
                "Your SiLU comes after both layers. Between them it bends; the document's order is Linear, SiLU, "
                "Linear.",
                returns("F.silu(self.linear2(self.linear1(h)))"),
            ),
            Misconception(
                "activation_first",
                "Your SiLU comes before the first layer, and squeezes the sines and cosines themselves. The order is "
                "Linear, SiLU, Linear.",
                returns("self.linear2(self.linear1(F.silu(h)))"),
            ),
            Misconception(
                "activation_after_each_layer",
                "You apply SiLU after the second Linear as well. The last step is a plain Linear; the blocks apply "
                "their own SiLU to what they get.",
                returns("F.silu(self.linear2(F.silu(self.linear1(h))))"),
            ),
            Misconception(
                "activation_before_each_layer",
                "You apply SiLU before the first Linear as well. The sines and cosines go in as they are.",
                returns("self.linear2(F.silu(self.linear1(F.silu(h))))"),
            ),
            Misconception(
                "activation_twice",
                "You apply SiLU twice in a row between the layers; once is the document's way.",
                activation("F.silu(F.silu(self.linear1(h)))"),
            ),
            Misconception(
                "relu",
                "You used ReLU. The document's activation is SiLU, x * sigmoid(x): smooth, and a little below zero "
                "for negative x.",
                activation("F.relu(self.linear1(h))"),
            ),
            Misconception(
                "gelu",
                "You used GELU, SiLU's near relative. They differ by up to 0.2, enough to spoil trained weights.",
                activation("F.gelu(self.linear1(h))"),
            ),
            Misconception(
                "gelu_by_tanh",
                "You used GELU in its approximation by tanh. The document's activation is SiLU.",
                activation('F.gelu(self.linear1(h), approximate="tanh")'),
            ),
            Misconception(
                "tanh",
                "You used tanh, which flattens out on both sides. SiLU grows with x, like ReLU.",
                activation("torch.tanh(self.linear1(h))"),
            ),
            Misconception(
                "sigmoid_only",
                "You used the sigmoid alone. SiLU is x *times* sigmoid(x).",
                activation("torch.sigmoid(self.linear1(h))"),
            ),
            Misconception(
                "leaky_relu",
                "You used LeakyReLU, which has a corner at 0. The document asks for the smooth SiLU.",
                activation("F.leaky_relu(self.linear1(h))"),
            ),
            Misconception(
                "elu",
                "You used ELU; its negative side is an exponential. SiLU's is x * sigmoid(x).",
                activation("F.elu(self.linear1(h))"),
            ),
            Misconception(
                "softplus",
                "You used softplus, whose *derivative* is the sigmoid. SiLU is the sigmoid times x.",
                activation("F.softplus(self.linear1(h))"),
            ),
            Misconception(
                "mish",
                "You used Mish, which looks like SiLU and is x * tanh(softplus(x)).",
                activation("F.mish(self.linear1(h))"),
            ),
            Misconception(
                "second_layer_missing",
                "You stop after the SiLU: the second Linear is made and never used.",
                returns("F.silu(self.linear1(h))"),
            ),
            Misconception(
                "only_the_first_layer",
                "You return the first Linear's output. SiLU and the second Linear are still to come.",
                returns("self.linear1(h)"),
            ),
            Misconception(
                "first_layer_missing",
                "The first Linear is never used: your SiLU works on the sines and cosines directly.",
                returns("self.linear2(F.silu(h))"),
            ),
            Misconception(
                "layers_not_used",
                "You return the sinusoidal embedding itself; the two layers are never called.",
                returns("h"),
            ),
            Misconception(
                "first_layer_twice",
                "You use the first Linear twice, and the second never. Each layer has weights of its own.",
                returns("self.linear1(F.silu(self.linear1(h)))"),
            ),
            Misconception(
                "second_layer_twice",
                "You use the second Linear twice, and the first never.",
                returns("self.linear2(F.silu(self.linear2(h)))"),
            ),
            Misconception(
                "layers_swapped",
                "You apply linear2 first and linear1 after it. A network trained this way would work, but trained "
                "weights could not be loaded: their linear1 comes first.",
                returns("self.linear1(F.silu(self.linear2(h)))"),
            ),
            Misconception(
                "input_added",
                "You add the sinusoidal embedding to the result, as in a residual block. Here the two layers' output "
                "stands alone.",
                returns("h + self.linear2(F.silu(self.linear1(h)))"),
            ),
            Misconception(
                "added_inside",
                "You add the sinusoidal embedding before the second layer. What goes into it is the SiLU alone.",
                returns("self.linear2(h + F.silu(self.linear1(h)))"),
            ),
            Misconception(
                "hidden_value_added",
                "You add the first layer's output to the result. There is no shortcut in the time embedding.",
                returns("self.linear2(F.silu(self.linear1(h))) + self.linear1(h)"),
            ),
            Misconception(
                "averaged",
                "You scale the result (by 1/2, say). The second Linear's output goes out unchanged.",
                returns("0.5 * self.linear2(F.silu(self.linear1(h)))"),
            ),
            Misconception(
                "hidden_width_four_times",
                "Your hidden layer is 4 * dim wide, as in a Transformer and in some diffusion codes. In the document "
                "it stays (B, dim) throughout.",
                wrong(
                    (LINEAR1, "self.linear1 = nn.Linear(dim, 4 * dim)"),
                    (LINEAR2, "self.linear2 = nn.Linear(4 * dim, dim)"),
                ),
            ),
            Misconception(
                "output_four_times_as_wide",
                "Your layers widen the embedding to 4 * dim. Some codes start from a narrow embedding and do so; here "
                "dim is already the full width.",
                wrong(
                    (LINEAR1, "self.linear1 = nn.Linear(dim, 4 * dim)"),
                    (LINEAR2, "self.linear2 = nn.Linear(4 * dim, 4 * dim)"),
                ),
            ),
            Misconception(
                "hidden_width_twice",
                "Your hidden layer is 2 * dim wide; the document's is dim.",
                wrong(
                    (LINEAR1, "self.linear1 = nn.Linear(dim, 2 * dim)"),
                    (LINEAR2, "self.linear2 = nn.Linear(2 * dim, dim)"),
                ),
            ),
            Misconception(
                "hidden_width_half",
                "Your hidden layer is dim/2 wide, a bottleneck. The document keeps dim.",
                wrong(
                    (LINEAR1, "self.linear1 = nn.Linear(dim, dim // 2)"),
                    (LINEAR2, "self.linear2 = nn.Linear(dim // 2, dim)"),
                ),
            ),
            Misconception(
                "embedding_of_half_the_width",
                "Your sinusoidal embedding is dim/2 wide and the first Linear widens it. Here both are dim wide.",
                wrong(
                    ("SinusoidalPositionEmbedding(dim)", "SinusoidalPositionEmbedding(dim // 2)"),
                    (LINEAR1, "self.linear1 = nn.Linear(dim // 2, dim)"),
                ),
            ),
            Misconception(
                "no_biases",
                "Your layers have no bias (bias=False). The document's nn.Linear has its default, a bias.",
                wrong(("nn.Linear(dim, dim)", "nn.Linear(dim, dim, bias=False)")),
            ),
            Misconception(
                "one_layer",
                "You made a single Linear. The document's MLP is Linear, SiLU, Linear.",
                wrong((LINEAR2, "pass"), (FORWARD, "return self.linear1(h)")),
            ),
            Misconception(
                "shared_layer",
                "Your two layers are one and the same object, so they share their weights. Make nn.Linear twice.",
                wrong((LINEAR2, "self.linear2 = self.linear1")),
            ),
            Misconception(
                "three_layers",
                "You have three Linear layers; the document has two.",
                wrong(
                    (LINEAR2, LINEAR2 + "\n        self.linear3 = nn.Linear(dim, dim)"),
                    (FORWARD, "return self.linear3(F.silu(self.linear2(F.silu(self.linear1(h)))))"),
                ),
            ),
            Misconception(
                "layer_norm_added",
                "You added a LayerNorm. The document's time embedding has none: sines and cosines are of one size "
                "already.",
                wrong(
                    (LINEAR2, LINEAR2 + "\n        self.norm = nn.LayerNorm(dim)"),
                    (FORWARD, "return self.norm(self.linear2(F.silu(self.linear1(h))))"),
                ),
            ),
            Misconception(
                "raw_time",
                "You feed t itself into the first layer, Linear(1, dim), without the sinusoidal embedding. One number "
                "between 0 and 999 is a poor description: steps 3 and 4 look nearly alike.",
                RawTime,
            ),
            Misconception(
                "learned_table",
                "You look t up in nn.Embedding(1000, dim). A table has no rows between the steps, and must learn each "
                "row by itself; the sinusoidal embedding knows all times from the start.",
                LearnedTable,
            ),
            Misconception(
                "layers_in_a_list",
                "Your layers stand in a plain Python list. Torch does not search lists, so an optimizer would never "
                "train them: use nn.Sequential or nn.ModuleList, or an attribute for each.",
                HiddenInAList,
            ),
            Misconception(
                "time_repeated",
                "You repeat t in every column in place of its sinusoidal embedding. All columns then say the same "
                "thing.",
                embedding("timesteps[:, None].expand(-1, self.linear1.in_features)"),
            ),
            Misconception(
                "time_scaled_to_one",
                "You divide t by 1000 before you embed it. The embedding wants steps, 0 to 999: at that scale only "
                "the fastest columns move.",
                embedding("self.sinusoidal(timesteps / 1000)"),
            ),
            Misconception(
                "time_scaled_up",
                "You multiply t by 1000 before you embed it. Flow matching does that for its own times between 0 and "
                "1; here t comes in steps already.",
                embedding("self.sinusoidal(timesteps * 1000)"),
            ),
            Misconception(
                "one_step_late",
                "You embed t + 1 where the document has t.",
                embedding("self.sinusoidal(timesteps + 1)"),
            ),
            Misconception(
                "time_cut_to_whole_numbers",
                "You turn t into whole numbers (.long()), and lose flow matching's fractions.",
                embedding("self.sinusoidal(timesteps.long())"),
            ),
            Misconception(
                "formulas_order",
                "Sines and cosines alternate in what you feed to the layers. The document's code has all sines first; "
                "trained weights expect that order.",
                wrong((WAVES, "torch.stack(self.sinusoidal(timesteps).chunk(2, dim=1), dim=-1).flatten(1)")),
            ),
            Misconception(
                "cosines_first",
                "You feed the cosines in front of the sines; the first half of the columns are the sines.",
                wrong((WAVES, "self.sinusoidal(timesteps).roll(self.linear1.in_features // 2, dims=1)")),
            ),
            Misconception(
                "embedding_normalised",
                "You normalise the embedding before the layers (to length 1, say). It goes in as it is.",
                embedding("F.normalize(self.sinusoidal(timesteps), dim=-1)"),
            ),
            Misconception(
                "output_normalised",
                "You normalise the output. The second Linear's result goes out as it is.",
                returns("F.normalize(self.linear2(F.silu(self.linear1(h))), dim=-1)"),
            ),
            Misconception(
                "norm_without_parameters",
                "You normalise between the layers. The document has SiLU there and nothing else.",
                returns("self.linear2(F.silu(F.layer_norm(self.linear1(h), h.shape[-1:])))"),
            ),
            Misconception(
                "dropout_added",
                "You added dropout. The document's time embedding has none; the residual blocks do.",
                returns("self.linear2(F.dropout(F.silu(self.linear1(h)), 0.1, self.training))"),
            ),
            Misconception(
                "two_new_axes_already",
                "You return (B, dim, 1, 1). Those two axes are the residual block's business, after it has projected "
                "the embedding to its own channels.",
                returns("self.linear2(F.silu(self.linear1(h)))[:, :, None, None]"),
            ),
            Misconception(
                "batch_axis_squeezed_away",
                "For a single time you return a vector: a squeeze() has taken the batch axis away.",
                returns("self.linear2(F.silu(self.linear1(h))).squeeze()"),
            ),
            Misconception(
                "batch_averaged",
                "You average over the batch, so every image gets the same time.",
                returns("self.linear2(F.silu(self.linear1(h))).mean(0, keepdim=True).expand(len(h), -1)"),
            ),
            Misconception(
                "first_layer_cut_off",
                "Between your layers the gradient is cut (.detach() or torch.no_grad()), so the first one would never "
                "be trained.",
                activation("F.silu(self.linear1(h)).detach()"),
            ),
            Misconception(
                "no_gradient_at_all",
                "Your whole forward runs without gradients (torch.no_grad() or .detach() at the end), so neither "
                "layer would ever be trained.",
                returns("self.linear2(F.silu(self.linear1(h))).detach()"),
            ),
            Misconception(
                "selu",
                "You used SELU, whose name is one letter from SiLU. SiLU is x * sigmoid(x).",
                activation("F.selu(self.linear1(h))"),
            ),
            Misconception(
                "hard_swish",
                "You used Hardswish, SiLU drawn with straight lines for small devices. The document has SiLU itself.",
                activation("F.hardswish(self.linear1(h))"),
            ),
            Misconception(
                "softmax",
                "You used softmax, which makes the hidden numbers compete for a sum of 1. SiLU treats each by itself.",
                activation("F.softmax(self.linear1(h), dim=-1)"),
            ),
            Misconception(
                "layers_side_by_side",
                "Your two layers work side by side, and you add their results. They follow one another: the second "
                "gets what the first and SiLU made.",
                returns("self.linear2(h) + F.silu(self.linear1(h))"),
            ),
            Misconception(
                "gated",
                "You multiply one layer by the SiLU of the other, a gate. The document's layers follow one another.",
                returns("self.linear2(h) * F.silu(self.linear1(h))"),
            ),
            Misconception(
                "activation_added_to_its_input",
                "You add SiLU's input to its output. Only the SiLU of the first layer goes on.",
                activation("self.linear1(h) + F.silu(self.linear1(h))"),
            ),
            Misconception(
                "only_the_second_layer",
                "You return the second Linear's output for the sinusoids. The first Linear and SiLU come before it.",
                returns("self.linear2(h)"),
            ),
            Misconception(
                "divided_by_the_largest_time",
                "You divide t by the largest time of the batch, so the same t means different things in each batch.",
                embedding("self.sinusoidal(timesteps / timesteps.max().clamp(min=1))"),
            ),
            Misconception(
                "sine_as_activation",
                "You used a sine between the layers. The sines belong into the embedding; the activation is SiLU.",
                activation("torch.sin(self.linear1(h))"),
            ),
        ),
        alternatives=(
            Alternative("one_sequential", AsSequential),
            Alternative("by_hand", ByHand),
            Alternative("one_after_the_other", OneAfterTheOther),
            Alternative("convolutions", AsConvolutions),
            Alternative("functional", Functional),
            Alternative("sigmoid_written_out", activation("self.linear1(h) * torch.sigmoid(self.linear1(h))")),
        ),
    ),
)
