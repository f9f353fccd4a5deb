"""Count what a network learns, and find out where in it the numbers are."""

from torch import nn

from course_lib.tracing import SECTIONS


def count_parameters(module: nn.Module) -> int:
    """How many numbers a module learns.

    Args:
        module: any module. A parameter that several of its layers share counts once; one that does not require
            gradients (it is frozen), and a buffer, do not count.
    Returns: a whole number.
    Source: lesson 07; the document's network has 15,776,643, which is 15.78 M.

    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    # go through every parameter of the module and of all layers inside it (parameters() names a shared one once)
    # add up how many numbers each holds, and leave out those that are frozen
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def parameter_budget(model: nn.Module) -> dict[str, int]:
    """How the parameters of a UNet are shared out among the document's headings.

    Args:
        model: a UNet of any size; its parts carry the names that SECTIONS knows.
    Returns: {heading: parameters} with all six headings in the document's order, EMBEDDINGS, INITIAL CONV, ENCODER,
        MIDDLE, DECODER, OUTPUT. The values add up to count_parameters(model).
    Raises: ValueError if the model has a part that stands under none of the headings.
    Source: the document, "Full forward pass".

    >>> from course_lib import UNet
    >>> parameter_budget(UNet())["INITIAL CONV"]
    1792
    """
    # start with nothing under each heading, in the document's order
    budget = dict.fromkeys(SECTIONS.values(), 0)
    # go through the parts that the model itself is made of, each with its name
    for name, part in model.named_children():
        if name not in SECTIONS:
            raise ValueError(f"model has a part called {name!r}; allowed: {', '.join(SECTIONS)}")
        # SECTIONS says which heading the name stands under: the part's parameters go there
        budget[SECTIONS[name]] += count_parameters(part)
    return budget
