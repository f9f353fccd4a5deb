"""Which files and which code count. All of it is text here: nothing that a learner wrote is run."""
