"""Lesson 09: flow matching."""
