"""Exercise cat_skip (lesson 06)."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.checks.exercise import Alternative, Exercise, Misconception, Property, edited
from course_lib.checks.guard import Failure
from course_lib.checks.properties import function_works_on_any_device, keeps_random_state
from course_lib.checks.scene import Scene
from course_lib.checks.watched.cat_skip import watched
from course_lib.skips import cat_skip

Stack = list[Tensor]


# ---------------------------------------------------------------- properties


def alike(scene: Scene, count: int = 3) -> tuple[Tensor, ...]:
    """h and skips of one shape, in which every axis has another length."""
    shape = (3, scene.pick(4, 8), 5, scene.pick(6, 7))
    return tuple(scene.normal(*shape) for _ in range(count + 1))


def unlike(scene: Scene, count: int = 3, batch: int = 2) -> tuple[Tensor, ...]:
    """h and skips of different channels; the last skip never has as many as h."""
    height, width = scene.pick((4, 6), (7, 5))
    channels = [scene.pick(3, 4, 5) for _ in range(count)]
    return tuple(scene.normal(batch, each, height, width) for each in (channels[-1] + scene.pick(2, 4), *channels))


def given_text(tensors: tuple[Tensor, ...]) -> str:
    shapes = ", ".join(str(tuple(skip.shape)) for skip in tensors[1:])
    return f"cat_skip(h {tuple(tensors[0].shape)}, a list of {len(tensors) - 1} skips: {shapes})"


def returned(scene: Scene, tensors: tuple[Tensor, ...]) -> Any:
    """What the answer returned, not recorded unless it stops with an error."""
    value = scene.handle.call(None, tensors, {})
    if isinstance(value, Failure):
        scene.checked("the result", value, given_text(tensors))
    return value[0]


def see_result(scene: Scene, tensors: tuple[Tensor, ...], dtype: torch.dtype | None = None) -> Any:
    """Record what the answer returned, without the stack."""
    value = scene.handle.call(None, tensors, {}, dtype=dtype)
    if isinstance(value, Failure):
        scene.checked("the result", value, given_text(tensors))
    scene.see("the result", value[0], given_text(tensors))
    return value


def see_all(scene: Scene, tensors: tuple[Tensor, ...]) -> None:
    """Record what the answer returned, and then the stack."""
    value = see_result(scene, tensors)
    scene.see("how many skips are left on the list", len(value) - 1, given_text(tensors))
    scene.see("what is left on the list", value[1:], given_text(tensors))


def comes_back(scene: Scene) -> None:
    """Nothing is recorded of an answer that gives a value back."""
    tensors = alike(scene)
    value = scene.handle.call(None, tensors, {})
    if isinstance(value, Failure):
        scene.checked("the result", value, given_text(tensors))


def shape_of_result(scene: Scene) -> None:
    """The result itself is recorded only if its shape is another one."""
    tensors = alike(scene)
    value = returned(scene, tensors)
    B, C, H, W = tensors[0].shape
    shape = tuple(value.shape) if isinstance(value, Tensor) else "no tensor"
    scene.see("its shape", shape, given_text(tensors))
    if shape != (B, 2 * C, H, W):
        scene.see("the result", value, given_text(tensors))


def h_in_front(scene: Scene) -> None:
    """The result itself is recorded only if it does not begin with h."""
    tensors = alike(scene)
    value = returned(scene, tensors)
    h = tensors[0]
    begins = isinstance(value, Tensor) and value.shape[1:2] >= h.shape[1:2]
    begins = begins and value[:, : h.shape[1]].shape == h.shape and torch.equal(value[:, : h.shape[1]], h)
    scene.see("whether the first channels are those of h", begins, given_text(tensors))
    if not begins:
        scene.see("the result", value, given_text(tensors))


def result_of_equal_shapes(scene: Scene) -> None:
    see_result(scene, alike(scene))


def result_of_unlike_channels(scene: Scene) -> None:
    see_result(scene, unlike(scene))


def stack_afterwards(scene: Scene) -> None:
    see_all(scene, alike(scene))


def one_skip_left(scene: Scene) -> None:
    see_all(scene, alike(scene, count=1))


def long_stack(scene: Scene) -> None:
    see_all(scene, alike(scene, count=9))


def sizes_differ(scene: Scene) -> None:
    """As in the network: older skips are larger images with other channels."""
    see_all(
        scene,
        (
            scene.normal(2, 8, 3, 4),
            scene.normal(2, 4, 12, 16),
            scene.normal(2, 4, 6, 8),
            scene.normal(2, 6, 3, 4),
        ),
    )


def more_channels_in_the_skip(scene: Scene) -> None:
    see_all(scene, (scene.normal(2, 4, 3, 5), scene.normal(2, 9, 3, 5), scene.normal(2, 7, 3, 5)))


def batch_of_one(scene: Scene) -> None:
    see_all(scene, unlike(scene, batch=1))


def square_cube(scene: Scene) -> None:
    """Batch, channels, height and width all alike."""
    see_all(scene, tuple(scene.normal(4, 4, 4, 4) for _ in range(3)))


def the_same_skip_twice(scene: Scene) -> None:
    """One tensor pushed twice: only one of the two leaves."""
    first, second = scene.normal(2, 3, 4, 5), scene.normal(2, 3, 4, 5)
    see_all(scene, (scene.normal(2, 4, 4, 5), first, second, second))


def zeros_on_the_stack(scene: Scene) -> None:
    see_all(scene, (scene.normal(2, 4, 4, 5), scene.normal(2, 3, 4, 5), torch.zeros(2, 3, 4, 5)))


def gradients(scene: Scene) -> None:
    tensors = unlike(scene)
    found = scene.handle.gradients(None, tensors, {}, seed=scene.random.randrange(2**31))
    scene.see_gradients(found, given_text(tensors), tensors)


def in_float64(scene: Scene) -> None:
    value = see_result(scene, unlike(scene), dtype=torch.float64)[0]
    scene.see("its type", str(value.dtype) if isinstance(value, Tensor) else "no tensor", "float64 inputs")


# ---------------------------------------------------------------- right answers written differently


def two_lines(h: Tensor, skips: Stack) -> Tensor:
    newest = skips[-1]
    del skips[-1]
    return torch.concat((h, newest), -3)


def written_into_a_new_tensor(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop(len(skips) - 1)
    B, C, H, W = h.shape
    joined = h.new_empty(B, C + skip.shape[1], H, W)
    joined[:, :C] = h
    joined[:, C:] = skip
    return joined


def with_unpacking(h: Tensor, skips: Stack) -> Tensor:
    *older, newest = skips
    skips[:] = older
    return torch.hstack([h, newest])


def image_by_image(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop(-1)
    return torch.stack([torch.cat([mine, other]) for mine, other in zip(h, skip, strict=True)])


def padded_and_added(h: Tensor, skips: Stack) -> Tensor:
    skip = skips.pop()
    return F.pad(h, (0, 0, 0, 0, 0, skip.shape[1])) + F.pad(skip, (0, 0, 0, 0, h.shape[1], 0))


# ---------------------------------------------------------------- wrong answers

POP = "skip = skips.pop()"
CAT = "return torch.cat([h, skip], dim=1)"


def wrong(*changes: tuple[str, str]) -> Callable:
    return edited(cat_skip, *changes)


def interleaved(h: Tensor, skips: Stack) -> Tensor:
    """Wrong: a channel of h, a channel of the skip, and so on."""
    skip = skips.pop()
    shared = min(h.shape[1], skip.shape[1])
    pairs = torch.stack([h[:, :shared], skip[:, :shared]], dim=2).flatten(1, 2)
    return torch.cat([pairs, h[:, shared:], skip[:, shared:]], dim=1)


def without_cat_channels(h: Tensor, skips: Stack) -> Tensor:
    """Wrong: the skip cut to h's channels, and added."""
    skip = skips.pop()
    shared = min(h.shape[1], skip.shape[1])
    return torch.cat([h[:, :shared] + skip[:, :shared], h[:, shared:]], dim=1)


EXERCISES = (
    Exercise(
        name="cat_skip",
        reference=cat_skip,
        lesson="06",
        where='the document, section 6, "Channel Concatenation", and skip = skips.pop() in "Full Forward Pass"',
        watched=watched,
        properties=(
            Property("comes_back", "it comes back with a tensor", comes_back),
            Property(
                "another_shape",
                "the result has the channels of h and of the skip together, and the other axes of both",
                shape_of_result,
                "Your result has another shape. (B, C, H, W) and (B, C_skip, H, W) become (B, C + C_skip, H, W): "
                "only the channels get more.",
            ),
            Property(
                "h_not_in_front",
                "the first channels of the result are those of h, unchanged",
                h_in_front,
                "The shape is right, and the first channels are not those of h as it came in. h goes in front, and "
                "nothing is computed with it.",
            ),
            Property(
                "not_the_newest_skip",
                "behind h come the channels of the newest skip, unchanged",
                result_of_equal_shapes,
                "h stands in front as it should, but what follows is not the newest skip as the encoder left it. "
                "skips.pop() gives it, and nothing is computed with it.",
            ),
            Property(
                "assumes_equal_channels",
                "it works when h and the skip have different channels, as in 256+128",
                result_of_unlike_channels,
                "With equally many channels in h and the skip you are right, with 256 and 128 you are not. The "
                "channels lie side by side, so nothing has to match there.",
            ),
            Property(
                "stack_not_one_shorter",
                "exactly the newest skip has left the list, and the others stay in their order",
                stack_afterwards,
                "The result is right, but the list is not what it should be afterwards. The skip you used has to leave "
                "it, and only that one: the next block pops the next.",
            ),
            Property(
                "fails_for_the_last_skip",
                "the last skip can be taken, too, and leaves an empty list",
                one_skip_left,
                "With one skip on the list your code goes wrong. Nothing is special about the last one: the list is "
                "empty afterwards.",
            ),
            Property(
                "fails_for_a_long_stack",
                "it works for nine skips, as in the document",
                long_stack,
                "With nine skips on the list your code goes wrong. The newest is skips[-1], however many there are.",
            ),
            Property(
                "looks_at_older_skips",
                "older skips may have any other size and channels",
                sizes_differ,
                "Older skips are larger images, and your code stumbles over them. Only the newest one is used: do not "
                "touch the others.",
            ),
            Property(
                "assumes_a_narrow_skip",
                "the skip may have more channels than h",
                more_channels_in_the_skip,
                "A skip with more channels than h goes wrong. Any two numbers of channels can lie side by side.",
            ),
            Property(
                "fails_for_a_batch_of_one",
                "a batch of one keeps its axis",
                batch_of_one,
                "With a single image your code goes wrong. Is the batch axis squeezed away, or a size written out?",
            ),
            Property(
                "confuses_equal_axes",
                "axis 1 is the channels, also when all axes are of one length",
                square_cube,
                "Where all four axes have the same length you join the wrong one. Do not look for the axis by its "
                "size: channels are dim=1.",
            ),
            Property(
                "removes_by_value",
                "if the same tensor stands on the list twice, one of the two stays",
                the_same_skip_twice,
                "You take skips away by comparing them, and more than one, or the wrong one, leaves. pop() takes the "
                "last, whatever is in it.",
            ),
            Property(
                "judges_by_value",
                "a skip of zeros is a skip like any other",
                zeros_on_the_stack,
                "A skip of zeros is treated otherwise than the rest. What is in it is none of this function's "
                "business.",
            ),
            Property(
                "gradients_cut",
                "gradients flow back through h and through the skip",
                gradients,
                "The values are right, and gradients do not reach h or the skip (.detach(), .data, torch.no_grad()). "
                "The skips are the encoder's shortest way to the loss: cut them, and its first layers hardly learn.",
            ),
            Property(
                "assumes_float32",
                "float64 comes out where float64 went in",
                in_float64,
                "Your code falls back to float32 (.float(), or a tensor made without dtype).",
            ),
            function_works_on_any_device(unlike),
            keeps_random_state(arguments=unlike),
        ),
        misconceptions=(
            Misconception(
                "first_in_first_out",
                "pop(0) takes the *oldest* skip. The decoder needs the newest one, pop(): last in, first out. Where "
                "the shapes agree, no error would ever tell you.",
                wrong((POP, "skip = skips.pop(0)")),
            ),
            Misconception(
                "skip_stays_on_the_list",
                "You use skips[-1] and leave it on the list (skips = skips[:-1] only gives a new list another name). "
                "The next block would get the same skip again. pop() takes it away.",
                wrong((POP, "skip = skips[-1]")),
            ),
            Misconception(
                "oldest_stays_on_the_list",
                "skips[0] is the oldest skip, and it stays on the list, too. Take the newest away: pop().",
                wrong((POP, "skip = skips[0]")),
            ),
            Misconception(
                "another_one_leaves",
                "You use the newest skip, and a different one leaves the list: the oldest.",
                wrong((POP, "skip = skips[-1]\n    skips.pop(0)")),
            ),
            Misconception(
                "used_oldest_removed_newest",
                "You use the oldest skip, skips[0], while pop() throws the newest away unused.",
                wrong((POP, "skip = skips[0]\n    skips.pop()")),
            ),
            Misconception(
                "popped_twice",
                "You pop twice: once to look, once to use. Each pop() takes one away, so the newest is lost and the "
                "second newest is used.",
                wrong((POP, "skip = skips.pop()\n    skip = skips.pop() if skips else skip")),
            ),
            Misconception(
                "popped_twice_used_newest",
                "You use the right skip, and a second one leaves the list unused. One block, one skip.",
                wrong((POP, "skip = skips.pop()\n    if skips: skips.pop()")),
            ),
            Misconception(
                "second_newest",
                "You take the second newest, pop(-2). The newest is the last of the list, pop() or pop(-1).",
                wrong((POP, "skip = skips.pop(-2 if len(skips) > 1 else -1)")),
            ),
            Misconception(
                "second_oldest",
                "You take the skip at index 1. Python counts from the front; the newest is at index -1.",
                wrong((POP, "skip = skips.pop(1 if len(skips) > 1 else 0)")),
            ),
            Misconception(
                "list_cleared",
                "You empty the whole list after the first use. Eight other blocks still wait for their skips.",
                wrong((POP, "skip = skips[-1]\n    skips.clear()")),
            ),
            Misconception(
                "all_at_once",
                "You join all skips to h at once. Each block gets one: the newest.",
                wrong((CAT, "return torch.cat([h, *skips, skip], dim=1)")),
            ),
            Misconception(
                "all_at_once_newest_first",
                "You join every skip to h, the newest first. Each block gets exactly one of them.",
                wrong((CAT, "return torch.cat([h, skip, *skips[::-1]], dim=1)")),
            ),
            Misconception(
                "skip_in_front",
                "You put the skip before h. The document writes cat([h, skip]). Both have the same shape, and the next "
                "convolution's weights would meet the wrong channels.",
                wrong((CAT, "return torch.cat([skip, h], dim=1)")),
            ),
            Misconception(
                "along_the_batch",
                "You joined along dim=0, the batch: twice as many images. Channels are dim=1.",
                wrong((CAT, "return torch.cat([h, skip], dim=0)")),
            ),
            Misconception(
                "along_the_height",
                "You joined along dim=2: one image under the other. Channels are dim=1.",
                wrong((CAT, "return torch.cat([h, skip], dim=2)")),
            ),
            Misconception(
                "along_the_width",
                "You joined along the last axis: one image beside the other. In (B, C, H, W) the channels are dim=1, "
                "not -1.",
                wrong((CAT, "return torch.cat([h, skip], dim=-1)")),
            ),
            Misconception(
                "stacked",
                "torch.stack makes a *new* axis, and a convolution cannot take five. torch.cat makes an axis longer.",
                wrong((CAT, "return torch.stack([h, skip], dim=1)")),
            ),
            Misconception(
                "not_in_one_list",
                "torch.cat takes its tensors in *one* argument, a list or tuple: torch.cat([h, skip], dim=1).",
                wrong((CAT, "return torch.cat(h, skip, dim=1)")),
            ),
            Misconception(
                "stacked_in_front",
                "You stacked h and skip on a new first axis. torch.cat(..., dim=1) joins them along the channels "
                "that are there.",
                wrong((CAT, "return torch.stack([h, skip])")),
            ),
            Misconception(
                "added",
                "You added the skip to h. That is what a *residual* connection does. Here the two lie side by side, so "
                "that the next block can weigh them separately.",
                wrong((CAT, "return h + skip")),
            ),
            Misconception(
                "added_where_channels_meet",
                "You cut the skip to h's channels and added it. Nothing is added here: C + C_skip channels come out.",
                without_cat_channels,
            ),
            Misconception(
                "averaged",
                "You took the mean of h and the skip. Keep both: C + C_skip channels.",
                wrong((CAT, "return (h + skip) / 2")),
            ),
            Misconception(
                "multiplied",
                "You multiplied h with the skip. They are joined, not computed with.",
                wrong((CAT, "return h * skip")),
            ),
            Misconception(
                "subtracted",
                "You subtracted one from the other. Joining leaves both as they are.",
                wrong((CAT, "return h - skip")),
            ),
            Misconception(
                "scaled_by_root_two",
                "You divide by the root of two. Some networks do, the document does not: it only joins.",
                wrong((CAT, "return torch.cat([h, skip], dim=1) / 2**0.5")),
            ),
            Misconception(
                "skip_scaled",
                "You scale the skip by 1/sqrt(2) before joining. A known trick, and not the document's.",
                wrong((CAT, "return torch.cat([h, skip / 2**0.5], dim=1)")),
            ),
            Misconception(
                "removed_by_comparing",
                "skips.remove(skip) looks for the skip by comparing tensors, and torch cannot say whether two tensors "
                "are equal with one True or False. pop() takes the last away without looking at it.",
                wrong((POP, "skip = skips[-1]\n    skips.remove(skip)")),
            ),
            Misconception(
                "halved",
                "You halve the joined tensor. That is left over from a mean: joining changes no number.",
                wrong((CAT, CAT + " / 2")),
            ),
            Misconception(
                "sum_behind_h",
                "Behind h you put the sum of h and the skip. The skip alone belongs there.",
                wrong((CAT, "return torch.cat([h, h + skip], dim=1)")),
            ),
            Misconception(
                "h_activated",
                "You passed h through an activation. The block that follows has its own; here nothing is computed.",
                wrong((CAT, "return torch.cat([torch.nn.functional.silu(h), skip], dim=1)")),
            ),
            Misconception(
                "skip_resized",
                "You resize the skip before joining. The newest skip already has the size of h: Upsample stands "
                "between levels, outside of this function.",
                wrong((POP, "skip = torch.nn.functional.interpolate(skips.pop(), scale_factor=2)")),
            ),
            Misconception(
                "skip_alone",
                "You return the skip and lose h, all that middle and decoder have worked out so far.",
                wrong((CAT, "return skip")),
            ),
            Misconception(
                "h_alone",
                "You take the skip off the list and never use it: h comes back as it went in.",
                wrong((CAT, "return h")),
            ),
            Misconception(
                "h_twice",
                "You joined h with itself. The second part should be the skip.",
                wrong((CAT, "return torch.cat([h, h], dim=1)")),
            ),
            Misconception(
                "skip_twice",
                "You joined the skip with itself. The first part should be h.",
                wrong((CAT, "return torch.cat([skip, skip], dim=1)")),
            ),
            Misconception(
                "skip_between",
                "You put the skip's channels between those of h, one by one. First come all of h, then all of the "
                "skip.",
                interleaved,
            ),
            Misconception(
                "flattened",
                "You flattened both before joining. The result keeps its four axes: (B, C + C_skip, H, W).",
                wrong((CAT, "return torch.cat([h.flatten(1), skip.flatten(1)], dim=1)")),
            ),
            Misconception(
                "skip_transposed",
                "You exchanged the skip's height and width and reshaped it back. It fits as it is.",
                wrong((POP, "skip = skips.pop()\n    skip = skip.transpose(2, 3).reshape(skip.shape)")),
            ),
            Misconception(
                "activated",
                "You passed the skip through an activation. What was pushed is what is joined, untouched.",
                wrong((POP, "skip = torch.nn.functional.silu(skips.pop())")),
            ),
            Misconception(
                "relu_on_the_skip",
                "You cut the skip's negative numbers off (ReLU). Join it as it is.",
                wrong((POP, "skip = torch.relu(skips.pop())")),
            ),
            Misconception(
                "result_pushed",
                "You push the result onto the list again. Only the encoder pushes; the decoder only takes.",
                wrong((CAT, "skips.append(torch.cat([h, skip], dim=1))\n    return skips[-1]")),
            ),
            Misconception(
                "h_pushed",
                "You push h onto the list. The encoder alone fills it; here it gets one shorter.",
                wrong((CAT, "skips.append(h)\n    return torch.cat([h, skip], dim=1)")),
            ),
            Misconception(
                "list_returned_too",
                "You return the list beside the result. It need not come back: the caller's list itself has changed.",
                wrong((CAT, "return torch.cat([h, skip], dim=1), skips")),
            ),
            Misconception(
                "skip_returned_too",
                "You return two tensors side by side in a tuple. torch.cat makes one of them.",
                wrong((CAT, "return h, skip")),
            ),
            Misconception(
                "skip_detached",
                "You detach the skip. The value is the same, and training no longer reaches the encoder through it: "
                "its shortest way to the loss is cut.",
                wrong((POP, "skip = skips.pop().detach()")),
            ),
            Misconception(
                "h_detached",
                "You detach h. Middle and decoder below would get no gradient any more.",
                wrong((CAT, "return torch.cat([h.detach(), skip], dim=1)")),
            ),
            Misconception(
                "both_detached",
                "Neither h nor the skip gets a gradient from your result: it is cut from everything before.",
                wrong((CAT, "return torch.cat([h, skip], dim=1).detach()")),
            ),
        ),
        alternatives=(
            Alternative("del_and_negative_dim", two_lines),
            Alternative("written_into_a_new_tensor", written_into_a_new_tensor),
            Alternative("unpacking_and_hstack", with_unpacking),
            Alternative("image_by_image", image_by_image),
            Alternative("padded_and_added", padded_and_added),
        ),
    ),
)
