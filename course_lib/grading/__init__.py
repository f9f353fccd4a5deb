"""Mark a whole class: `python -m course_lib grade SUBMISSIONS --out REPORT`."""
