"""Lesson 14: fewer calls."""
