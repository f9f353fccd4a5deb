"""Lesson 12: scaling up."""
