"""The lessons, a folder each: text, figures, sliders, measurements; for each exercise what holds and what goes wrong.

Nothing is imported here: a check reads the files of one exercise, and no figure.
"""
