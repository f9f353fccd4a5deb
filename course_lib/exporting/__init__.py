"""A trained network in the form that other people's programs read."""

from course_lib.exporting.diffusers_folder import write_diffusers_folder

__all__ = ["write_diffusers_folder"]
