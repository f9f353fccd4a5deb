"""Where am I? What a learner has passed and tried, which mistakes were named, what comes next, how long it will take.

    python -m course_lib progress

`journal` writes a line for each verdict of `check`, on the learner's own machine only; `outline` reads what the lessons
say of themselves; `report` puts the two together. Marking has no part in it.
"""
