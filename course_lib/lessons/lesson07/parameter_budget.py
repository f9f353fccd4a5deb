"""What holds for parameter_budget, and right answers written differently."""

from typing import Any

from torch import nn

from course_lib.checks.exercise import Exercise
from course_lib.checks.properties import second_call_differs
from course_lib.checks.trial import Call, Trial, call_text
from course_lib.lessons.lesson07.parameter_budget_watched import watched
from course_lib.parameters import count_parameters, parameter_budget
from course_lib.tracing import SECTIONS
from course_lib.unet import UNet

EXERCISE = Exercise(
    "parameter_budget",
    parameter_budget,
    __name__,
    where="the docstring of parameter_budget, and the table SECTIONS in course_lib/tracing.py",
    watched=watched,
    not_for_all={
        "another_shape": "the first of its own says which heading differs",
        "assumes_the_cpu": "the network is made inside the call",
        "second_call_differs": "counts_on asks the same, earlier and in words of its own",
    },
)
holds, right = EXERCISE.holds, EXERCISE.right
HEADINGS = tuple(dict.fromkeys(SECTIONS.values()))
ALPHABET = tuple(sorted(HEADINGS))


def see_budget(call: Call) -> None:
    """The headings, then the number under each, in the document's order; of another kind of result, all of it."""
    trial, value = call.trial, call.see("the budget", observed=False)
    pairs = isinstance(value, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value)
    headings = tuple(heading for heading, _ in value) if pairs else value
    trial.see("the headings, in the order of the alphabet", headings, call.text())
    if headings != ALPHABET:
        trial.see("the budget", value, call.text())
        return
    for heading in HEADINGS:
        trial.see(f"the number under {heading}", dict(value)[heading], call.text())


@EXERCISE.example
def small(trial: Trial, **config: Any) -> Call:
    return trial.calling(**{"base_channels": 8, "channel_mults": (1,), "num_res_blocks": 1} | config)


@EXERCISE.harder
def all_unlike(trial: Trial) -> Call:
    """Two levels, the upper one wide and with attention, other channels and classes, and a frozen part."""
    options = {"channel_mults": (2, 1), "attention_resolutions": (32,), "in_channels": 2, "num_classes": 7}
    return small(trial, base_channels=12, freeze="mid_attention", **options)


@EXERCISE.telling
def told(call: Call) -> str:
    """The network is made from the arguments that are shown, and passed on whole."""
    config = dict(call.kwargs)
    frozen, turned = config.pop("freeze", ""), config.pop("turned", False)
    config.pop("see", None)
    behind = f", its part {frozen} frozen" if frozen else ", its parts made in the reverse order" if turned else ""
    return f"parameter_budget(model), where model is {call_text('UNet', (), config)}{behind}"


@holds("every heading has the parameters of its parts")
def wrong_under_a_heading(trial: Trial) -> None:
    """A heading, or the number of its parts' parameters, is not as it should be (the first that is not stands below).
    Each part of model.named_children() goes under SECTIONS[name] once, with count_parameters(part), a whole number and
    no share of the total, added to what is there."""
    see_budget(small(trial, base_channels=trial.pick(8, 12), channel_mults=(1, 2)))


@holds("a second budget of the same network is the same")
def counts_on(trial: Trial) -> None:
    """Asked twice about one network you give two budgets: the second still holds what the first counted. Is the dict
    made once, outside of the function or as a default value? Make it inside, with zeros, at every call."""
    second_call_differs(small(trial), trial)


@holds("a UNet with one level, another number of classes and of image channels is counted right")
def fixed_to_one_network(trial: Trial) -> None:
    """Your budget is right for one network and wrong for another. Is something in it written as a number, or made for a
    certain number of levels?"""
    channels, mult, classes = trial.pick(1, 2), trial.pick(1, 2), trial.pick(4, 7)
    see_budget(small(trial, in_channels=channels, channel_mults=(mult,), num_classes=classes))


@holds("a UNet with attention at other levels is counted right")
def attention_forgotten(trial: Trial) -> None:
    """With three levels, of which two have attention, your budget is wrong. Count whole parts (model.encoder), not the
    levels or kinds of layers you expect in them."""
    blocks = trial.pick(1, 2)
    see_budget(small(trial, channel_mults=(1, 1, 2), attention_resolutions=(32, 16), num_res_blocks=blocks))


@holds("what is frozen does not count")
def frozen_counted(trial: Trial) -> None:
    """Where a part is frozen your budget is wrong: frozen parameters do not count, so that it adds up to
    count_parameters(model). Let count_parameters do the counting: it knows."""
    see_budget(small(trial, freeze=trial.pick("encoder", "time_embed")))


@holds("parts as large as each other are each counted once")
def equal_parts_confused(trial: Trial) -> None:
    """Two parts as large as each other are confused. mid_resblock1 and mid_resblock2 have equally many parameters in
    every network, so one of them counted twice shows only where one is frozen, as here. Is a name written twice?"""
    for frozen in ("mid_resblock1", "mid_resblock2"):
        see_budget(small(trial, freeze=frozen))


@holds("parts are told by their names, in whatever order they were made")
def told_by_their_places(trial: Trial) -> None:
    """A network whose parts were made in another order has the same budget, and yours is another one. Parts are known
    by their names, SECTIONS[name], and not by their place among the children or by their type."""
    see_budget(small(trial, channel_mults=(1, 2), turned=True))


@holds("the headings come in the document's order")
def headings_in_another_order(trial: Trial) -> None:
    """The numbers are right and the headings stand in another order. A dict keeps the order in which its keys are made:
    start with all six in the document's order, as the first step says."""
    small(trial, see="order").see("the headings")


@right
def from_parameter_names(model: nn.Module) -> dict[str, int]:
    budget = {}
    for name, values in model.named_parameters():
        heading = SECTIONS[name.partition(".")[0]]
        budget[heading] = budget.get(heading, 0) + values.numel() * values.requires_grad
    return budget


@right
def heading_by_heading(model: nn.Module) -> dict[str, int]:
    return {
        heading: sum(
            count_parameters(getattr(model, name))
            for name, above in SECTIONS.items()
            if above == heading and hasattr(model, name)
        )
        for heading in dict.fromkeys(SECTIONS.values())
    }


@right
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
