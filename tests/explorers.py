"""What tests of explorers look at: the pictures, words and controls of one, without a browser."""

import json
from typing import Any

import ipywidgets as widgets
import numpy as np

from course_lib.lessons.shared.explorer import Explorer


def pictures_in(explorer: Explorer) -> list[np.ndarray]:
    """The images in the figure that is shown, in order."""
    return [np.asarray(image.get_array()) for axes in explorer.picture.figure.axes for image in axes.images]


def words_in(explorer: Explorer) -> str:
    """Every text in the figure that is shown."""
    return "\n".join(text.get_text() for axes in explorer.picture.figure.axes for text in axes.texts)


def all_widgets(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(part for child in getattr(widget, "children", ()) for part in all_widgets(child))]


def data_of(script: str) -> dict[str, Any]:
    """What a stored explorer's script is called with."""
    return json.loads(script.split("(document.currentScript, ")[1].split(")</script>")[0])
