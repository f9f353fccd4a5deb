"""Lesson 06: skip connections."""
