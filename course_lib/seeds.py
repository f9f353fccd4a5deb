"""Seeds for everything that is counted: steps, epochs, pictures.

seed + counter would make neighbouring seeds share all draws but the first: seed 0's second is seed 1's first.
"""

import numpy as np
import torch

# what is counted, so that step 3 and picture 3 of one seed have nothing in common
STEPS, EPOCHS, PICTURES, DROPOUT = range(4)


def mixed_seed(seed: int, *counters: int, stream: int = STEPS) -> int:
    """A 32-bit seed that depends on all the numbers given, each 0 or more, and looks random.

    32 bits, because torch's CPU generator looks at no more of a seed.
    """
    return int(np.random.SeedSequence([seed, stream, *counters]).generate_state(1)[0])


def generator_for(seed: int, *counters: int, stream: int = STEPS) -> torch.Generator:
    """A CPU generator of its own for every seed, stream and counter."""
    return torch.Generator().manual_seed(mixed_seed(seed, *counters, stream=stream))
