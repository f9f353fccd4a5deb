"""Lesson 05: the attention maps behind the sliders are the trained network's own."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from explorers import pictures_in

from course_lib.lessons.lesson05.explore_attention import (
    LAYERS,
    attention_explorer,
    explore_attention,
    queries_keys_values,
)
from course_lib.lessons.shared.explore_noising import image_of_class, noise_of
from course_lib.lessons.shared.shipped import shipped_model
from course_lib.self_attention import attention_weights, split_heads


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"row": 8}, "row is 8"),
        ({"column": 1.5}, "column is 1.5"),
        ({"t": 2}, "t is 2; allowed: from 0 to 1"),
        ({"layer": "conv_in"}, "layer is 'conv_in'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        explore_attention(**arguments)


def test_what_lesson_05_says_about_the_trained_heads_is_so():
    on_bag = (F.adaptive_avg_pool2d(image_of_class(8)[:, :1], 8)[0, 0] > 0).flatten()
    assert int(on_bag.sum()) == 20

    def weights_of(layer: str) -> torch.Tensor:
        q, k, _ = split_heads(*queries_keys_values(0.3, layer))
        return attention_weights(q, k)[0]

    to_bag = weights_of("decoder.0.attentions.1")[:, :, on_bag].sum(dim=-1)
    assert [f"{share:.2f}" for share in to_bag[:, on_bag].mean(dim=1).sort().values[[0, -1]]] == ["0.38", "0.77"]
    assert [f"{share:.2f}" for share in to_bag[:, ~on_bag].mean(dim=1).sort().values[[0, -1]]] == ["0.14", "0.36"]
    places = weights_of("mid_attention")[1].argmax(dim=-1)
    assert int((places // 8 == 7).sum()) == 63
    assert int(places.mode().values) // 8 == 7
    assert int((places == places.mode().values).sum()) == 53
