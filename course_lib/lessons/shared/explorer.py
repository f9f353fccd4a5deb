"""What all explorers share: a picture with its words, controls above it, and what stands for them without a kernel."""

import html
import io
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_lib.lessons.shared.show import show, smoke
from course_lib.pictures.frames import Axis, Frame, frames_html
from course_lib.pictures.html_figure import SHARPNESS, figure_html

INVITATION = "Run this cell in JupyterLab to move the controls."
DPI = 90


class Picture(NamedTuple):
    """What an explorer draws for one setting of its controls.

    Attributes:
        figure: made without pyplot, so that nothing has to be closed.
        caption: what to see in it, with the numbers that were measured.
        alt: what is drawn, for those who cannot see it.
    """

    figure: Figure
    caption: str
    alt: str


def present(still: Callable[[], Picture], explorer: Callable[[], "Explorer"], frames: dict[str, Sequence[Any]]) -> None:
    """Show an explorer: alive where somebody is there to move it, else what can be shown without a kernel.

    In a notebook it is the explorer and nothing else. A stored output is a still, whose place a few pictures with plain
    range inputs take wherever scripts run. Tests and terminals have the still alone.

    Args:
        still: draws several settings in one figure.
        explorer: makes the explorer.
        frames: of the controls that move in a stored output, by name, the values at which they can stand; the value
            where a control begins is one of them. There is a picture for every combination.
    """
    if not somebody_is_there():
        show_still(still())
    elif os.environ.get("COURSE_STORED"):  # set by the build
        show_still(still(), as_frames(explorer(), frames))
    else:
        made = explorer()
        shown = {"text/html": made.image.value} if made.picture else {}
        # the second is for programs that open the saved notebook and have no widgets
        display({**made._repr_mimebundle_(), **shown, "text/plain": INVITATION}, raw=True)


def show_still(picture: Picture, frames: str = "") -> None:
    show(picture.figure, f"{picture.caption} {INVITATION}", picture.alt, frames=frames)


def somebody_is_there() -> bool:
    """Whether this code runs in a kernel, and not in a test."""
    return getattr(get_ipython(), "kernel", None) is not None and not smoke()


def as_frames(explorer: "Explorer", frames: dict[str, Sequence[Any]]) -> str:
    """The HTML that moves through an explorer's pictures without a kernel; see `present`. Closes the explorer."""
    controls = {name: explorer.controls[name] for name in frames}
    pictures = [explorer.picture_of(**dict(zip(frames, setting, strict=True))) for setting in product(*frames.values())]
    explorer.close()
    others = [control.description for name, control in explorer.controls.items() if name not in frames]
    note = "Stored pictures. In a running notebook every value can be set"
    note += f", and also: {', '.join(others)}." if others else "."
    axes = [axis_of(controls[name], values) for name, values in frames.items()]
    return frames_html(axes, [Frame(*picture) for picture in pictures], note)


def axis_of(control: widgets.Widget, values: Sequence[Any]) -> Axis:
    """A control as a range input that stands at a few of its values.

    Raises: ValueError if the control begins at none of them.
    """
    check_among(control.description, control.value, values)
    pairs = (option for option in getattr(control, "options", ()) if isinstance(option, tuple))
    names = {value: name for name, value in pairs}
    called = [names[value] if names else f"{value:g}" for value in values]
    return Axis(control.description, called, list(values).index(control.value))


class Explorer(widgets.VBox):
    """Controls, and below them one picture that is drawn again whenever a control moves.

    A setting that `draw` refuses with a ValueError leaves the picture as it is; the error's sentence stands below.

    Args:
        draw: gives the picture for the controls' values, which it gets by name.
        controls: the controls by the names of `draw`'s arguments.
        buttons: further widgets in the row of the controls.
    Attributes:
        picture: what is shown at the moment.
    """

    def __init__(
        self,
        draw: Callable[..., Picture],
        controls: dict[str, widgets.Widget],
        buttons: Iterable[widgets.Widget] = (),
    ) -> None:
        self.draw, self.controls = draw, controls
        self.picture: Picture | None = None
        self.image, self.words = widgets.HTML(), widgets.HTML()
        row = widgets.HBox([*controls.values(), *buttons], layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([row, self.image, self.words])
        self.waiting = False
        for control in controls.values():
            control.observe(self.redraw, "value")
        self.redraw()

    def values(self) -> dict[str, Any]:
        """What the controls say now."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Move several controls and draw once."""
        self.waiting = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self.waiting = False
        self.redraw()

    def picture_of(self, **values: Any) -> Picture:
        """The picture for some values; controls that are not named stand where they are."""
        return self.draw(**{**self.values(), **values})

    def redraw(self, change: Any = None) -> None:
        if self.waiting:
            return
        try:
            self.put(self.picture_of())
        except ValueError as error:
            self.say(f"Not possible: {error}. The picture above is the one before.")

    def put(self, picture: Picture) -> None:
        """Show a picture and its caption."""
        self.picture = picture
        self.image.value = as_html(picture)
        self.say(picture.caption)

    def say(self, sentence: str) -> None:
        """Write a sentence below the picture, where a screen reader announces what has changed."""
        self.words.value = f'<div role="status">{html.escape(sentence)}</div>'


def blank_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches that pyplot knows nothing of, so that nobody has to close it."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)  # the figure keeps its canvas
    return figure


def as_html(picture: Picture) -> str:
    """The picture as an <img> that holds its own data. (ipywidgets' Image has no place for an alt text.)

    The figure keeps its own size, nothing is cut off, and the browser is told the size and to decode at once: so the
    picture neither moves nor flickers while a slider is dragged.
    """
    buffer = io.BytesIO()
    picture.figure.savefig(buffer, format="png", dpi=DPI * SHARPNESS, pil_kwargs={"compress_level": 1})
    width, height = (round(inches * DPI) for inches in picture.figure.get_size_inches())
    return figure_html(buffer.getvalue(), width, height, picture.alt)


def slider(
    description: str, value: float, low: float, high: float, step: float, tooltip: str, on_release: bool = False
) -> widgets.IntSlider | widgets.FloatSlider:
    """A slider with its name in front of it: whole numbers if `step` is one. Arrow keys move it by `step`."""
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step,
        description=description,
        tooltip=tooltip,
        continuous_update=not on_release,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="24em"),
    )


def choice(description: str, options: Iterable[Any], value: Any, tooltip: str) -> widgets.Dropdown:
    """A list to choose one from, with its name in front of it; an option may be a pair (what is shown, value)."""
    return widgets.Dropdown(
        options=list(options),
        value=value,
        description=description,
        tooltip=tooltip,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="auto"),
    )


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raises: ValueError unless `value` is a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; allowed: from {low:g} to {high:g}")


def check_whole(name: str, value: int, low: int, high: int) -> None:
    """Raises: ValueError unless `value` is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; allowed: a whole number from {low} to {high}")


def check_among(name: str, value: Any, allowed: Iterable[Any]) -> None:
    """Raises: ValueError unless `value` is one of `allowed`."""
    options = list(allowed)
    if value not in options:
        raise ValueError(f"{name} is {value!r}; allowed: {', '.join(map(repr, options))}")
