"""Lesson 03: the residual block."""
