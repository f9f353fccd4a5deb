"""One thread for every test: the networks are tiny, and threads that share two busy cores wait for each other."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # also for the processes that tests start

import torch

torch.set_num_threads(1)
