"""Exercise parameter_budget (lesson 07)."""

from torch import nn

from course_lib.checks.exercise import Alternative, Exercise, Property, mistakes_of
from course_lib.checks.scene import Scene
from course_lib.lessons.lesson07.parameter_budget_watched import watched
from course_lib.parameters import count_parameters, parameter_budget
from course_lib.tracing import SECTIONS
from course_lib.unet import UNet


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


def partly_frozen(scene: Scene) -> None:
    scene.call(
        freeze=scene.pick("encoder", "time_embed"),
        base_channels=8,
        channel_mults=(1,),
        num_res_blocks=1,
        label="the budget, sorted",
    )


def order(scene: Scene) -> None:
    scene.call(see="order", base_channels=8, channel_mults=(1,), num_res_blocks=1, label="the headings")


def from_parameter_names(model: nn.Module) -> dict[str, int]:
    budget = {}
    for name, values in model.named_parameters():
        heading = SECTIONS[name.partition(".")[0]]
        budget[heading] = budget.get(heading, 0) + values.numel() * values.requires_grad
    return budget


def heading_by_heading(model: nn.Module) -> dict[str, int]:
    return {
        heading: sum(
            count_parameters(getattr(model, name))
            for name, above in SECTIONS.items()
            if above == heading and hasattr(model, name)
        )
        for heading in dict.fromkeys(SECTIONS.values())
    }


def written_out(model: UNet) -> dict[str, int]:
    def count(*parts: nn.Module) -> int:
        return sum(values.numel() for part in parts for values in part.parameters() if values.requires_grad)

    return {
        "EMBEDDINGS": count(model.time_embed, model.class_embed),
        "INITIAL CONV": count(model.conv_in),
        "ENCODER": count(*model.encoder),
        "MIDDLE": count(model.mid_resblock1, model.mid_attention, model.mid_resblock2),
        "DECODER": count(model.decoder),
        "OUTPUT": count(model.norm_out, model.conv_out),
    }


mistake = mistakes_of(parameter_budget)


ADD = "budget[SECTIONS[name]] += count_parameters(part)"
END = "    return budget"

EXERCISES = (
    Exercise(
        name="parameter_budget",
        reference=parameter_budget,
        lesson="07",
        where="the docstring of parameter_budget, and the table SECTIONS in course_lib/tracing.py",
        watched=watched,
        properties=(
            Property(
                "wrong_under_a_heading",
                "every heading has the parameters of its parts",
                small,
                "A heading's number is not that of its parts (the first that differs stands below). Each part of "
                "model.named_children() goes under SECTIONS[name] once, with count_parameters(part), added to what "
                "is there.",
            ),
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
            Property(
                "frozen_counted",
                "what is frozen does not count",
                partly_frozen,
                "You count frozen parameters too, so that the budget does not add up to count_parameters(model). Let "
                "count_parameters do the counting: it knows.",
            ),
            Property(
                "headings_in_another_order",
                "the headings come in the document's order",
                order,
                "The numbers are right and the headings stand in another order. A dict keeps the order in which its "
                "keys are made: start with all six in the document's order, as the first step says.",
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
                "key_missing",
                "You look up a key that is not there. The keys of SECTIONS are the names of the model's own parts, "
                "which model.named_children() yields. And the keys of your dict are its *values*: each has to be "
                "there, at 0, before anything is added.",
                ("dict.fromkeys(SECTIONS.values(), 0)", "{}"),
            ),
            mistake(
                "starts_at_one",
                "Every heading has one too many: they start at 0.",
                ("dict.fromkeys(SECTIONS.values(), 0)", "dict.fromkeys(SECTIONS.values(), 1)"),
            ),
            mistake(
                "embeddings_left_at_zero",
                "EMBEDDINGS stays at 0. time_embed and class_embed are parts as all others.",
                (ADD, "if 'embed' not in name:\n            " + ADD),
            ),
            mistake(
                "first_axis_only",
                "You add shape[0], the length of each tensor's first axis. count_parameters(part) adds up all numbers.",
                (ADD, "budget[SECTIONS[name]] += sum(p.shape[0] for p in part.parameters())"),
            ),
            mistake(
                "weights_by_name",
                "You count what is called weight. Biases learn as well.",
                (ADD, "budget[SECTIONS[name]] += sum(p.numel() for n, p in part.named_parameters() if 'weight' in n)"),
            ),
            mistake(
                "encoder_and_decoder_exchanged",
                "Encoder and decoder have changed places.",
                (
                    END,
                    "    a, b = budget['ENCODER'], budget['DECODER']\n    return budget | {'ENCODER': b, 'DECODER': a}",
                ),
            ),
            mistake(
                "headings_rewritten",
                "Your headings are written otherwise. Take them as they stand in SECTIONS, in capital letters.",
                (END, "    return {heading.lower(): count for heading, count in budget.items()}"),
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
