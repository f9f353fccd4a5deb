"""A corpus of classes and gradebooks: one submission fills its own row, or none, and what is unclear is said."""

import csv
import io

import pytest

from course_lib.grading.marks import Graded, Mark, Result
from course_lib.grading.reports.gradebook import fill, grade, number_of
from course_lib.grading.reports.matching import fits_name


def learner(name, number="", kind="folder", points=2, status="failed", problems=()):
    """Two exercises, of which `points` passed."""
    statuses = ["passed"] * points + [status] * (2 - points)
    results = tuple(Result(Mark(f"exercise{n}", one), "00") for n, one in enumerate(statuses))
    return Graded(name, number, name, (), tuple(problems), results, kind)


def canvas(name, number, points=2):
    return learner(name, number, "canvas", points)


def moodle(name, number, points=2):
    return learner(name, number, "moodle", points)


def folder(name, points=2):
    return learner(name, "", "folder", points)


CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,Task (1)\n    Points Possible,,,,,2\n"
MOODLE = "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade\n"
# what is tried: table, its grade column, key, class -> grades by row; None: left as it was
CASES = {
    "canvas: somebody's SIS ID is another's Canvas ID": (
        CANVAS + '"Lovelace, Ada",123,124,ada,A,\n"Smith, Bob",124,123,bob,A,\n',
        "Task",
        "id",
        [canvas("lovelaceada", "123", 2), canvas("smithbob", "124", 1)],
        ["2", "1"],
    ),
    "canvas: only one of the two handed in": (
        CANVAS + '"Lovelace, Ada",123,124,ada,A,\n"Smith, Bob",124,9,bob,A,\n',
        "Task",
        "id",
        [canvas("smithbob", "124", 1)],
        [None, "1"],
    ),
    "canvas: only a SIS ID fits": (
        CANVAS + '"Lovelace, Ada",500,123,ada,A,\n',
        "Task",
        "id",
        [canvas("smithbob", "123")],
        [None],
    ),
    "canvas: id of one, name of another": (
        CANVAS + '"Lovelace, Ada",123,1,ada,A,\n"Smith, Bob",124,2,bob,A,\n',
        "Task",
        "id",
        [canvas("smithbob", "123")],
        [None, None],
    ),
    "canvas: the name fits, and the row has another number": (
        CANVAS + '"Lovelace, Ada",999,1,ada,A,\n',
        "Task",
        "id",
        [canvas("lovelaceada", "123")],
        [None],
    ),
    "canvas: an id that two rows have": (
        CANVAS + '"Lovelace, Ada",123,1,ada,A,\n"Lovelace, Ada",123,1,ada,B,\n',
        "Task",
        "id",
        [canvas("lovelaceada", "123")],
        [None, None],
    ),
    "canvas: a login that is another's number": (
        CANVAS + '"Lovelace, Ada",123,1,124,A,\n"Smith, Bob",124,2,123,A,\n',
        "Task",
        "id",
        [canvas("lovelaceada", "123", 1)],
        ["1", None],
    ),
    "canvas: names with accents, hyphens, apostrophes and underscores": (
        CANVAS + '"O\'Brien-Núñez, Zoë Ann",7,,,A,\n"de_la Cruz, J.",8,,,A,\n',
        "Task",
        "id",
        [canvas("obriennúñezzoëann", "7"), canvas("de_lacruzj", "8", 1)],
        ["2", "1"],
    ),
    "canvas: married since": (
        CANVAS + '"Byron, Ada",123,1,ada,A,\n',
        "Task",
        "id",
        [canvas("lovelaceada", "123", 1)],
        ["1"],
    ),
    "canvas: anonymous": (
        CANVAS + '"Lovelace, Ada",230,1,8xcU4,A,\n',
        "Task",
        "id",
        [learner("anonymous 8xcU4", "8xcU4", "canvas anonymous")],
        [None],
    ),
    "canvas: in German": (
        "Studierende/r,ID,SIS-Benutzer-ID,SIS Login ID,Abschnitt,Aufgabe (1)\n    Mögliche Punkte,,,,,4\n"
        '"Lovelace, Ada",123,124,ada,A,\n',
        "Aufgabe",
        "id",
        [canvas("lovelaceada", "123", 1)],
        [None, "2"],
    ),
    "moodle: an ID number that is another's participant number": (
        MOODLE + "Participant 1001,Ada L,1002,a@x,-,-,2\nParticipant 1002,Bob S,1001,b@x,-,-,2\n",
        "Grade",
        "id",
        [moodle("Ada L", "1001", 2), moodle("Bob S", "1002", 1)],
        ["2", "1"],
    ),
    "moodle: the worksheet of another task": (
        MOODLE + "Participant 1002,Ada L,,a@x,-,-,2\nParticipant 1001,Bob S,,b@x,-,-,2\n",
        "Grade",
        "id",
        [moodle("Ada L", "1001"), moodle("Bob S", "1002")],
        [None, None],
    ),
    "moodle: another task's, and the name is not there": (
        MOODLE + "Participant 1001,Bob S,,b@x,-,-,2\n",
        "Grade",
        "id",
        [moodle("Ada L", "1001")],
        [None],
    ),
    "moodle: two of one name, by number": (
        MOODLE + "Participant 1001,Ada L,,a@x,-,-,2\nParticipant 1002,Ada L,,b@x,-,-,2\n",
        "Grade",
        "id",
        [moodle("Ada L", "1002", 1), moodle("Ada L", "1001", 2)],
        ["2", "1"],
    ),
    "moodle: the gradebook has ID numbers only": (
        "First name,Last name,ID number,Email address,Assignment: Task (Real)\nAda,L,1002,a@x,\nBob,S,1001,b@x,\n",
        "Assignment",
        "id",
        [moodle("Ada L", "1001", 2), moodle("Bob S", "1002", 1)],
        ["2", "1"],
    ),
    "moodle: the gradebook has two of one name": (
        "First name,Last name,ID number,Email address,Assignment: Task (Real)\nAda,L,1,a@x,\nAda,L,2,b@x,\n",
        "Assignment",
        "id",
        [moodle("Ada L", "1001")],
        [None, None],
    ),
    "moodle: two learners of one name, one row": (
        "First name,Last name,ID number,Email address,Assignment: Task (Real)\nAda,L,1,a@x,\n",
        "Assignment",
        "id",
        [moodle("Ada L", "1001"), moodle("Ada L", "1002", 1)],
        [None],
    ),
    "moodle: --key with a column of another kind": (
        MOODLE + "Participant 1,Ada L,1002,a@x,-,-,2\nParticipant 2,Ada S,1001,b@x,-,-,2\n",
        "Grade",
        "ID number",
        [moodle("Ada L", "1001")],
        [None, None],
    ),
    "moodle: German": (
        "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden\n"
        "Teilnehmer/in1001;Ada L;a@x;-;-;5,00;Ja\nTeilnehmer/in1002;Bob S;b@x;-;-;5,00;Ja\n",
        "Bewertung",
        "id",
        [moodle("Ada L", "1001", 1), moodle("Bob S", "1002", 2)],
        ["2,5", "5"],
    ),
    "moodle: French": (
        'Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale\nParticipant1001,Ada L,a@x,-,-,"20,0"\n',
        "Note",
        "id",
        [moodle("Ada L", "1001", 1)],
        ["10"],
    ),
    "moodle: Spanish": (
        "Identificador,Nombre completo,Dirección de correo,Estado,Calificación,Calificación máxima\n"
        "Participante 1001,Ada L,a@x,-,-,10\n",
        "Calificación",
        "id",
        [moodle("Ada L", "1001", 1)],
        ["5"],
    ),
    "moodle: Chinese": (
        "识别号,全名,邮箱,状态,成绩,最高成绩\n参加者 1001,李明,a@x,-,-,100.00\n",
        "成绩",
        "id",
        [moodle("李明", "1001", 1)],
        ["50"],
    ),
    "moodle: a language nobody foresaw": (
        "Kennimerki,Fullt nafn,Netfang,Staða,Einkunn,Hæsta einkunn\nÞátttakandi 1001,Ada L,a@x,-,-,8\n"
        "Þátttakandi 1002,Bob S,b@x,-,-,8\n",
        "Einkunn",
        "id",
        [moodle("Bob S", "1002", 1)],
        [None, "4"],
    ),
    "folder: an id in two columns": (
        CANVAS + '"Lovelace, Ada",123,124,ada,A,\n"Smith, Bob",124,9,bob,A,\n',
        "Task",
        "id",
        [folder("124")],
        [None, None],
    ),
    "folder: a login": (CANVAS + '"Lovelace, Ada",123,1,ada,A,\n', "Task", "id", [folder("ADA", 1)], ["1"]),
    "folder: a full name": (CANVAS + '"Lovelace, Ada",123,1,al,A,\n', "Task", "id", [folder("ada-lovelace", 1)], ["1"]),
    "folder: a full name that two have": (
        CANVAS + '"Lovelace, Ada",123,1,al,A,\n"Lovelace, Ada",124,2,al2,A,\n',
        "Task",
        "id",
        [folder("Ada Lovelace")],
        [None, None],
    ),
    "folder: lost zeros": ("ID,Name,Task\n123,Ada,\n", "Task", "id", [folder("00123", 1)], ["1"]),
    "folder: zeros kept": ('ID,Name,Task\n"=""00123""",Ada,\n', "Task", "id", [folder("00123", 1)], ["1"]),
    "folder: zeros that matter": ("ID,Name,Task\n0123,A,\n123,B,\n", "Task", "id", [folder("123", 1)], [None, "1"]),
    "folder: two that lost zeros make one": (
        "ID,Name,Task\n123,A,\n",
        "Task",
        "id",
        [folder("0123"), folder("00123")],
        [None],
    ),
    "folder: a column of the institution's": (
        "Surname,First name,Kursnummer,Legi,Task\nL,Ada,7,19-900-1,\nS,Bob,19-900-1,8,\n",
        "Task",
        "Legi",
        [folder("19-900-1", 1)],
        ["1", None],
    ),
    "email: one name, two hosts": (
        "Name,Email,Task\nA,a1@x.org,\nB,a1@y.org,\n",
        "Task",
        "email",
        [folder("a1")],
        [None, None],
    ),
    "email: whole addresses": (
        "Name,Email,Task\nA,a1@x.org,\nB,a1@y.org,\n",
        "Task",
        "email",
        [folder("a1@y.org", 1)],
        [None, "1"],
    ),
    "email: another host": ("Name,Email,Task\nA,a1@x.org,\n", "Task", "email", [folder("a1@y.org")], [None]),
    "email: a folder and an address": (
        "Name,Email,Task\nA,a1@x.org,\n",
        "Task",
        "email",
        [folder("a1"), folder("a1@x.org", 1)],
        [None],
    ),
    "email: a login here is an address there": (
        "Name,Username,Email,Task\nA,a1,z@x.org,\nB,b,a1@x.org,\n",
        "Task",
        "email",
        [folder("a1")],
        [None, None],
    ),
    "email: in a header nobody foresaw": (
        "Nafn,Netfang,Task\nAda,ada@x.org,\nBob,bob@x.org,\n",
        "Task",
        "email",
        [folder("bob", 1)],
        [None, "1"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_submission_fills_its_own_row_or_none(name, tmp_path):
    text, column, key, class_, expected = CASES[name]
    exported = tmp_path / "export.csv"
    exported.write_text(text, encoding="utf-8")
    told = fill(exported, column, key, class_, tmp_path / "out.csv")
    delimiter = ";" if text.count(";") > 3 else ","
    before, after = (
        list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")), delimiter=delimiter))
        for path in (exported, tmp_path / "out.csv")
    )
    place = next(n for n, header in enumerate(before[0]) if header.startswith(column))
    rows = [row for row in range(1, len(before)) if "Points Possible" not in before[row][0]]
    written = [after[row][place] if after[row][place] != before[row][place] else None for row in rows]
    assert written == expected
    assert told.count == sum(cell is not None for cell in expected)
    assert len(told.missing) == len(class_) - told.count
    # nothing else has changed
    for old, new in zip(before, after, strict=True):
        assert [cell for n, cell in enumerate(old) if n != place] == [cell for n, cell in enumerate(new) if n != place]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not any(case[4]) and "anonymous" not in name])
def test_whoever_might_have_had_a_row_is_listed_with_the_reason(name, tmp_path):
    text, column, key, class_, _ = CASES[name]
    (tmp_path / "export.csv").write_text(text, encoding="utf-8")
    told = fill(tmp_path / "export.csv", column, key, class_, tmp_path / "out.csv")
    if name not in ("canvas: only a SIS ID fits", "email: another host"):
        assert told.unclear
        assert any(one.learner in "".join(told.unclear) for one in class_)
    assert told.missing == [one.learner for one in class_]


def filled(tmp_path, data, class_, column="Task", **more):
    (tmp_path / "export.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    told = fill(tmp_path / "export.csv", column, "id", class_, tmp_path / "out.csv", **more)
    return (tmp_path / "out.csv").read_bytes(), told


def test_excused_stays_excused(tmp_path):
    data, told = filled(tmp_path, "ID,Name,Task\n1,A,EX\n2,B,\n", [folder("1"), folder("2")])
    assert data == b"ID,Name,Task\n1,A,EX\n2,B,2\n"
    assert (told.count, told.kept, told.missing, told.nobody) == (1, ["A 1"], [], [])


def test_the_scale_is_the_files_or_the_one_asked_for_and_is_told(tmp_path):
    text = "ID,Name,Task\n1,A,\n"
    assert filled(tmp_path, text, [folder("1", 1)])[0].endswith(b"1,A,1\n")
    assert "no maximum" in filled(tmp_path, text, [folder("1", 1)])[1].notes[0]
    data, told = filled(tmp_path, text, [folder("1", 1)], maximum=30)
    assert data.endswith(b"1,A,15\n")
    assert "30" in told.notes[0]


def test_what_could_not_be_read_or_marked_is_told_beside_the_result(tmp_path):
    class_ = [
        learner("1", status="unreadable", points=1),
        learner("2", status="marking error", points=1),
        learner("3", problems=["x.ipynb: the file is empty"]),
        learner("4"),
    ]
    told = filled(tmp_path, "ID,Task\n1,\n2,\n3,\n4,\n", class_)[1]
    assert (told.count, told.look_at) == (4, ["1", "2", "3"])


def test_a_grade_that_is_replaced_is_told(tmp_path):
    _, told = filled(tmp_path, "ID,Task\n1,7\n2,\n3,2\n", [folder("1"), folder("2"), folder("3")])
    assert any(note.startswith("1 cells held another grade") for note in told.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_letter_comes_back_in_the_encoding_it_came_in(tmp_path, encoding, delimiter, end):
    text = (
        end.join(delimiter.join(row) for row in (["ID", "Näme", "Task"], ["7", "Zoë Núñez", ""], ["8", "Bé", "-"]))
        + end
    )
    if encoding == "utf-16-be":
        text = "\ufeff" + text
    data, told = filled(tmp_path, text.encode(encoding), [folder("7", 1)])
    assert data.decode(encoding) == text.replace(f"Núñez{delimiter}", f"Núñez{delimiter}1", 1)
    assert told.count == 1


def test_excels_line_about_separators_stays(tmp_path):
    data, _ = filled(tmp_path, "sep=;\nID;Name;Task\n7;A;\n", [folder("7", 1)])
    assert data == b"sep=;\nID;Name;Task\n7;A;1\n"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.xlsx", b"PK\x03\x04...", "save it as 'CSV UTF-8'"),
        ("a.csv", b"PK\x03\x04...", "workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "workbook"),
        ("a.ods", b"x", "workbook"),
        ("a.csv", b"ID,Task\n\0\0", "no text"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n\n", "empty"),
        ("a.csv", b"ID,Other\n1,\n", "column is 'Task'; allowed: 'ID', 'Other'"),
        ("a.csv", b"ID,Task 1,Task 2\n1,,\n", "2 columns"),
        ("a.csv", b"ID,Task,Task\n1,,\n", "2 columns"),
        ("a.csv", b"Task,X\n1,,\n", "no such column"),
        ("a.csv", b"ID,Name,X\n" + b"1," + b"x" * 200_000 + b",\n", "no table"),
    ],
)
def test_what_is_no_gradebook_is_refused_with_the_way_out(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        fill(tmp_path / name, "Task", "id", [folder("1")], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_names_are_never_filled_over(tmp_path):
    (tmp_path / "a.csv").write_text("ID,Name,Email,Task\n1,A,a@x.org,\n")
    for column in ("ID", "Name", "Email"):
        with pytest.raises(ValueError, match="rows are recognised"):
            fill(tmp_path / "a.csv", column, "id", [folder("1")], tmp_path / "out.csv")


def test_numbers_are_read_and_written_as_each_country_does():
    read = {"10": 10, "10,5": 10.5, "10.5": 10.5, "1,234.50": 1234.5, "1.234,50": 1234.5, "1 000": 1000, "x": None}
    assert {text: number_of(text) for text in read} == read
    assert [grade(1, 3, 10), grade(1, 3, 10, comma=True), grade(2, 2, None), grade(0, 0, 5)] == [
        "3.33",
        "3,33",
        "2",
        "0",
    ]


@pytest.mark.parametrize(
    ("name", "row", "kind", "fits"),
    [
        ("Ada Lovelace", "Lovelace, Ada", "folder", True),
        ("lovelaceada", "Lovelace, Ada", "canvas", True),
        ("adalovelace", "Lovelace, Ada", "canvas", True),
        ("ADA_LOVELACE", "Ada Lovelace", "folder", True),
        ("Ada", "Ada Lovelace", "folder", False),
        ("Ada Lovelace", "Ada Ada Lovelace", "moodle", False),
        ("Zoe\u0308 N", "Zoë N", "moodle", True),
        ("", "", "moodle", False),
        ("12", "34", "canvas", False),
        ("anna", "Ann A", "folder", False),
        ("anna", "Ann A", "canvas", True),
    ],
)
def test_names(name, row, kind, fits):
    assert fits_name(name, [row], kind) is fits
