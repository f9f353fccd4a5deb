"""Lesson 07: the full UNet."""
