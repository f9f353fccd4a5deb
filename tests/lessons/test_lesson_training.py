"""A lesson's training cell: it trains once, goes on after an interruption, and does not start what is doomed."""

import pytest
import torch

from course_lib import DDPM, FlowMatching, UNet
from course_lib.checks.my_work import work_folder
from course_lib.checks.registry import exercises
from course_lib.lessons.shared.my_parts import my_class
from course_lib.lessons.shared.training import lesson_config, minutes, pre_flight, run_folder, train_here


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "work"))


def weights(trained):
    return torch.cat([values.flatten() for values in trained.model.state_dict().values()])


def test_a_run_is_done_once_and_goes_on_after_an_interruption(capsys):
    config = lesson_config("flow", data="shapes")
    whole = train_here(config, "whole")
    assert whole.step == config.steps
    assert "steps of" in capsys.readouterr().out
    again = train_here(config, "whole")
    assert "finished already" in capsys.readouterr().out
    assert torch.equal(weights(whole), weights(again))

    class Interrupted(FlowMatching):
        def loss(self, *args, **kwargs):
            # the checks before the start call it too; they come with eight images each, like the run
            if run_folder("cut").joinpath("metrics.jsonl").exists():
                raise KeyboardInterrupt
            return super().loss(*args, **kwargs)

    own = Interrupted(config.time_sampling)
    with pytest.raises(KeyboardInterrupt):
        train_here(config, "cut", process=own)
    capsys.readouterr()
    resumed = train_here(config, "cut")
    assert f"going on after step {config.checkpoint_every}" in capsys.readouterr().out
    assert torch.equal(weights(resumed), weights(whole))


def test_another_budget_is_another_run(capsys):
    first = train_here(lesson_config("flow", data="shapes"), "one")
    second = train_here(lesson_config("flow", data="shapes", seed=1), "one")
    assert "finished already" not in capsys.readouterr().out
    assert not torch.equal(weights(first), weights(second))


def test_a_doomed_run_is_not_started_and_the_shipped_network_takes_its_place(capsys):
    class Deaf(UNet):
        def forward(self, x, t, class_labels=None):
            return super().forward(x, torch.zeros_like(t), class_labels)

    trained = train_here(lesson_config("ddpm"), "deaf", make_model=Deaf)
    printed = capsys.readouterr().out
    assert "STOP  it hears the time" in printed
    assert "takes its place" in printed
    assert not run_folder("deaf").exists()
    assert trained.config.data == "fashion-mnist-full"


def test_pre_flight_prints_one_line_a_question(capsys):
    assert pre_flight(lesson_config("ddpm"))
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 5
    assert all(line.startswith("ok  ") for line in lines)


def test_the_learners_methods_come_from_my_work(capsys):
    name = next(name for name, exercise in exercises().items() if exercise.reference is DDPM and exercise.method)
    assert my_class(DDPM).__mro__[1] is DDPM
    assert "0 of" in capsys.readouterr().out
    work_folder().mkdir(parents=True)
    method = exercises()[name].method
    (work_folder() / f"{name}.py").write_text(
        f"from course_lib import DDPM\n\n\ndef {method}(self, *args, **kwargs):\n"
        f"    return DDPM.{method}(self, *args, **kwargs)\n",
        encoding="utf-8",
    )
    mine = my_class(DDPM)
    assert "1 of" in capsys.readouterr().out
    assert vars(mine)[method] is not getattr(DDPM, method)


def test_times_are_said_in_words():
    assert minutes(42.4) == "42 seconds"
    assert minutes(150) == "2.5 minutes"
