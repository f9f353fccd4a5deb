"""Lesson 05: self-attention."""
