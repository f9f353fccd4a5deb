"""Marking on machines of others: Gradescope's containers and GitHub's runners. One learner at a time, the same marks.

`write_autograder` and `write_workflow` write what these services are given. There, `python -m
course_lib.grading.services` marks what one learner handed in, and says the points in the service's own form.
"""
