"""A class marked in parts: the merged report is the one that marking at once makes, and nothing else can be merged."""

import json
import shutil

import pytest
from fabricated import FROM_PIXELS, SET_UP, TO_PIXELS, WITHOUT_SHIFT, cell, in_this_process, notebook, written

from course_lib.__main__ import main
from course_lib.grading import whole_class
from course_lib.grading.parts import Part, part_of

SETTINGS = ["--seed", "7", "--lessons", "00"]


@pytest.fixture(scope="module")
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_class, "in_processes", in_this_process)
        patch.setattr(whole_class, "level_in_force", lambda at_least: ("filters", "as tried"))
        yield


@pytest.fixture(scope="module")
def folder(quick, tmp_path_factory):
    """A class, its report made at once, and its three parts."""
    folder = tmp_path_factory.mktemp("class")
    people = ["ada", "bob", "Bob", "cy", "dee", "Ada", "eve", "hal"]
    for number, name in enumerate(people):
        answer = WITHOUT_SHIFT if number % 3 == 1 else FROM_PIXELS
        made = notebook(SET_UP, cell(answer, "from_pixels"), cell(TO_PIXELS, "to_pixels"), lesson="00_welcome")
        written(folder / "in" / name / "00_welcome.ipynb", made)
        # a second file must not make somebody another part's
        written(folder / "in" / name / "old" / "00_welcome.ipynb", notebook(cell("pass", "from_pixels")))
    written(folder / "in" / "hal" / "notes.zip", b"no zip")
    text = "pass_mark = 60\npartial = true\n[points]\nfrom_pixels = 3\n"
    (folder / "marking.toml").write_text(text, encoding="utf-8")
    arguments = ["grade", str(folder / "in"), *SETTINGS, "--marking", str(folder / "marking.toml"), "--out"]
    assert main([*arguments, str(folder / "at once")]) == 0
    for number in (1, 2, 3):
        assert main([*arguments, str(folder / f"part{number}"), "--part", f"{number}/3"]) == 0
    return folder


def contents(report):
    return {path.relative_to(report): path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()}


def merged(folder, *names, out="merged"):
    return main(["grade", "--merge", *(str(folder / name) for name in names), "--report", str(folder / out)])


def test_three_parts_make_the_report_that_is_made_at_once(folder, capsys):
    assert [len(list((folder / f"part{number}" / "marks").iterdir())) for number in (1, 2, 3)] == [3, 3, 2]
    assert merged(folder, "part3", "part1", "part2") == 0
    at_once = contents(folder / "at once")
    assert len(at_once) > 20
    assert contents(folder / "merged") == at_once
    assert "8 learners, 2 exercises, seed 7" in capsys.readouterr().out


def test_a_merged_report_is_one_like_any_other(folder, capsys):
    assert merged(folder, "part1", "part2", "part3", out="again") == 0
    arguments = ["grade", str(folder / "in"), "--lessons", "00", "--marking", str(folder / "marking.toml")]
    assert main([*arguments, "--out", str(folder / "again")]) == 0
    assert "8 were marked before" in capsys.readouterr().out
    assert contents(folder / "again") == contents(folder / "at once")
    overrides = folder / "overrides.csv"
    overrides.write_text("learner,exercise,points,comment\ncy,,4,well said\n", encoding="utf-8")
    parts = [str(folder / f"part{number}") for number in (1, 2, 3)]
    more = ["--overrides", str(overrides), "--anonymous", "--out", str(folder / "by hand")]
    assert main(["grade", "--merge", *parts, *more]) == 0
    assert (folder / "by hand" / "who-is-who.csv").is_file()
    assert '"well said"' in (folder / "by hand" / "grades.json").read_text(encoding="utf-8")


def test_every_learner_is_in_one_share_and_only_one():
    everybody = list(range(23))
    for of in (1, 2, 3, 7, 23, 40):
        shares = [Part(number, of).share(everybody) for number in range(1, of + 1)]
        assert sorted(one for share in shares for one in share) == everybody
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    "text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/-3", "a/b", "1/3/5", "1.5/3", "²/3", "1 / x"]
)
def test_what_is_no_part_is_refused(text, folder, capsys):
    with pytest.raises(ValueError, match="allowed: i/n"):
        part_of(text)
    arguments = ["--seed", "7", f"--part={text}", "--out", str(folder / "none")]
    if text:
        assert main(["grade", str(folder / "in"), *arguments]) == 2
        assert "part is" in capsys.readouterr().err


def test_what_does_not_belong_together_is_refused(folder, tmp_path, capsys):
    def part(name, *more, what="in", number="2/3"):
        marking = [] if "--marking" in more else ["--marking", str(folder / "marking.toml")]
        arguments = [str(folder / what), "--part", number, "--out", str(tmp_path / name), *SETTINGS, *marking, *more]
        assert main(["grade", *arguments]) == 0
        return tmp_path / name

    def refused(*folders, words, more=()):
        capsys.readouterr()
        assert main(["grade", "--merge", *map(str, folders), "--out", str(tmp_path / "out"), *more]) == 2
        told = capsys.readouterr().err
        assert words in told
        assert "allowed: " in told
        assert not (tmp_path / "out" / "grades.csv").exists()

    one, two, three = (folder / f"part{number}" for number in (1, 2, 3))
    plain = tmp_path / "plain.toml"
    plain.write_text("[points]\nfrom_pixels = 3\n", encoding="utf-8")
    shutil.copytree(folder / "in", folder / "other", dirs_exist_ok=True)
    written(folder / "other" / "cy" / "00_welcome.ipynb", notebook(SET_UP, cell(FROM_PIXELS + "  # more", "x")))
    refused(one, two, words="lacks the parts 3/3")
    refused(one, two, three, two, words="both part 2 of 3")
    refused(one, part("copy"), two, three, words="both part 2 of 3")
    refused(one, part("of four", number="2/4"), three, words="part 2 of 4")
    refused(one, part("seed", "--seed", "8"), three, words="different seeds")
    refused(one, part("lessons", "--lessons", "00,01"), three, words="different lessons")
    refused(one, part("marking", "--marking", str(plain)), three, words="different marking.toml")
    refused(one, part("class", what="other"), three, words="different submissions")
    refused(one, two, three, words="partial", more=["--marking", str(plain)])
    refused(one, two, folder / "at once", words="no part that was marked to its end")
    refused(one, two, folder / "nowhere", words="no part that was marked to its end")
    refused(one, two, three, words="one of the parts", more=["--out", str(three)])
    refused(one, two, three, words="do not go together", more=["--seed", "7"])
    damaged = shutil.copytree(three, tmp_path / "damaged")
    next((damaged / "marks").iterdir()).write_text("{", encoding="utf-8")
    refused(one, two, damaged, words="cannot be read")
    (damaged / "part.json").write_text(json.dumps({"part": {"number": 3, "of": 3}}), encoding="utf-8")
    refused(one, two, damaged, words="no part that was marked to its end")


def test_parts_need_one_seed_and_write_no_report(folder, capsys):
    assert main(["grade", str(folder / "in"), "--part", "1/3", "--out", str(folder / "seedless")]) == 2
    assert "--part needs --seed" in capsys.readouterr().err
    for more in (["--return"], ["--anonymous"], ["--again", "cy"], ["--roster", "x.csv"]):
        assert main(["grade", str(folder / "in"), "--seed", "7", "--part", "1/3", *more]) == 2
        assert "do not go together" in capsys.readouterr().err
    assert not (folder / "part1" / "grades.csv").exists()
