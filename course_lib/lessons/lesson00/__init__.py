"""Lesson 00: welcome."""
