"""Train a network: `train.py` is the run, `loop.py` one step after the other, the rest what they need."""
