"""Figures that move: sliders and buttons in a running notebook, each with a static twin for everywhere else."""

from course_lib.interactive.attention import explore_attention
from course_lib.interactive.guidance import explore_guidance
from course_lib.interactive.noising import explore_noising
from course_lib.interactive.time_embedding import explore_time_embedding
from course_lib.interactive.trajectory import explore_trajectory
from course_lib.interactive.unet import explore_unet

__all__ = [
    "explore_attention",
    "explore_guidance",
    "explore_noising",
    "explore_time_embedding",
    "explore_trajectory",
    "explore_unet",
]
