"""What a blank raises, and nothing else: every other NotImplementedError is an error like any other."""

import re

# a notebook's blank (authoring/blanks.py), or the library's own part while an answer is marked (grading/sandbox)
OF_A_BLANK = re.compile(r"NotImplementedError: [\w.]+ is (still blank|not to be had while it is marked)")


def is_of_a_blank(text: str) -> bool:
    """Whether an exception, as class and message, is what a blank raises. Torch raises this class for other reasons.

    >>> is_of_a_blank("NotImplementedError: ResidualBlock.forward is still blank")
    True
    >>> is_of_a_blank("NotImplementedError: \"normal_kernel_cpu\" not implemented for 'Long'")
    False
    """
    return OF_A_BLANK.fullmatch(text) is not None
