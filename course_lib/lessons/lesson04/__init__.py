"""Lesson 04: down- and upsampling."""
