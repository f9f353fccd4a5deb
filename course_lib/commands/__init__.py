"""The command line, a module for each `python -m course_lib COMMAND`."""
