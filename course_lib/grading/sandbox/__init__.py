"""Run code that nobody has read, and learn nothing from it but the values it gives.

The marking process starts a zygote (`zygote`), shut in as far as the system allows (`isolation`), which forks a fresh
process for every answer (`child`). Calls go out and plain data comes back over a socket (`channel`, `remote_handle`).
Of the course, that process sees the library without the part that is being marked (`library`), and no check.
"""

from course_lib.grading.sandbox.isolation import LEVELS
from course_lib.grading.sandbox.sandbox import IsolationError, Sandbox

__all__ = ["LEVELS", "IsolationError", "Sandbox"]
