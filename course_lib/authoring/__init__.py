"""Make the notebooks: `python -m course_lib.authoring build`. One source a lesson, course_lib/lessons/lessonNN/lesson.md."""
