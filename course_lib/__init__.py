"""The reference implementation of the course: the document's UNet, trained as a DDPM and by flow matching.

Read the modules in lesson order: time_embedding, class_embedding, group_norm, residual_block, resampling,
self_attention, skips, unet, ddpm, flow_matching, guidance. What learners write on the way and the network never calls
is in warm_ups; what they do with a trained network, in editing and straightening. Importing the package loads torch and
nothing else of weight; data, training and evaluation live in subpackages that load what they need.
"""

import sys

# a command (`python -m course_lib ...`) ends with the sentence alone; this much is Python of any version
WHAT_TO_RAISE = SystemExit if sys.argv[:1] == ["-m"] else ImportError
if sys.version_info < (3, 11):
    raise WHAT_TO_RAISE(
        "The course needs Python 3.11 or newer, and this is %d.%d (%s). Install a newer one, make an environment with "
        "it (python3.12 -m venv .venv), and there, in the course's folder: python -m pip install -r requirements.txt"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

import importlib.util
import os

try:
    os.getcwd()
except OSError:  # torch's own libraries then end the process, in words about a file that is there
    raise WHAT_TO_RAISE("The folder that you are in is gone. Go to another one (cd), and try again.")

if importlib.util.find_spec("torch") is None:
    raise WHAT_TO_RAISE(
        "torch is not installed for the Python that runs here. In the course's folder: %s -m pip install "
        "-r requirements.txt" % sys.executable
    )

from course_lib.class_embedding import ClassEmbedding
from course_lib.ddpm import DDPM
from course_lib.flow_matching import FlowMatching
from course_lib.group_norm import group_norm, num_groups
from course_lib.guidance import drop_labels, guided_prediction
from course_lib.resampling import Downsample, Upsample
from course_lib.residual_block import ResidualBlock
from course_lib.sampling import SamplerState
from course_lib.self_attention import SelfAttention
from course_lib.time_embedding import SinusoidalPositionEmbedding, TimeEmbedding
from course_lib.unet import UNet

__version__ = "0.1.0"

__all__ = [
    "DDPM",
    "ClassEmbedding",
    "Downsample",
    "FlowMatching",
    "ResidualBlock",
    "SamplerState",
    "SelfAttention",
    "SinusoidalPositionEmbedding",
    "TimeEmbedding",
    "UNet",
    "Upsample",
    "drop_labels",
    "group_norm",
    "guided_prediction",
    "num_groups",
]
