"""Judge what a network draws: `evaluate.py` first; `metrics.py` has the formulas, `classifier.py` the judge."""
