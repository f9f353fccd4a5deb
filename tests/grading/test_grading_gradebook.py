"""The tables: no cell is a formula, and an exported gradebook comes back as it was but for one column."""

import csv
import io
import json

import pytest

from course_lib.grading.judging import Wishes, judge
from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reports.gradebook import fill
from course_lib.grading.reports.grades_table import write_grades_csv
from course_lib.grading.reports.gradescope import write_results
from course_lib.grading.reports.tables import guarded_cell, safe_cell

ITEMS = catalogue(("00",))


def graded(learner, number="", points=2, problems=(), source=""):
    statuses = ["passed"] * points + ["failed"] * (len(ITEMS) - points)
    results = tuple(
        Result(Mark(item.name, status, "Why.\nMore." if status == "failed" else "", None), item.lesson)
        for item, status in zip(ITEMS, statuses, strict=True)
    )
    return Graded(learner, number, source or learner, (), tuple(problems), results)


def is_formula(cell):
    return cell.lstrip()[:1] in ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20") and cell.strip() != "-"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+A1",
        "-A1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\uff1d1+1",
        "a;=1+1",
        "a\n=1",
        "a|@x",
        "-2+3",
        "=",
        "a,\t-b",
    ],
)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_cuts(text):
    cell = safe_cell(text)
    for delimiter in ",;\t|":
        assert not any(is_formula(part) for part in cell.split(delimiter)), cell
    assert "\n" not in cell
    assert "\t" not in cell


@pytest.mark.parametrize("text", ["3", "-3.5", "+2", "1,5", "1e-3", "50 %", "-", "", "Ann-Marie", "a - b", "x=1"])
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert safe_cell(text) == text
    assert guarded_cell(text) == text


def test_grades_csv_has_a_row_a_learner_and_a_column_an_exercise(tmp_path):
    class_ = [
        graded("Ada, L.", "7"),
        graded('=HYPERLINK("http://x")', points=1, problems=["+x.ipynb: the file is empty"]),
    ]
    write_grades_csv(tmp_path / "grades.csv", judge(class_, ITEMS, Wishes(), 0), ITEMS)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "grades.csv").read_text(encoding="utf-8-sig"))))
    assert [row["learner"] for row in rows] == ["Ada, L.", '\'=HYPERLINK("http://x")']
    assert [row["points"] for row in rows] == ["2", "1"]
    assert [rows[1][item.name] for item in ITEMS] == ["1", "0"]
    assert rows[1]["not passed"] == f"{ITEMS[1].name}: failed"
    assert rows[1]["problems with files"] == "'+x.ipynb: the file is empty"


CANVAS = (
    '\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,"Lesson 00 (4711)",Current Score\r\n'
    "    Points Possible,,,,,10,(read only)\r\n"
    '"Lovelace, Ada",123,s-1,ada@school.edu,A,,\r\n'
    '"=cmd(),Bob",124,s-2,bob@school.edu,A,5,77\r\n'
    '"Student, Test",999,,x,A,,\r\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade\n"
    "Participant 1001,Jane Smith,jane@school.edu,Submitted,-,5.00\n"
    "Participant 1002,José Núñez,jn@school.edu,Submitted,-,5.00\n"
)


def filled(tmp_path, text, column, key, class_, encoding="utf-8"):
    exported = tmp_path / "export.csv"
    exported.write_bytes(text.encode(encoding))
    told = fill(exported, column, key, class_, tmp_path / "out.csv")
    assert exported.read_bytes() == text.encode(encoding)
    return (tmp_path / "out.csv").read_bytes().decode(encoding), told


@pytest.mark.parametrize("key", ["id", "email"])
@pytest.mark.parametrize("column", ["Lesson 00 (4711)", "lesson 00"])
def test_canvas_gradebook(tmp_path, column, key):
    class_ = [graded("ada" if key == "email" else "lovelaceada", "123", 1), graded("eve", "555")]
    text, (count, missing, nobody, *_) = filled(tmp_path, CANVAS, column, key, class_)
    assert (count, missing) == (1, ["eve"])
    assert nobody == ["=cmd(),Bob 124"]
    expected = CANVAS.replace("ada@school.edu,A,,", "ada@school.edu,A,5,").replace('"=cmd()', "\"'=cmd()")
    assert list(csv.reader(io.StringIO(text))) == list(csv.reader(io.StringIO(expected)))
    assert text.startswith("\ufeffStudent,ID")
    assert text.count("\r\n") == CANVAS.count("\r\n")


def test_moodle_grading_worksheet_by_number_by_address_and_by_name(tmp_path):
    by_number = [graded("Jane Smith", "1001"), graded("José Núñez", "1002", 1)]
    by_name = [graded("Jane Smith", "77"), graded("José Núñez", "78", 1)]
    by_address = [graded("jane@school.edu"), graded("JN", points=1)]
    for class_, key in ((by_number, "id"), (by_name, "id"), (by_address, "email")):
        text, (count, *_) = filled(tmp_path, MOODLE, "Grade", key, class_)
        assert count == 2
        assert text == MOODLE.replace("Submitted,-,", "Submitted,5,", 1).replace("Submitted,-,", "Submitted,2.5,", 1)


def test_other_separators_and_encodings_come_back(tmp_path):
    text = "Vorname;Nachname;ID-Nummer;Username;Lektion\nJörg;Müller;9;jm;\n"
    back, (count, *_) = filled(tmp_path, text, "Lektion", "id", [graded("jm")], encoding="cp1252")
    assert count == 1
    assert back == text.replace(";jm;", ";jm;2")


def test_two_learners_with_one_key_fill_nothing(tmp_path):
    text = "ID,Name,Grade\n5,X,\n"
    back, (count, missing, *_) = filled(tmp_path, text, "Grade", "id", [graded("a", "5"), graded("b", "5")])
    assert (back, count, missing) == (text, 0, ["a", "b"])


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", "x", "empty"),
        ("ID,Grade\n1,2\n", "Points", "column is 'Points'"),
        ("Name,Grade\nx,\n", "Grade", "key is 'id'"),
    ],
)
def test_what_is_no_gradebook_is_refused(tmp_path, text, column, words):
    with pytest.raises(ValueError, match=words):
        filled(tmp_path, text, column, "id", [graded("x")])


def test_gradescope(tmp_path):
    write_results(tmp_path / "results.json", graded("ada", points=1, problems=["a problem"]))
    content = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert content["score"] == 1
    assert [test["status"] for test in content["tests"]] == ["passed", "failed"]
    assert sum(test["max_score"] for test in content["tests"]) == len(ITEMS)
    assert {test["output_format"] for test in content["tests"]} == {"text"}
    assert content["tests"][1]["output"] == "Why.\nMore."
    assert content["output"] == "a problem"
