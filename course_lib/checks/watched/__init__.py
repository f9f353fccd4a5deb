"""Between plain data and answers that take something else: a model, a random generator, a list to be changed.

Each function here takes an answer and makes of it a function of data that returns all there is to see. It runs beside
the answer, in another process when a class is marked, so nothing in this package knows what is expected.
"""
