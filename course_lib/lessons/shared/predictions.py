"""Predictions: a question's options as buttons, and what came out, for those who have answered.

my_prediction = predict("more", "as many", "fewer", mine=...)     # buttons; without them, mine=2 or mine="as"
verdict(what_came_out, my_prediction)                             # silent for who has not predicted
"""

import textwrap
from typing import Any

from IPython import get_ipython
from markupsafe import Markup

from course_lib.checks.verdict import LINE
from course_lib.lessons.shared.show import smoke

# the widgets' own buttons keep a long option on one line and reach beyond the page
STYLE = (
    "<style>.uc-prediction.widget-vbox, .uc-prediction .widget-toggle-buttons {max-width: 100%; min-width: 0}"
    ".uc-prediction .widget-toggle-buttons {height: auto; flex-wrap: wrap}"
    ".uc-prediction .widget-toggle-buttons .jupyter-button {max-width: 100%; height: auto; white-space: normal;"
    " line-height: 1.4; padding: 0.3em 0.7em; overflow-wrap: anywhere; text-align: left}</style>"
)
ANSWER = Markup('<p class="uc-answer" role="status" data-answer="{}">{}</p>')


class Prediction:
    """A question's options, and the one that was chosen.

    Attributes:
        options: the wordings to choose from.
        choice: the chosen one; None as long as there is none.
        truth: what came out; None as long as that is not known.
    """

    def __init__(self, *options: Any) -> None:
        self.options = tuple(map(str, options))
        self.choice: str | None = None
        self.truth: str | None = None

    def choose(self, mine: Any) -> None:
        """Take an option by its wording, its number from 1 on, or how it begins; case and quotes do not matter.

        Raises: ValueError that lists the options, if it is none of them or could be several.
        """
        given = "" if mine is None else plain(mine)
        whole = [option for option in self.options if plain(option) == given]
        by_number = [option for number, option in enumerate(self.options, 1) if str(number) == given]
        begun = [option for option in self.options if given and plain(option).startswith(given)]
        found = whole or by_number or begun
        if len(found) != 1:
            raise ValueError(f"mine is {mine!r}; allowed: {self.listed()}")
        self.choice = found[0]

    def listed(self) -> str:
        """ "1: more, 2: less" """
        return ", ".join(f"{number}: {option}" for number, option in enumerate(self.options, 1))

    def answer(self) -> str:
        """What to say of it: "" as long as it is not chosen, or not known what came out."""
        if self.choice is None or self.truth is None:
            return ""
        return sentence(self.truth, self.choice)


def predict(*options: Any, mine: Any = ...) -> Prediction:
    """Ask for a prediction: show the options as buttons where somebody can click them.

    Args:
        options: at least two.
        mine: the choice of who writes it: an option's wording, its number, or how it begins.
    """
    asked = Prediction(*options)
    if mine is not ...:
        try:
            asked.choose(mine)
        except ValueError as error:
            print(textwrap.fill(f"{error}.", LINE))
    if getattr(get_ipython(), "kernel", None) is None:
        print(textwrap.fill(asked.listed(), LINE))
    elif not smoke():
        from IPython.display import display

        display(buttons(asked))
    return asked


def buttons(asked: Prediction) -> Any:
    """A widget: the options, and below them what came out, once both that and the choice are known.

    To those who listen, the buttons tell neither what they belong to nor which one is pressed: so each one's tooltip
    names the question, and the sentence below repeats the choice.
    """
    import ipywidgets as widgets

    choice = widgets.ToggleButtons(
        options=asked.options,
        value=asked.choice,
        description="My prediction:",
        tooltips=[f"My prediction: {option}" for option in asked.options],
        style={"description_width": "initial", "button_width": "auto"},
    )
    words = widgets.HTML()

    def clicked(change: dict) -> None:
        asked.choice = change["new"]
        said = asked.answer() or f"Noted: {asked.choice}. The cells below have the answer."
        words.value = Markup('<div role="status">{}</div>').format(said)

    choice.observe(clicked, "value")
    style = widgets.HTML(STYLE, layout=widgets.Layout(display="none"))
    made = widgets.VBox([choice, words, style])
    made.add_class("uc-prediction")
    return made


def verdict(truth: Any, prediction: Any) -> None:
    """Say whether a prediction was right, kindly: to be wrong before an experiment is how one learns from it.

    Args:
        truth: what came out.
        prediction: what `predict` gave, or the wording itself; where nothing was chosen, nothing is said, until it is.
    """
    if isinstance(prediction, Prediction):
        prediction.truth = str(truth)
        text = prediction.answer()
    else:
        text = "" if prediction is ... else sentence(str(truth), str(prediction))
    if not text:
        return
    if getattr(get_ipython(), "kernel", None) is None:
        print(textwrap.fill(text, LINE))
        return
    from IPython.display import display

    display({"text/plain": f"{textwrap.fill(text, LINE)}\n", "text/html": ANSWER.format(truth, text)}, raw=True)


def sentence(truth: str, choice: str) -> str:
    if plain(choice) == plain(truth):
        return f"As you predicted: {truth}."
    return f"You predicted {choice}. It is: {truth}. Worth a moment: what made the other answer look right?"


def plain(text: Any) -> str:
    """A wording without what does not matter in it.

    >>> plain(' "Under  20 seconds." ')
    'under 20 seconds'
    """
    return " ".join(str(text).split()).strip("\"'`. ").casefold()
