"""Scripts that make the tables and figures the lessons read from assets/results."""
