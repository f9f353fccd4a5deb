"""The explorers without a browser: moving a control must change the picture's data to what the closed form says."""

import asyncio
import base64
import html
import math
import os
import re

import ipywidgets as widgets
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_lib import document, interactive
from course_lib.data import load_dataset
from course_lib.flow_matching import FlowMatching
from course_lib.lessons.lesson05.explore_attention import LAYERS, attention_explorer, queries_keys_values
from course_lib.lessons.shared.explorer import Explorer
from course_lib.lessons.lesson10.explore_guidance import GuidanceExplorer, steps_of
from course_lib.lessons.shared.explore_noising import image_of_class, noise_of, noising_explorer
from course_lib.lessons.lesson01.explore_time_embedding import time_embedding_explorer
from course_lib.lessons.shared.explore_trajectory import trajectory_explorer, walk
from course_lib.lessons.lesson07.explore_unet import DOCUMENT, unet_explorer
from course_lib.lessons.lesson07.unet_costs import unet_bill
from course_lib.lessons.shared.legibility import troubles
from course_lib.lessons.lesson12.figures import kept_per_image
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.self_attention import attention_weights, split_heads
from course_lib.skips import skip_channels
from course_lib.tracing import trace
from course_lib.unet import UNet

WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = b"\x89PNG"


def pictures_in(explorer: Explorer) -> list[np.ndarray]:
    """The images in the figure that is shown, in order."""
    return [np.asarray(image.get_array()) for axes in explorer.picture.figure.axes for image in axes.images]


def words_in(explorer: Explorer) -> str:
    """Every text in the figure that is shown."""
    return "\n".join(text.get_text() for axes in explorer.picture.figure.axes for text in axes.texts)


def all_widgets(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(part for child in getattr(widget, "children", ()) for part in all_widgets(child))]


def short_walk() -> Explorer:
    return trajectory_explorer(walk("flow", 4, (9, 1), 1.0, 0))


EXPLORERS = {
    "time_embedding": time_embedding_explorer,
    "noising": noising_explorer,
    "attention": attention_explorer,
    "unet": unet_explorer,
    "trajectory": short_walk,
    "guidance": lambda: GuidanceExplorer(num_steps=2),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_is_labelled_and_the_picture_has_words(name):
    explorer = EXPLORERS[name]()
    controls = [
        widget
        for widget in all_widgets(explorer)
        if isinstance(widget, widgets.ValueWidget | widgets.Button) and not isinstance(widget, widgets.HTML)
    ]
    assert controls
    for control in controls:
        assert control.description
        assert control.tooltip or isinstance(control, widgets.IntProgress)
    data, alt = re.match(r'<img src="data:image/png;base64,(.*?)" alt="(.*?)" width', explorer.image.value).groups()
    assert base64.b64decode(data).startswith(PNG)
    assert html.unescape(alt) == explorer.picture.alt
    assert len(alt) > 40
    assert 'role="status"' in explorer.words.value


@pytest.mark.parametrize("dim", [8, 64])
def test_the_time_embedding_is_the_closed_form(dim):
    explorer = time_embedding_explorer(t=10, dim=dim)
    before = explorer.image.value
    explorer.controls["t"].value = 321
    assert explorer.image.value != before
    left, right = explorer.picture.figure.axes
    freqs = [10000 ** (-2 * i / dim) for i in range(dim // 2)]
    sines, cosines = left.lines[0].get_ydata(), left.lines[1].get_ydata()
    np.testing.assert_allclose(sines, [math.sin(321 * freq) for freq in freqs], atol=1e-4)
    np.testing.assert_allclose(cosines, [math.cos(321 * freq) for freq in freqs], atol=1e-4)
    expected = [2 / dim * sum(math.cos(freq * (other - 321)) for freq in freqs) for other in range(1000)]
    np.testing.assert_allclose(right.lines[0].get_ydata(), expected, atol=1e-4)


def test_a_narrow_time_embedding_has_a_far_time_for_its_neighbour():
    explorer = time_embedding_explorer(t=500, dim=8)
    similar = np.array(explorer.picture.figure.axes[1].lines[0].get_ydata())
    similar[500] = -1
    assert f"the most similar other step is {similar.argmax()} " in explorer.picture.caption
    assert abs(int(similar.argmax()) - 500) > 1


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


@pytest.mark.parametrize("layer", LAYERS)
def test_attention_maps_are_the_weights_of_the_trained_network(layer):
    explorer = attention_explorer(row=1, column=1)
    explorer.set(layer=layer, row=5, column=2, t=0.6)
    trained = shipped_model("flow")
    attention, caught = trained.model.get_submodule(layer), []
    x_t = 0.4 * image_of_class(8) + 0.6 * noise_of(0)
    hook = attention.register_forward_pre_hook(lambda module, args: caught.append(args[0]))
    with torch.no_grad():
        trained.model(x_t, torch.tensor([600.0]), torch.tensor([8]))
        hook.remove()
        q, k, _ = attention.qkv(attention.norm(caught[0])).flatten(2).reshape(3, attention.num_heads, -1, 64).mT
        # a weighted mean of unit vectors is the weights themselves
        weights = F.scaled_dot_product_attention(q, k, torch.eye(64).expand(attention.num_heads, -1, -1))
    noisy, *maps = pictures_in(explorer)
    np.testing.assert_allclose(noisy, x_t[0, 0].clamp(-1, 1), atol=1e-6)
    assert len(maps) == attention.num_heads
    for head, shown in enumerate(maps):
        np.testing.assert_allclose(shown.flatten(), weights[head, 5 * 8 + 2], atol=1e-5)
    strongest = int(weights[0, 42].argmax())
    assert f"to row {strongest // 8}, column {strongest % 8}" in explorer.picture.caption


CONFIGURATIONS = [
    (64, (1, 2, 4), 2, (8,), 32),
    (16, (1, 2), 1, (16,), 32),
    (8, (1, 2, 2), 3, (), 16),
    (32, (1, 2, 4, 8), 1, (16, 8), 64),
]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_the_bill_is_what_tracing_measures(configuration):
    base, mults, blocks, attention, size = configuration
    with torch.device("meta"):
        model = UNet(
            base_channels=base,
            channel_mults=mults,
            num_res_blocks=blocks,
            attention_resolutions=attention,
            image_size=size,
        )
    rows, bill = trace(model, 1, size), unet_bill(*configuration)
    assert bill.total.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert bill.total.multiply_adds == sum(row.multiply_adds for row in rows)
    for level in bill.levels:
        here = [row for row in rows if row.section != "EMBEDDINGS" and row.inputs[0][-2] == level.height]
        assert level.costs.multiply_adds == sum(row.multiply_adds for row in here)
        assert level.costs.parameters == sum(row.parameters for row in here)
    assert [channels for level in bill.levels for channels in level.skips] == skip_channels(base, mults, blocks)
    if size == 32:  # the measurement's own size; the label and its mask are 9 bytes that the bill leaves out
        assert bill.total.kept == pytest.approx(kept_per_image(model), abs=16)


def test_the_unet_explorer_follows_its_controls_and_goes_back_to_the_document():
    explorer = unet_explorer()
    assert explorer.picture.caption.startswith(f"{document.PARAMETERS:,} parameters")
    explorer.controls["base_channels"].value = 32
    explorer.controls["channel_mults"].value = (1, 2)
    explorer.controls["num_res_blocks"].value = 1
    explorer.controls["attention_resolutions"].value = (8,)
    small = UNet(base_channels=32, channel_mults=(1, 2), num_res_blocks=1)
    assert explorer.picture.caption.startswith(f"{sum(p.numel() for p in small.parameters()):,} parameters")
    assert "No level is 8 pixels high" in explorer.picture.caption
    assert "64 channels, 16x16" in words_in(explorer)
    button = next(widget for widget in all_widgets(explorer) if isinstance(widget, widgets.Button))
    button.click()
    assert explorer.values() == DOCUMENT
    assert explorer.picture.caption.startswith("15,776,643 parameters")
    assert "skips: 128, 256, 256" in words_in(explorer)


def test_a_setting_the_network_refuses_leaves_the_picture_and_says_why():
    explorer = unet_explorer()
    before = explorer.image.value
    explorer.controls["base_channels"].options = [64, 7]
    explorer.set(base_channels=7, channel_mults=(1, 2))
    assert explorer.image.value == before
    assert "Not possible: channels is 14; allowed: a multiple of num_heads, 4" in explorer.words.value
    explorer.set(base_channels=64, channel_mults=(1, 2, 4))
    assert "15,776,643" in explorer.words.value


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


def test_guidance_draws_to_the_end_what_the_sampler_draws():
    explorer = GuidanceExplorer(scale=3.0, label=1, seed=4, num_steps=3)
    expected = list(steps_of(3.0, 1, 4, 3))[-1].x
    np.testing.assert_allclose(pictures_in(explorer)[0], torch.cat(list(expected[:, 0]), 1).clamp(-1, 1))
    assert explorer.progress.value == explorer.progress.max == 3
    assert explorer.stop_button.disabled
    explorer.controls["seed"].value = 5
    assert "seed 5" in explorer.picture.caption


def test_stop_ends_a_drawing_before_its_last_step():
    async def stop_on_the_way() -> GuidanceExplorer:
        explorer = GuidanceExplorer(num_steps=40)
        while explorer.progress.value < 2:
            await asyncio.sleep(0)
        assert not explorer.stop_button.disabled
        explorer.stop_button.click()
        await explorer.drawing
        return explorer

    explorer = asyncio.run(stop_on_the_way())
    assert 2 <= explorer.progress.value < 40
    assert f"Stopped after step {explorer.progress.value} of 40" in explorer.words.value
    assert explorer.stop_button.disabled


def test_a_slider_that_moves_on_the_way_begins_again():
    async def change_on_the_way() -> GuidanceExplorer:
        explorer = GuidanceExplorer(num_steps=30)
        first = explorer.drawing
        while explorer.progress.value < 2:
            await asyncio.sleep(0)
        explorer.set(num_steps=2, label=1)
        await explorer.drawing
        assert first.cancelled()
        return explorer

    explorer = asyncio.run(change_on_the_way())
    assert explorer.progress.value == explorer.progress.max == 2
    assert explorer.picture.caption.startswith("Trouser, seed 0, 2 Euler steps")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("time_embedding", {"t": 1000}, "t is 1000; allowed: a whole number from 0 to 999"),
        ("time_embedding", {"dim": 7}, "dim is 7; allowed: 8, 16, 64, 256"),
        ("noising", {"t": -1}, "t is -1"),
        ("noising", {"label": 10}, "label is 10"),
        ("attention", {"row": 8}, "row is 8"),
        ("attention", {"column": 1.5}, "column is 1.5"),
        ("attention", {"t": 2}, "t is 2; allowed: from 0 to 1"),
        ("attention", {"layer": "conv_in"}, "layer is 'conv_in'"),
        ("unet", {"base_channels": 0}, "base_channels is 0"),
        ("unet", {"image_size": 30}, "image_size is 30"),
        ("trajectory", {"sampler": "heun"}, "sampler is 'heun'"),
        ("trajectory", {"num_steps": 0}, "num_steps is 0"),
        ("trajectory", {"labels": (3, 11)}, "labels is 11"),
        ("trajectory", {"labels": ()}, "labels is empty"),
        ("guidance", {"scale": 9}, "scale is 9"),
        ("guidance", {"label": True}, "label is True"),
        ("guidance", {"seed": 100}, "seed is 100"),
        ("guidance", {"num_steps": 51}, "num_steps is 51"),
    ],
)
def test_bad_arguments_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(interactive, f"explore_{name}")(**arguments)


def run_cells(folder, sources: list[str], smoke: bool) -> list[list[dict]]:
    """The outputs of each cell, run in a kernel that has no front end but the test itself."""
    environment = {key: value for key, value in os.environ.items() if key != "COURSE_SMOKE"}
    made = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(made, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env={**environment, **({"COURSE_SMOKE": "1"} if smoke else {})})
    return [cell.outputs for cell in made.cells]


def test_every_twin_shows_in_a_headless_kernel_without_a_widget(tmp_path):
    calls = [f"explore_{name}()" for name in EXPLORERS]
    _, *outputs = run_cells(tmp_path, ["from course_lib.interactive import *", *calls], smoke=True)
    for call, shown in zip(calls, outputs, strict=True):
        twins = [output for output in shown if "image/png" in output.get("data", {})]
        assert len(twins) == 1, call
        assert len(twins[0].metadata["image/png"]["alt"]) > 40, call
        printed = "".join(output.get("text", "") for output in shown if output.get("name") == "stdout")
        assert printed.startswith("Figure: "), call
        assert "Run this cell in JupyterLab" in " ".join(printed.split()), call
        # a progress bar of tqdm may be a widget too; an explorer would be a column with a picture in it
        assert "Explorer(" not in str(shown), call


def test_with_a_front_end_the_widget_follows_its_twin(tmp_path):
    source = "from course_lib.lessons.lesson01.explore_time_embedding import explore_time_embedding\nexplore_time_embedding()"
    (outputs,) = run_cells(tmp_path, [source], smoke=False)
    kinds = [next((kind for kind in ("image/png", WIDGET) if kind in output.get("data", {})), "") for output in outputs]
    assert kinds.index("image/png") < kinds.index(WIDGET)
    assert "Explorer(" in str(outputs)


def test_what_lesson_05_says_about_the_trained_heads_is_so():
    on_bag = (F.adaptive_avg_pool2d(image_of_class(8)[:, :1], 8)[0, 0] > 0).flatten()
    assert int(on_bag.sum()) == 20

    def weights_of(layer: str) -> torch.Tensor:
        q, k, _ = split_heads(*queries_keys_values(0.3, layer))
        return attention_weights(q, k)[0]

    to_bag = weights_of("decoder.0.attentions.1")[:, :, on_bag].sum(dim=-1)
    assert [f"{share:.2f}" for share in to_bag[:, on_bag].mean(dim=1).sort().values[[0, -1]]] == ["0.52", "0.83"]
    assert [f"{share:.2f}" for share in to_bag[:, ~on_bag].mean(dim=1).sort().values[[0, -1]]] == ["0.10", "0.29"]
    places = weights_of("mid_attention")[2].argmax(dim=-1)
    assert len(places.unique()) == 1
    assert int(places[0]) // 8 == 7


def test_what_lesson_07_says_about_attention_at_32x32_is_so():
    without, with_it = (unet_bill(64, (1, 2, 4), 2, places, 32).levels[0].costs for places in ((16, 8), (32, 16, 8)))
    assert [f"{costs.kept / 1e6:.3g}" for costs in (without, with_it)] == ["13.4", "105"]
    assert [f"{costs.multiply_adds / 1e6:.3g}" for costs in (without, with_it)] == ["571", "1.33e+03"]
    assert [f"{costs.parameters / 1e3:.0f}" for costs in (without, with_it)] == ["670", "754"]


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_picture_that_moves_is_legible(name):
    assert not list(troubles(EXPLORERS[name]().picture.figure))
