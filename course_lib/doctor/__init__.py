"""Is this machine ready for the course? `python -m course_lib doctor` looks, and says what to do."""

from course_lib.doctor.report import check_up

__all__ = ["check_up"]
