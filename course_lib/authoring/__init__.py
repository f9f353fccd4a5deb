"""Make the notebooks: `python -m course_lib.authoring build`. One source a lesson, solutions/NN_name.py."""
