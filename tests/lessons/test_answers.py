"""Answers as learners write them get the verdict they should: right ones in unusual styles, wrong ones of each kind."""

import answers
import pytest
from answers import (
    FOLDER,
    Answer,
    answer_in_a_notebook,
    problem_of,
    read_answers,
    taken_away,
    verdict_on,
    what_is_wrong,
)

CASES = [
    pytest.param(answer, id=f"{path.stem}-{answer.exercise}-{answer.what}")
    for path in sorted(FOLDER.glob("*.toml"))
    for answer in read_answers(path)
]


@pytest.mark.parametrize("answer", CASES)
def test_every_answer_gets_the_verdict_it_should(answer):
    result = verdict_on(answer)
    problem = what_is_wrong(answer, result)
    assert not problem, f"{answer.what}: {problem}\n{result.status}: {result.message}"


RIGHT = {"exercise": "num_groups", "what": "one", "verdict": "passed", "code": "x = 1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "right"}, "verdict is 'right'; allowed"),
        ({"exercise": "nothing"}, "exercise is 'nothing'; allowed"),
        ({"hears": ["words"]}, "belongs to failed answers"),
        ({"verdict": "failed"}, "belongs to failed answers"),
        ({"verdict": "failed", "hears": "words"}, "lists of texts"),
        ({"heard": ["words"]}, "unknown: heard"),
        ({"kind": "odd"}, "kind is 'odd'; allowed: refused_by_networks, "),
    ],
)
def test_an_entry_that_says_nothing_is_refused(change, words):
    assert problem_of(RIGHT) == ""
    assert words in problem_of({**RIGHT, **change})


def test_answers_go_with_their_lesson_and_a_slip_does_not(monkeypatch, tmp_path):
    gone, *others = answers.outline()
    monkeypatch.setattr(answers, "outline", lambda: others)
    monkeypatch.setattr(answers, "taken_away", taken_away.__wrapped__)
    assert answers.taken_away() == {exercise.name for exercise in gone.exercises}
    path = tmp_path / "some.toml"
    entry = '[[answer]]\nexercise = "{}"\nwhat = "one"\nverdict = "passed"\ncode = "x = 1"\n'
    path.write_text(entry.format(gone.exercises[0].name) + entry.format(others[0].exercises[0].name), encoding="utf-8")
    assert [answer.exercise for answer in read_answers(path)] == [others[0].exercises[0].name]
    path.write_text(entry.format(f"{gone.exercises[0].name}s"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"some.toml, answer 1 \(one\): exercise is "):
        read_answers(path)


def test_a_cell_finds_what_stands_above_it_and_tracebacks_find_its_lines():
    code = """
def sampling_times(self, num_steps):
    return missing + DDPM
"""
    answer = Answer("DDPM.sampling_times", "a name that is not there", "failed", code, hears=("return missing",))
    assert {"DDPM", "torch", "guided_prediction"} < set(answer_in_a_notebook(answer).__globals__)
    assert what_is_wrong(answer, verdict_on(answer)) == ""
    right = Answer("DDPM.sampling_times", "no such line", "failed", code, never=("return missing",))
    assert "hears ['return missing']" in what_is_wrong(right, verdict_on(right))
