"""The banks of lesson 12's exercises, see check_cases.py."""

from check_cases import cases_of

globals().update(cases_of("12"))
