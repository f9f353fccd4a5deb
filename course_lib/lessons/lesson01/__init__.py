"""Lesson 01: time embedding."""
