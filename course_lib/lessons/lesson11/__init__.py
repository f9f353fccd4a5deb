"""Lesson 11: evaluation and ablations."""
