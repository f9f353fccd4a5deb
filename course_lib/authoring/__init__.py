"""Make the notebooks: `python -m course_lib.authoring build`. A lesson is a folder, its text lesson.md."""
