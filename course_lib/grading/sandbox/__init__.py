"""Run code that nobody has read, and learn nothing from it but the values it gives.

The marking process starts a zygote (`zygote`), shut in as far as the system allows (`isolation`), which forks a fresh
process for every answer (`child`). Calls go out and plain data comes back over a socket (`channel`, `remote_handle`).
Of the course, that process sees the library without the part that is being marked, what watches an answer
(`stand_ins`, `*_watched`), and nothing that tells what is right (`library`).

Which code runs where:

    the command            finds what was handed in, writes the reports                               commands/grade.py
    a marking process      reads the notebooks, in which code is text; tries properties, runs the     whole_class.py
                           reference and known mistakes, compares; holds no learner's object
    its zygote             has imported torch, and forks                                              zygote.py
    a child of the zygote  runs one answer's code and answers the five calls of the seam              child.py
"""

from course_lib.grading.sandbox.isolation import LEVELS
from course_lib.grading.sandbox.sandbox import IsolationError, Sandbox

__all__ = ["LEVELS", "IsolationError", "Sandbox"]
