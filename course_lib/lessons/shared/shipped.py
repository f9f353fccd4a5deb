"""The trained weights that came with the course, so that nobody must train to learn."""

from functools import cache

from course_lib.assets import asset_path
from course_lib.training.saved_model import TrainedModel, load_trained


@cache
def shipped_model(method: str = "flow") -> TrainedModel:
    """A network trained on Fashion-MNIST; see assets/weights for how, and how good it is.

    Raises: ValueError if no weights came with the course for `method`.
    """
    return load_trained(asset_path(f"weights/fashion_mnist_{method}.safetensors"))
