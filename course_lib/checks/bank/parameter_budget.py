"""Exercise parameter_budget (lesson 07)."""

from collections.abc import Callable
from typing import Any

from torch import nn

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.scene import Scene
from course_lib.parameters import count_parameters, parameter_budget
from course_lib.tracing import SECTIONS
from course_lib.unet import UNet


def of_described_unet(answer: Callable) -> Callable:
    """The answer for a UNet of the given arguments; a dict as pairs in alphabetical order: its order is free."""

    def watched(**config: Any) -> Any:
        result = answer(UNet(**config))
        return tuple(sorted(result.items())) if isinstance(result, dict) else result

    return watched


def small(scene: Scene) -> None:
    scene.call(base_channels=scene.pick(8, 12), channel_mults=(1, 2), num_res_blocks=1, label="the budget, sorted")


def one_level(scene: Scene) -> None:
    scene.call(
        in_channels=scene.pick(1, 2),
        base_channels=8,
        channel_mults=(scene.pick(1, 2),),
        num_classes=scene.pick(4, 7),
        label="the budget, sorted",
    )


def attention_everywhere(scene: Scene) -> None:
    scene.call(
        base_channels=8,
        channel_mults=(1, 1, 2),
        attention_resolutions=(32, 16),
        num_res_blocks=scene.pick(1, 2),
        label="the budget, sorted",
    )


def from_parameter_names(model: nn.Module) -> dict[str, int]:
    budget = {}
    for name, values in model.named_parameters():
        heading = SECTIONS[name.partition(".")[0]]
        budget[heading] = budget.get(heading, 0) + values.numel()
    return budget


def heading_by_heading(model: nn.Module) -> dict[str, int]:
    return {
        heading: sum(
            count_parameters(getattr(model, name))
            for name, above in SECTIONS.items()
            if above == heading and hasattr(model, name)
        )
        for heading in set(SECTIONS.values())
    }


def written_out(model: UNet) -> dict[str, int]:
    def count(*parts: nn.Module) -> int:
        return sum(values.numel() for part in parts for values in part.parameters())

    return {
        "OUTPUT": count(model.norm_out, model.conv_out),
        "DECODER": count(model.decoder),
        "MIDDLE": count(model.mid_resblock1, model.mid_attention, model.mid_resblock2),
        "ENCODER": count(*model.encoder),
        "INITIAL CONV": count(model.conv_in),
        "EMBEDDINGS": count(model.time_embed, model.class_embed),
    }


def mistake(name: str, sentence: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(name, sentence, edited(parameter_budget, *changes))


ADD = "budget[SECTIONS[name]] += count_parameters(part)"
END = "    return budget"

EXERCISES = (
    Exercise(
        name="parameter_budget",
        reference=parameter_budget,
        lesson="07",
        where="the docstring of parameter_budget, and the table SECTIONS in course_lib/tracing.py",
        watched=of_described_unet,
        properties=(
            Property("values", "every heading has the parameters of its parts", small),
            Property(
                "fixed_to_one_network",
                "a UNet with one level, another number of classes and of image channels is counted right",
                one_level,
                "Your budget is right for one network and wrong for another: something in it is written as a number "
                "or fits a certain number of levels only.",
            ),
            Property(
                "attention_forgotten",
                "a UNet with attention at other levels is counted right",
                attention_everywhere,
                "Where levels have attention of their own your budget is wrong: count whole parts (model.encoder), "
                "not the kinds of layers you expect in them.",
            ),
        ),
        misconceptions=(
            mistake(
                "overwritten",
                "You write `=` where a heading can have several parts: the middle has three, and only the last one's "
                "parameters are left. Add with `+=`.",
                (ADD, ADD.replace("+=", "=")),
            ),
            mistake(
                "by_part",
                "You list the parts by their own names. The document's headings are asked: SECTIONS[name] translates "
                "one into the other.",
                ("dict.fromkeys(SECTIONS.values(), 0)", "{}"),
                (ADD, "budget[name] = count_parameters(part)"),
            ),
            mistake(
                "by_part_under_all_names",
                "Your dict has the names of modules as keys, filled or not. Its keys should be the values of "
                "SECTIONS, the six headings.",
                ("dict.fromkeys(SECTIONS.values(), 0)", "dict.fromkeys(SECTIONS, 0)"),
                (ADD, "budget[name] += count_parameters(part)"),
            ),
            mistake(
                "every_layer_again",
                "named_modules() also yields every layer inside every part, so a convolution deep in the encoder is "
                "counted four times. named_children() stays at the parts themselves.",
                ("in model.named_children()", "in list(model.named_modules())[1:]"),
                ("if name not in SECTIONS:", "name = name.split('.')[0]\n        if name not in SECTIONS:"),
            ),
            mistake(
                "counts_parts",
                "You count how many parts stand under each heading. How many *numbers* do they learn? "
                "count_parameters(part) says it.",
                (ADD, "budget[SECTIONS[name]] += 1"),
            ),
            mistake(
                "counts_tensors",
                "You count weight tensors. A tensor holds many numbers; count_parameters adds those up.",
                (ADD, "budget[SECTIONS[name]] += len(list(part.parameters()))"),
            ),
            mistake(
                "whole_model_each_time",
                "You count the parameters of the whole model for every part. Hand `part` to count_parameters.",
                (ADD, ADD.replace("(part)", "(model)")),
            ),
            mistake(
                "shares_instead_of_numbers",
                "You give each heading's share of the total. Numbers are asked; divide when you draw.",
                (END, "    return {name: count / count_parameters(model) for name, count in budget.items()}"),
            ),
            mistake(
                "percentages",
                "You give percent. The budget is in numbers, so that it adds up to count_parameters(model).",
                (END, "    return {name: 100 * count / count_parameters(model) for name, count in budget.items()}"),
            ),
            mistake(
                "in_millions",
                "You divide by a million: INITIAL CONV would then be next to nothing. Keep whole numbers.",
                (END, "    return {name: count / 1e6 for name, count in budget.items()}"),
            ),
            mistake(
                "total_added",
                "You put the total in as another heading. The document has six, and their sum is the total.",
                (END, "    return budget | {'TOTAL': sum(budget.values())}"),
            ),
            mistake(
                "running_total",
                "Your numbers grow from heading to heading: each contains those before it. Start at 0 for each.",
                (END, "    return dict(zip(budget, __import__('itertools').accumulate(budget.values())))"),
            ),
            mistake(
                "convolution_under_encoder",
                "You put conv_in under ENCODER. In the document it has a heading of its own, INITIAL CONV.",
                (
                    END,
                    "    budget['ENCODER'] += budget.pop('INITIAL CONV')\n    return budget",
                ),
            ),
            mistake(
                "initial_convolution_counted_in_both",
                "conv_in stands under INITIAL CONV and, in your count, under ENCODER as well. Each parameter is "
                "counted once.",
                (END, "    budget['ENCODER'] += budget['INITIAL CONV']\n    return budget"),
            ),
            mistake(
                "middle_attention_missing",
                "The attention in the middle belongs to MIDDLE too: mid_resblock1, mid_attention, mid_resblock2.",
                (ADD, "if name != 'mid_attention':\n            " + ADD),
            ),
            mistake(
                "class_embedding_missing",
                "The table of class vectors is missing under EMBEDDINGS. A row for every class is learned.",
                (ADD, "if name != 'class_embed':\n            " + ADD),
            ),
            mistake(
                "norm_out_missing",
                "norm_out learns too, a weight and a bias for each channel. It belongs to OUTPUT with conv_out.",
                (ADD, "if name != 'norm_out':\n            " + ADD),
            ),
            mistake(
                "weights_without_biases",
                "You leave out parameters with a single axis: every bias and every norm.",
                (ADD, "budget[SECTIONS[name]] += sum(p.numel() for p in part.parameters() if p.ndim > 1)"),
            ),
            mistake(
                "heading_of_the_last_part",
                "Your budget has only the headings you came by last, or one of them is missing: make sure that all "
                "six are there.",
                (END, "    return dict(list(budget.items())[-1:])"),
            ),
            mistake(
                "middle_under_encoder",
                "You put the middle under ENCODER. It is the bottleneck between encoder and decoder, with a heading "
                "of its own.",
                (END, "    budget['ENCODER'] += budget.pop('MIDDLE')\n    return budget"),
            ),
            mistake(
                "embeddings_missing",
                "EMBEDDINGS is missing. Time and class are learned as well, and their heading comes first.",
                (END, "    del budget['EMBEDDINGS']\n    return budget"),
            ),
            mistake(
                "returns_the_total",
                "You return one number. A dict is asked, with a number for each of the six headings.",
                (END, "    return sum(budget.values())"),
            ),
            mistake(
                "returns_pairs",
                "You return a list of pairs. Make it a dict: dict(pairs).",
                (END, "    return list(budget.items())"),
            ),
            mistake(
                "returns_the_numbers",
                "You return the numbers without the headings they belong to: return the whole dict.",
                (END, "    return list(budget.values())"),
            ),
            mistake(
                "own_parameters_only",
                "You count what each part holds itself (recurse=False, or without going into its layers). The encoder "
                "itself holds nothing; its convolutions do.",
                (ADD, "budget[SECTIONS[name]] += sum(p.numel() for p in part.parameters(recurse=False))"),
            ),
            mistake(
                "still_all_zero",
                "All your headings are still at 0: nothing is added in the loop.",
                (ADD, "pass"),
            ),
            mistake(
                "returns_in_the_loop",
                "You return inside the loop, after the first part. The return belongs behind it.",
                (ADD, ADD + "\n        return budget"),
            ),
        ),
        alternatives=(
            Alternative("from_parameter_names", from_parameter_names),
            Alternative("heading_by_heading", heading_by_heading),
            Alternative("written_out", written_out),
        ),
    ),
)
