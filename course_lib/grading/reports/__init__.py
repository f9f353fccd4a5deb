"""What a run leaves for people and programs: pages (templates/), tables for gradebooks, Gradescope's files."""
