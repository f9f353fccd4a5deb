"""What marks are worth, how late is late, what was given by hand; and that what is wrong is refused in words."""

import datetime
import re

import pytest
from fabricated import ROOT

from course_lib.grading.handing_back import canvas_name, comment, moodle_name, write_feedback
from course_lib.grading.judging import Wishes, judge
from course_lib.grading.lateness import LateRules, time_of
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.overrides import read_overrides
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reports.grades_table import write_grades_csv
from course_lib.grading.roster import read_roster
from course_lib.grading.scheme import ByHand, Scheme, read_scheme

ITEMS = catalogue()
LESSONS = sorted({item.lesson for item in ITEMS})
BY_LESSON = {lesson: [item.name for item in ITEMS if item.lesson == lesson] for lesson in LESSONS}
FIRST = BY_LESSON["00"][0]


def graded(passed=(), learner="ada", held=None, **more):
    results = tuple(
        Result(
            Mark(item.name, "passed" if item.name in passed else "failed", held=None if item.name in passed else held),
            item.lesson,
        )
        for item in ITEMS
    )
    return Graded(learner, "", learner, (), (), results, "folder", **more)


def scheme(tmp_path, text):
    path = tmp_path / "marking.toml"
    path.write_text(text, encoding="utf-8")
    return read_scheme(path, ITEMS)


def test_without_a_scheme_an_exercise_is_a_point():
    total = Scheme().total(graded(BY_LESSON["00"]))
    assert (total.points, total.of, total.passed) == (len(BY_LESSON["00"]), len(ITEMS), None)
    assert total.lessons["00"].of == len(BY_LESSON["00"])


def test_points_of_exercises_and_lessons(tmp_path):
    made = scheme(tmp_path, f'[points]\n"00" = 2\n{FIRST} = 5\n"DDPM.step" = 0.5\n')
    of = 5 + 2 * (len(BY_LESSON["00"]) - 1) + len(ITEMS) - len(BY_LESSON["00"]) - 0.5
    total = made.total(graded([FIRST, "DDPM.step"]))
    assert (total.points, total.of) == (5.5, of)


def test_a_name_with_a_dot_needs_no_quotes(tmp_path):
    assert scheme(tmp_path, "[points]\nDDPM.step = 3").worth("DDPM.step", "08") == 3


def test_a_lessons_weight_is_what_it_is_worth_in_all(tmp_path):
    made = scheme(tmp_path, 'pass_mark = 50\n[weights]\n"00" = 40\n' + "".join(f'"{one}" = 0\n' for one in LESSONS[1:]))
    half = made.total(graded(BY_LESSON["00"][:1]))
    assert (half.points, half.of) == (40 / len(BY_LESSON["00"]), 40)
    assert half.passed is (half.points >= 20)
    assert made.total(graded()).passed is False


def test_the_best_of_several(tmp_path):
    zero = "".join(f'"{one}" = {10 if one in ("00", "01", "02") else 0}\n' for one in LESSONS)
    made = scheme(tmp_path, f'[weights]\n{zero}\n[[best]]\ncount = 2\nof = ["00", "01", "02"]')
    total = made.total(graded([*BY_LESSON["00"], *BY_LESSON["02"], BY_LESSON["01"][0]]))
    assert (total.points, total.of) == (20, 20)
    assert [lesson for lesson in ("00", "01", "02") if total.lessons[lesson].left_out] == ["01"]
    names = BY_LESSON["03"][:3]
    made = scheme(tmp_path, f"[[best]]\ncount = 1\nof = {names}")
    total = made.total(graded(names[1:2]))
    assert (total.points, total.of) == (1, len(ITEMS) - 2)
    assert [total.exercises[name].left_out for name in names] == [True, False, True]


def test_partial_credit_is_the_share_of_properties_and_only_if_asked_for(tmp_path):
    one = graded([FIRST], held=(3, 4))
    assert Scheme().total(one).points == 1
    assert scheme(tmp_path, "partial = true").total(one).points == pytest.approx(1 + 0.75 * (len(ITEMS) - 1))


def test_what_is_given_by_hand_counts_whatever_the_mark():
    total = Scheme().total(graded(), by_hand={FIRST: ByHand(1.0, "at the board")})
    assert total.points == 1
    assert Scheme().total(graded(), by_hand={"": ByHand(7.0)}).points == 7
    assert Scheme().total(graded(), by_hand={FIRST: ByHand(None, "good")}).points == 0


def test_the_sample_of_the_instructors_guide_is_accepted(tmp_path):
    guide = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```toml\n(pass_mark .*?)^```", guide, re.DOTALL | re.MULTILINE)
    made = scheme(tmp_path, text)
    assert made.partial
    assert (made.best[0].count, len(made.best[0].of)) == (3, 4)
    assert made.late.days == {"bob": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("points = 3", "a table"),
        ("x = 1", "holds x; allowed: pass_mark"),
        ("[points]\nNope = 1", "points holds 'Nope'"),
        ('[points]\n"00" = "two"', "a number"),
        ('[points]\n"00" = -1', "a number from 0"),
        ('[points]\n"00" = true', "a number"),
        ('[points]\n"00" = nan', "a number"),
        ('[weights]\n"99" = 1', "weights holds '99'"),
        ("pass_mark = 101", "from 0 to 100"),
        ("partial = 1", "true, false"),
        ('[[best]]\ncount = 3\nof = ["00", "01"]', "count, a whole number"),
        ('[[best]]\ncount = 1\nof = ["00", "Nope"]', "list of lessons or exercises"),
        ('[[best]]\ncount = 1\nof = ["00", "08"]', "worth the same"),
        ("[late]\ndue = 3", "a time such as"),
        ("[late]\nper_day = 200", "per_day is 200"),
        ("[late]\nwhen = 1", "late holds when"),
        ("late = 3", "late is 3; allowed: a table"),
        ("[late]\nextensions = 3", "extensions is 3; allowed: a table of people"),
        ("[late]\ndays = [1]", "days is"),
        ("best = 3", "best is 3; allowed: tables"),
        ('[late.extensions]\nada = "x"', "extension of ada"),
        ("[late]\ntimes = 'git'", "'table', 'files'"),
        ("= =", "no TOML"),
    ],
)
def test_a_wrong_scheme_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        scheme(tmp_path, text)


DUE = datetime.datetime(2026, 3, 1, 23, 59)


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("2026-03-01 23:59", 0),
        ("2026-03-02 00:58", 0),
        ("2026-03-02 01:00", 1),
        ("2026-03-03 00:59", 1),
        ("2026-03-03 01:00", 2),
        ("2026-02-01 00:00", 0),
        ("2027-03-01 23:59", 365),
    ],
)
def test_days_begin_after_due_and_grace(when, days):
    rules = LateRules(DUE, per_day=10, grace_hours=1)
    assert rules.days_late(set(), False, time_of(when)) == days
    assert rules.share_taken(days) == min(1, days / 10)


def test_an_extension_is_somebodys_own_and_the_platforms_word_counts_where_there_is_no_time():
    rules = LateRules(DUE, 10, at_most=30, extensions={"ada": 2.0, "bob": DUE.replace(day=20)}, days={"cy": 4})
    late = time_of("2026-03-03 12:00")
    assert [rules.days_late({who}, False, late) for who in ("ada", "bob", "cy", "dan")] == [0, 0, 4, 2]
    assert [rules.days_late({who}, True, None) for who in ("ada", "bob", "dan")] == [0, 0, 1]
    assert rules.share_taken(9) == 0.3


@pytest.mark.parametrize(
    "text",
    [
        "2026年03月01日 星期日 23:59",
        "2026년 3월 1일 23:59",
        "2026-03-01T23:59:00",
        "2026-03-01 23:59",
        "Sunday, 1 March 2026, 11:59 PM",
        "Sunday, March 1, 2026, 11:59 PM",
        "1.3.2026 23:59",
        "01/03/2026 23:59",
        "Sonntag, 1. März 2026, 23:59",
        "dimanche 1 mars 2026, 23:59",
        "domingo, 1 de marzo de 2026, 23:59",
        "domenica, 1 marzo 2026, 23:59",
        "zondag, 1 maart 2026, 23:59",
        "2026/03/01 23:59:00",
    ],
)
def test_times_as_platforms_write_them(text):
    assert time_of(text) == DUE


@pytest.mark.parametrize("text", ["", "-", "soon", "31.2.2026", "99:99", "1" * 5000])
def test_what_is_no_time_is_none(text):
    assert time_of(text) is None


def judged(tmp_path, class_, **files):
    wishes = {}
    for name, text in files.items():
        path = tmp_path / (f"{name}.toml" if name == "marking" else f"{name}.csv")
        path.write_text(text, encoding="utf-8")
        wishes[name] = path
    return judge(class_, ITEMS, Wishes(**wishes), 1)


def test_a_list_of_people_gives_names_sections_and_who_handed_in_nothing(tmp_path):
    class_ = [graded(learner="ada-l"), graded(learner="ghost")]
    made = judged(
        tmp_path, class_, roster="github_username,name,section\nada-l,Ada Lovelace,A\nnina,Nina Nobody,B\n,,\n"
    )
    assert [one.learner for one in made.class_] == ["Ada Lovelace", "ghost"]
    assert made.sections == ["A", ""]
    assert made.absent == [("Nina Nobody", "B")]
    assert any("ghost" in note for note in made.notes)
    write_grades_csv(tmp_path / "grades.csv", made, ITEMS)
    lines = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["learner", "Ada Lovelace", "ghost", "Nina Nobody"]
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "header", ["Email,Name", "Username,Full name", "Matrikelnummer;Vorname;Nachname", "Login ID\tStudent\tSection"]
)
def test_any_table_of_people_will_do(tmp_path, header):
    delimiter = next((one for one in ";\t" if one in header), ",")
    fields = ["ada" + ("@x.org" if "Email" in header else ""), "Ada", "L"][: header.count(delimiter) + 1]
    path = tmp_path / "people.csv"
    path.write_text(f"{header}\n{delimiter.join(fields)}\n", encoding="utf-8")
    assert read_roster(path, [graded(learner="ada")], "id").people[0].name.startswith("Ada")


def test_times_of_the_list_of_people_make_somebody_late(tmp_path):
    rules = "[late]\ndue = 2026-03-01T23:59:00\nper_day = 10\n[late.extensions]\nbob = 5\n"
    people = "username,name,submitted\nada,Ada,2026-03-03 10:00\nbob,Bob,2026-03-03 10:00\ncy,Cy,in March 3\n"
    class_ = [graded(BY_LESSON["00"], learner=who) for who in ("ada", "bob", "cy", "dan")]
    made = judged(tmp_path, class_, marking=rules, roster=people)
    assert [total.days_late for total in made.totals] == [2, 0, 0, 0]
    count = len(BY_LESSON["00"])
    assert made.totals[0].points == max(0, round(count - 0.2 * len(ITEMS), 6))
    assert made.totals[1].points == count
    text = " ".join(made.notes)
    assert "'in March 3' cannot be read" in text
    assert "nobody knows when 2 handed in" in text


def test_overrides_are_kept_and_what_counts_for_nobody_is_said(tmp_path):
    path = tmp_path / "overrides.csv"
    rows = [
        f"ada,{FIRST},0.5,half of it",
        f"ADA ,{FIRST},1,twice",
        "bob,,9,",
        "nobody,,1,",
        "twin,,1,",
        "bob,Nope,1,",
        f"bob,{FIRST},lots,",
        ",,,",
    ]
    path.write_text("learner,exercise,points,comment\n" + "\n".join(rows) + "\n", encoding="utf-8")
    class_ = [graded(learner=who) for who in ("ada", "bob", "twin", "twin")]
    found, problems = read_overrides(path, class_, ITEMS)
    assert found == {0: {FIRST: ByHand(0.5, "half of it")}, 1: {"": ByHand(9.0, "")}}
    assert len(problems) == 5
    for words in ("something else of the same", "nobody is called", "2 learners are called", "no exercise", "a number"):
        assert any(words in problem for problem in problems), words


def test_anonymous_reports_name_nobody(tmp_path):
    one = graded(learner="Ada Lovelace")
    one = Graded(
        one.learner,
        "7",
        "Ada Lovelace_7",
        ("Ada Lovelace_7/ada.ipynb",),
        ("Ada Lovelace_7/x.ipynb: the file is empty",),
        (
            Result(
                Mark(FIRST, "missing", "It is raw text in Ada Lovelace_7/ada.ipynb."), "00", "Ada Lovelace_7/ada.ipynb"
            ),
        ),
        "moodle",
    )
    made = judge([one, graded(learner="Bob")], ITEMS[:1], Wishes(anonymous=True), 3)
    text = repr(made.class_)
    assert "Ada" not in text
    assert "Bob" not in text
    assert "the file is empty" in text
    assert len(set(made.codes)) == 2
    assert made.codes == judge([one, graded(learner="Bob")], ITEMS[:1], Wishes(anonymous=True), 3).codes


def test_what_goes_back_is_named_as_platforms_take_it(tmp_path):
    ada = Graded("Ada_L /x", "1001", "Ada_L_1001_assignsubmission_file_", (), (), (), "moodle")
    bob = Graded("smithbob", "124", "smithbob_LATE_124_9002_x.ipynb", (), (), (), "canvas")
    eve = Graded("eve", "", "eve", (), (), (), "folder")
    # as Moodle's importer takes it apart: four parts, the second a number
    _, number, kind, plugin, rest = moodle_name(ada).partition("/")[0].split("_", 4)
    assert (number, kind, plugin, rest) == ("1001", "assignsubmission", "file", "")
    assert canvas_name(bob) == "smithbob_124_9002_feedback.html"
    assert (moodle_name(bob), canvas_name(ada), moodle_name(eve), canvas_name(eve)) == ("", "", "", "")
    (tmp_path / "learners").mkdir()
    for page in "abe":
        (tmp_path / "learners" / f"{page}.html").write_text(page)
    written = write_feedback(tmp_path, [ada, bob, eve], ["a", "b", "e"])
    assert {platform: count for platform, (_, count) in written.items()} == {"Moodle": 1, "Canvas": 1}
    first_time = written["Moodle"][0].read_bytes()
    assert write_feedback(tmp_path, [ada, bob, eve], ["a", "b", "e"])["Moodle"][0].read_bytes() == first_time


def test_a_comment_says_points_mistakes_and_what_is_left():
    results = (
        Result(Mark("A", "passed"), "00"),
        Result(Mark("B", "failed", "You <divided> twice.\nSeen: x"), "00"),
        Result(Mark("C", "missing"), "00"),
        Result(Mark("D", "failed", "No."), "00"),
    )
    one = Graded("ada", "", "ada", (), (), results)
    total = Scheme(late=LateRules(per_day=25)).total(one, 1, {"D": ByHand(1.0, "at the board")})
    text = comment(one, total)
    assert text == (
        "1 of 4 points. 1 points were taken off: 1 day late. D: 1 points by hand. at the board B: failed. "
        "You <divided> twice. Not done: C."
    )
    assert "&lt;divided&gt;" in comment(one, total, as_html=True)
