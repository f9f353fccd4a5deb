"""Nothing a learner's code does may raise out of a check, hang it or disturb the notebook."""

import inspect
import random
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

import course_lib
from course_lib.checks import CheckResult, check, examine
from course_lib.checks.mistakes import edited
from course_lib.checks.registry import exercises


def block(forward, init=None):
    """The reference's ResidualBlock with another forward (and __init__)."""
    members = {"forward": forward} | ({"__init__": init} if init else {})
    return type("ResidualBlock", (course_lib.ResidualBlock,), members)


def right(self, x, emb):
    return course_lib.ResidualBlock.forward(self, x, emb)


def raises(self, x, emb):
    raise KeyError("h")


def exits(self, x, emb):
    sys.exit(3)


def recurses(self, x, emb):
    return self(x, emb)


def loops(self, x, emb):
    while True:
        pass


def loops_and_catches(self, x, emb):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
        if self.bored():
            return x


def sleeps(self, x, emb):
    time.sleep(100)


def nan(self, x, emb):
    return right(self, x, emb) * float("nan")


def in_place(self, x, emb):
    out = right(self, x, emb)
    x *= 2
    return out


def returns_nothing(self, x, emb):
    right(self, x, emb)


def returns_an_object(self, x, emb):
    return object()


def returns_text(self, x, emb):
    return "done"


def returns_a_list(self, x, emb):
    return [right(self, x, emb)]


def wrong_signature(self):
    return None


def reseeds(self, x, emb):
    torch.manual_seed(0)
    return right(self, x, emb)


def changes_everything(self, x, emb):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    random.seed(0)
    np.random.seed(0)
    return right(self, x, emb) + 1


NAMED = {
    in_place: "changes_its_input",
    loops: "endless_loop",
    sleeps: "endless_loop",
    returns_nothing: "returns_nothing",
    reseeds: "reseeds_the_random_state",
}


@pytest.mark.parametrize(
    "forward",
    [
        raises,
        exits,
        recurses,
        loops,
        loops_and_catches,
        sleeps,
        nan,
        in_place,
        returns_nothing,
        returns_an_object,
        returns_text,
        returns_a_list,
        wrong_signature,
        reseeds,
        changes_everything,
    ],
    ids=lambda forward: forward.__name__,
)
def test_bad_behaviour_is_answered_with_a_sentence(forward, capsys):
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    loops_and_catches.__globals__["bored_at"] = time.monotonic() + 5
    answer = block(forward)
    answer.bored = lambda self: time.monotonic() > loops_and_catches.__globals__["bored_at"]
    result = examine(answer)
    assert result.status == "failed"
    assert len(result.message) > 40
    if forward in NAMED:
        assert result.misconception == NAMED[forward]
    after = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
    assert check(answer) is course_lib.ResidualBlock
    assert "not yet" in capsys.readouterr().out


def no_super(self, *args, **kwargs):
    self.norm1 = nn.Identity()


def reseeding_init(self, *args, **kwargs):
    torch.manual_seed(0)
    course_lib.ResidualBlock.__init__(self, *args, **kwargs)


def lazy_init(self, in_channels, out_channels, emb_dim, dropout=0.1):
    nn.Module.__init__(self)
    self.conv1 = nn.LazyConv2d(out_channels, 3, padding=1)


@pytest.mark.parametrize("init", [no_super, reseeding_init, lazy_init])
def test_bad_constructors_are_answered_with_a_sentence(init):
    result = examine(block(right, init))
    assert result.status == "failed"
    assert result.message


def test_a_hidden_layer_is_named():
    def hides(self, in_channels, out_channels, emb_dim, dropout=0.1):
        course_lib.ResidualBlock.__init__(self, in_channels, out_channels, emb_dim, dropout)
        self.parts = [self.emb_proj]
        del self.emb_proj

    def forward(self, x, emb):
        self.__dict__["emb_proj"] = self.parts[0]
        return right(self, x, emb)

    assert examine(block(forward, hides)).misconception == "parameter_never_registered"


@pytest.mark.parametrize("taken", ["cat_skip(h, skips)", "torch.cat([h, skips.pop()], dim=1)"])
def test_one_mistake_has_one_name_whichever_error_it_raises(taken):
    answer = edited(course_lib.UNet, ("skips = [h]", "skips = []"), ("cat_skip(h, skips)", taken))
    assert examine(answer).misconception == "first_skip_forgotten"


@pytest.mark.parametrize("name", ["skip_channels", "cat_skip", "overlap_counts"])
def test_a_function_that_returns_nothing_is_told_so(name):
    """Also where the first property records nothing of a right answer."""
    assert examine(lambda *args: None, name).misconception == "returns_nothing"


def test_megabytes_of_output_are_cut_short(capsys):
    def forward(self, x, emb):
        print("x" * 5_000_000)
        return right(self, x, emb)

    answer = block(forward)
    assert check(answer) is answer
    shown = capsys.readouterr().out
    assert "passed" in shown
    assert "characters in all" in shown
    assert len(shown) < 2000


@pytest.mark.parametrize("answer", [None, 3, "ResidualBlock", [1], object(), nn.Linear(1, 1), lambda x: x])
@pytest.mark.parametrize("exercise", [None, "ResidualBlock", "num_groups", "no such exercise"])
def test_things_that_are_no_answer_get_a_sentence(answer, exercise, capsys):
    result = examine(answer, exercise)
    assert isinstance(result, CheckResult)
    assert result.status == "failed"
    assert result.message
    check(answer, exercise)
    assert "not yet" in capsys.readouterr().out


class AsksBack:
    def __call__(self):
        return 0

    def __getattr__(self, name):
        raise KeyError(name)


class Silent(type):
    def __getattribute__(cls, name):
        raise RuntimeError("no")


class Pretends:
    @property
    def __class__(self):
        raise SystemExit


@pytest.mark.parametrize(
    "make", [AsksBack, lambda: Silent("to_pixels", (), {}), Pretends], ids=["object", "class", "pretender"]
)
@pytest.mark.parametrize("exercise", [None, "to_pixels", "ResidualBlock"])
def test_what_cannot_be_asked_for_its_name_gets_a_sentence(make, exercise, capsys):
    answer = make()
    assert "when it is asked for its __" in examine(answer, exercise).message
    assert check(answer, exercise) is answer
    assert "not yet" in capsys.readouterr().out


@pytest.mark.parametrize("seed", ["a", 1.5, 10**30, -1, True])
def test_a_seed_that_is_none_gets_a_sentence(seed, capsys):
    assert f"seed is {seed!r}; allowed: a whole number" in examine(course_lib.ResidualBlock, seed=seed).message
    check(course_lib.ResidualBlock, seed=seed)
    assert "seed is" in capsys.readouterr().out


def test_an_exercise_that_is_no_name_gets_a_sentence(capsys):
    check(course_lib.ResidualBlock, course_lib.ResidualBlock)
    assert "exercise is of type type" in capsys.readouterr().out


def test_a_whole_number_of_numpy_is_a_seed():
    assert examine(course_lib.Downsample, seed=np.int64(3)).seed == 3


METHODS = [name for name, exercise in exercises().items() if exercise.method and "." in name]


def made(owner):
    return owner(**({"base_channels": 16, "num_res_blocks": 1} if owner is course_lib.UNet else {}))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_bound_to_an_object_is_judged_as_the_method(name, capsys):
    owner, _, method = name.partition(".")
    bound = getattr(made(getattr(course_lib, owner)), method)
    assert examine(bound).status == "passed"
    assert check(bound) == bound
    assert "is the reference's" in capsys.readouterr().out


def test_a_wrong_method_bound_to_an_object_is_named_and_comes_back_bound_whatever_the_verdict(capsys):
    class DDPM(course_lib.DDPM):
        def add_noise(self, clean, t, noise):
            return clean + 0 * noise

    mine = DDPM()
    assert examine(mine.add_noise).status == "failed"
    reference = check(mine.add_noise)
    assert (reference.__func__, reference.__self__) == (course_lib.DDPM.add_noise, mine)
    assert "not yet" in capsys.readouterr().out


def test_a_right_method_bound_to_an_object_comes_back(monkeypatch, tmp_path):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path))

    class FlowMatching(course_lib.FlowMatching):
        def velocity(self, images, noise):
            return noise - images

    mine = FlowMatching().velocity
    assert check(mine) == mine


@pytest.mark.parametrize("stops", [False, True])
def test_how_deep_calls_may_go_is_as_before(stops):
    set_to = []

    def to_pixels(image):
        sys.setrecursionlimit(len(inspect.stack()) + 40)
        set_to.append(sys.getrecursionlimit())
        return image / 0 if stops else image + "text"

    before = sys.getrecursionlimit()
    assert "line" in examine(to_pixels).message
    assert max(set_to) < before == sys.getrecursionlimit()


def test_an_instance_instead_of_its_class_is_explained():
    assert "the class itself" in examine(course_lib.ResidualBlock(8, 8, 4), "ResidualBlock").message


def test_a_blank_is_not_started_and_the_reference_stands_in(capsys):
    def blank(self, x, emb):
        raise NotImplementedError("ResidualBlock.forward is still blank")

    result = examine(block(blank))
    assert result.status == "not started"
    assert check(block(blank)) is course_lib.ResidualBlock
    assert "not started" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_verdict_and_fresh_seeds_fresh_inputs():
    wrong = block(lambda self, x, emb: right(self, x, emb) * 1.01)
    assert examine(wrong, seed=1) == examine(wrong, seed=1)
    assert len({examine(wrong).message for _ in range(3)}) > 1


def test_other_threads_are_stopped_too():
    """Where there is no alarm (Windows, or not the main thread) an endless loop is stopped all the same."""
    import threading

    results = []
    thread = threading.Thread(target=lambda: results.append(examine(block(loops))))
    thread.start()
    thread.join(timeout=60)
    assert results[0].misconception == "endless_loop"
