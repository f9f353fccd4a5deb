"""What lesson 13 states, proven: one step for both methods, strengths, and what becomes of pictures."""

from course_lib.editing import walk
from course_lib.lessons.lesson13 import figures
from course_lib.lessons.shared.claims import claim


@claim("Yours is Euler's method with the one network, and DDIM with the other.")
def the_walk_is_both_samplers() -> bool:
    return all(difference < 1e-3 for difference in figures.beside_the_samplers(walk, steps=2).values())
