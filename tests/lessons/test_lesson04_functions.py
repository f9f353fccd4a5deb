"""conv_output_size and overlap_counts against torch's own layers, and the two resampling layers against each other."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from helpers import assert_close, perturb, randn

from course_lib import Downsample, Upsample
from course_lib.warm_ups import conv_output_size, overlap_counts

WINDOWS = [
    (size, kernel_size, stride, padding)
    for size in (1, 4, 7, 8, 33)
    for kernel_size in (1, 2, 3, 4, 5)
    for stride in (1, 2, 3)
    for padding in (0, 1, 2)
    if size + 2 * padding >= kernel_size
]


@pytest.mark.parametrize(("size", "kernel_size", "stride", "padding"), WINDOWS)
def test_conv_output_size_is_what_torch_leaves(size: int, kernel_size: int, stride: int, padding: int) -> None:
    left = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size), stride=stride, padding=padding)
    assert conv_output_size(size, kernel_size, stride, padding) == left.shape[-1]


def test_conv_output_size_has_the_defaults_of_torch() -> None:
    assert conv_output_size(9, 4) == F.conv1d(torch.zeros(1, 1, 9), torch.zeros(1, 1, 4)).shape[-1]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_overlap_counts_is_a_transposed_convolution_of_ones(size: int, kernel_size: int, stride: int) -> None:
    ones = F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel_size), stride=stride)
    counts = overlap_counts(size, kernel_size, stride)
    assert counts.dtype == torch.int64
    assert_close(counts, ones.flatten().long())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conv_output_size(0, 3), "size is 0; allowed"),
        (lambda: conv_output_size(8, 2.0), "kernel_size is 2.0; allowed"),
        (lambda: conv_output_size(8, 3, stride=0), "stride is 0; allowed"),
        (lambda: conv_output_size(8, 3, padding=-1), "padding is -1; allowed: a whole number of at least 0"),
        (lambda: conv_output_size(3, 6, padding=1), "kernel_size is 6; allowed: at most 5"),
        (lambda: overlap_counts(0, 3, 2), "size is 0; allowed"),
        (lambda: overlap_counts(4, True, 2), "kernel_size is True; allowed"),
        (lambda: overlap_counts(4, 3, -1), "stride is -1; allowed"),
    ],
)
def test_bad_numbers_are_refused_by_name(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_the_gradient_of_a_strided_convolution_overlaps_like_its_transpose() -> None:
    x = torch.zeros(1, 1, 9, requires_grad=True)
    F.conv1d(x, torch.ones(1, 1, 3), stride=2).sum().backward()
    assert_close(x.grad.flatten().long(), overlap_counts(4, 3, 2))


def test_downsample_is_the_convolution_at_every_second_pixel() -> None:
    layer, x = perturb(Downsample(3).double()), randn(2, 3, 6, 10)
    every_pixel = F.conv2d(x, layer.conv.weight, layer.conv.bias, padding=1)
    assert_close(layer(x), every_pixel[..., ::2, ::2], atol=1e-12)


def test_upsample_with_a_tent_for_a_kernel_is_bilinear_interpolation() -> None:
    layer, x = Upsample(1).double(), randn(1, 1, 5, 7)
    tent = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4
    with torch.no_grad():
        layer.conv.weight.copy_(torch.outer(tent, tent)[None, None])
        layer.conv.bias.zero_()
    bilinear = F.interpolate(x, scale_factor=2, mode="bilinear")
    assert_close(layer(x)[..., 1:-1, 1:-1], bilinear[..., 1:-1, 1:-1], atol=1e-12)
