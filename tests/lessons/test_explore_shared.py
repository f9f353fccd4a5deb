"""The explorers without a browser: moving a control must change the picture's data to what the closed form says.

Here are what holds for all of them, and those that several lessons share.
"""

import base64
import html
import importlib
import os
import re

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
import torch
from explorers import all_widgets, data_of, pictures_in, words_in
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring.source import LESSONS, SOLUTIONS
from course_lib.data import load_dataset
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.shared.explore_noising import explore_noising, image_of_class, noise_of, noising_explorer
from course_lib.lessons.shared.explore_trajectory import explore_trajectory, trajectory_explorer, walk
from course_lib.lessons.shared.explorer import as_frames
from course_lib.lessons.shared.legibility import troubles
from course_lib.lessons.shared.shipped import shipped_model

WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = b"\x89PNG"

# by file, as in explore_NAME.py
FILES = {path.stem.removeprefix("explore_"): path for path in sorted(LESSONS.glob("*/explore_*.py"))}
MODULES = {name: f"course_lib.lessons.{path.parent.name}.{path.stem}" for name, path in FILES.items()}


def explorer_of(name):
    module = importlib.import_module(MODULES[name])
    if name == "trajectory":
        return trajectory_explorer(walk("flow", 4, (9, 1), 1.0, 0))
    if name == "guidance":
        return module.GuidanceExplorer(num_steps=2)
    return getattr(module, f"{name}_explorer")()


@pytest.mark.parametrize("name", FILES)
def test_every_control_is_labelled_and_the_picture_has_words(name):
    explorer = explorer_of(name)
    controls = [
        widget
        for widget in all_widgets(explorer)
        if isinstance(widget, widgets.ValueWidget | widgets.Button) and not isinstance(widget, widgets.HTML)
    ]
    assert controls
    for control in controls:
        assert control.description
        assert control.tooltip or isinstance(control, widgets.IntProgress)
    data, alt = re.match(r'.*<img src="data:image/png;base64,(.*?)" alt="(.*?)" width', explorer.image.value).groups()
    assert base64.b64decode(data).startswith(PNG)
    assert html.unescape(alt) == explorer.picture.alt
    assert len(alt) > 40
    assert 'role="status"' in explorer.words.value


def test_the_noised_images_are_those_of_the_formulas():
    explorer = noising_explorer(t=0, label=3, seed=5)
    explorer.set(t=700, label=9)
    clean = image_of_class(9)[0, 0].double()
    noise = noise_of(5)[0, 0].double()
    data = load_dataset("fashion-mnist")
    assert (
        int(data.labels[(data.batch(torch.arange(100))[0][:, 0].double() == clean).all(dim=(1, 2)).nonzero()[0]]) == 9
    )
    alpha_bar = np.prod(1 - np.linspace(1e-4, 0.02, 1000)[:701])
    ddpm, flow = pictures_in(explorer)
    np.testing.assert_allclose(ddpm, (alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * noise).clamp(-1, 1), atol=1e-5)
    np.testing.assert_allclose(flow, (0.3 * clean + 0.7 * noise).clamp(-1, 1), atol=1e-5)


def test_noising_draws_with_the_process_it_is_given():
    class Backwards(FlowMatching):
        def interpolate(self, clean, t, noise):
            return super().interpolate(noise, t, clean)

    explorer = noising_explorer(t=0, flow=Backwards())
    np.testing.assert_allclose(pictures_in(explorer)[1], noise_of(0)[0, 0].clamp(-1, 1), atol=1e-6)


@pytest.mark.parametrize("sampler", ["flow", "ddpm", "ddim"])
def test_the_scrubber_shows_every_state_and_its_prediction(sampler):
    states = walk(sampler, 5, (9, 1, 8), 1.0, 3)
    assert len(states) == 6
    explorer = trajectory_explorer(states)
    for step, state in enumerate(states):
        explorer.controls["step"].value = step
        shown = pictures_in(explorer)
        np.testing.assert_allclose(shown[0], torch.cat(list(state.x[:, 0]), 1).clamp(-1, 1))
        if step == 0:
            assert "no prediction yet" in words_in(explorer)
        else:
            np.testing.assert_allclose(shown[1], torch.cat(list(state.clean[:, 0]), 1).clamp(-1, 1))
        away = (state.x - states[-1].x).square().mean().sqrt()
        assert f"are {away:.2f} away" in explorer.picture.caption


def test_the_walk_is_the_samplers_own():
    trained = shipped_model("flow")
    generator = torch.Generator().manual_seed(3)
    expected = trained.process.sample(
        trained.model, (2, 3, 32, 32), torch.tensor([9, 1]), num_steps=3, guidance_scale=2.0, generator=generator
    )
    torch.testing.assert_close(walk("flow", 3, (9, 1), 2.0, 3)[-1].x, expected)


@pytest.mark.parametrize(
    ("explore", "arguments", "message"),
    [
        (explore_noising, {"t": -1}, "t is -1"),
        (explore_noising, {"label": 10}, "label is 10"),
        (explore_trajectory, {"sampler": "heun"}, "sampler is 'heun'"),
        (explore_trajectory, {"num_steps": 0}, "num_steps is 0"),
        (explore_trajectory, {"labels": (3, 11)}, "labels is 11"),
        (explore_trajectory, {"labels": ()}, "labels is empty"),
    ],
)
def test_bad_arguments_are_named(explore, arguments, message):
    with pytest.raises(ValueError, match=message):
        explore(**arguments)


def run_cells(folder, sources: list[str], smoke: bool) -> list[list[dict]]:
    """The outputs of each cell, run in a kernel that has no front end but the test itself."""
    environment = {key: value for key, value in os.environ.items() if key != "COURSE_SMOKE"}
    made = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(made, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env={**environment, **({"COURSE_SMOKE": "1"} if smoke else {})})
    return [cell.outputs for cell in made.cells]


def test_every_still_shows_in_a_headless_kernel_without_a_widget(tmp_path):
    calls = [f"explore_{name}()" for name in FILES]
    imports = "\n".join(f"from {MODULES[name]} import explore_{name}" for name in FILES)
    _, *outputs = run_cells(tmp_path, [imports, *calls], smoke=True)
    for call, shown in zip(calls, outputs, strict=True):
        stills = [output.data for output in shown if "<figure" in output.get("data", {}).get("text/html", "")]
        assert len(stills) == 1, call
        assert len(re.search('alt="(.*?)"', stills[0]["text/html"])[1]) > 40, call
        printed = stills[0]["text/plain"]
        assert printed.startswith("Figure: "), call
        assert "Run this cell in JupyterLab" in " ".join(printed.split()), call
        # a progress bar of tqdm may be a widget too; an explorer would be a column with a picture in it
        assert "Explorer(" not in str(shown), call


SMALL = """
from course_lib.lessons.lesson01 import explore_time_embedding as lesson
lesson.FRAMES = {"t": (0, 500, 640), "dim": (8, 64)}
"""
EXPLORE = "lesson.explore_time_embedding()"


@pytest.fixture(scope="module")
def live_and_stored(tmp_path_factory):
    """What one explorer leaves in a notebook, for a learner and by the build."""
    stored = f'import os\nos.environ["COURSE_STORED"] = "1"\n{EXPLORE}'
    _, *outputs = run_cells(tmp_path_factory.mktemp("kernel"), [SMALL, EXPLORE, stored], smoke=False)
    return [one for shown in outputs for one in (output.data for output in shown if "data" in output)]


def test_with_a_front_end_there_is_the_widget_and_no_still_above_it(live_and_stored):
    shown, _ = live_and_stored
    assert "model_id" in shown[WIDGET]
    # what programs without widgets show of a saved notebook: the picture it began with
    assert shown["text/html"].count("<img") == 1
    assert "<script" not in shown["text/html"]
    assert shown["text/plain"].startswith("Run this cell")


def test_the_build_stores_a_still_and_the_explorers_own_pictures_behind_it(live_and_stored):
    _, shown = live_and_stored
    assert WIDGET not in shown
    still, script = shown["text/html"].split("<script>")
    assert re.search('alt="For t = 1, 500, 999, (.*?)"', still)
    data = data_of(script)
    assert [(axis["label"], axis["values"], axis["start"]) for axis in data["axes"]] == [
        ("time t", ["0", "500", "640"], 1),
        ("width dim", ["8", "64"], 1),
    ]
    explorer = explorer_of("time_embedding")
    settings = [(t, dim) for t in (0, 500, 640) for dim in (8, 64)]
    assert len(data["words"]) == len(data["alts"]) == len(settings)
    for (t, dim), words, alt in zip(settings, data["words"], data["alts"], strict=True):
        explorer.set(t=t, dim=dim)
        assert (words, alt) == (explorer.picture.caption, explorer.picture.alt)


@pytest.mark.parametrize("name", FILES)
def test_a_picture_for_some_values_is_the_one_that_moving_there_shows(name):
    explorer = explorer_of(name)
    control, control_name = next((control, name) for name, control in explorer.controls.items())
    there = control.options[0] if hasattr(control, "options") else control.max
    made = explorer.picture_of(**{control_name: there})
    assert made.caption != explorer.picture.caption
    explorer.set(**{control_name: there})
    assert (made.caption, made.alt) == (explorer.picture.caption, explorer.picture.alt)
    for one, other in zip(made.figure.axes, explorer.picture.figure.axes, strict=True):
        for drawn, again in zip(one.images, other.images, strict=True):
            np.testing.assert_array_equal(drawn.get_array(), again.get_array())
        for drawn, again in zip(one.lines, other.lines, strict=True):
            np.testing.assert_array_equal(drawn.get_xydata(), again.get_xydata())


@pytest.mark.parametrize("path", sorted(SOLUTIONS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_stored_lesson_has_pictures_for_every_explorer_and_stays_small(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    scripts = []
    for cell in cells:
        shown = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        calls = re.findall(r"^explore_\w+\(", cell.source, re.MULTILINE)
        stored = re.findall("<script>.*?</script>", shown, re.DOTALL)
        assert len(stored) == len(calls), cell.source
        scripts += stored
    assert sum(map(len, scripts)) <= 400_000
    assert path.stat().st_size < 3_000_000


def test_a_control_that_begins_at_no_stored_value_is_named():
    with pytest.raises(ValueError, match="time t is 500; allowed: 1, 2"):
        as_frames(explorer_of("time_embedding"), {"t": (1, 2)})


@pytest.mark.parametrize("name", FILES)
def test_the_picture_that_moves_is_legible(name):
    assert not list(troubles(explorer_of(name).picture.figure))
