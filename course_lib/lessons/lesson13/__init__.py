"""Lesson 13: what a trained network can do beside drawing."""
