"""Lesson 08: DDPM."""
