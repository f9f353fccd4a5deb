"""Lesson 10: guidance, averages and faster sampling."""
