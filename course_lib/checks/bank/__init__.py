"""The exercises, one module for each: properties, misconceptions with their sentences, other right answers.

A module holds a tuple `EXERCISES`. Adding a file here adds its exercises everywhere: checks, tests, marking.
"""
