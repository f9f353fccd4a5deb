"""Lesson 02: class embedding."""
