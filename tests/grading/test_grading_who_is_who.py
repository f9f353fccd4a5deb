"""A corpus of folders as platforms, teachers and learners make them: whose each file is, and what is said of it."""

import pytest
from fabricated import notebook, to_bytes, welcome, written, zipped

from course_lib.grading import grade_learner
from course_lib.grading.marks import Mark
from course_lib.grading.plain_text import one_line, shown_name, visible
from course_lib.grading.reading.catalogue import catalogue
from course_lib.grading.reading.submissions import find_submissions
from course_lib.grading.reading.versions import version, without_copy_marks
from course_lib.grading.reading.whose import from_platform
from course_lib.grading.records import file_names

LESSONS = ["00_welcome", "03_residual_block", "04_resampling"]
W, R = "00_welcome.ipynb", "04_resampling.ipynb"
M = "_assignsubmission_file_"

# the folder's name; its files -> who (with a number, if a platform gave one), and how many notebooks each
CLASSES = {
    "plain": ("in", [f"ada/{W}", f"bob/{W}"], {"ada": 1, "bob": 1}),
    "in one folder": ("in", [f"week3/ada/{W}", f"week3/bob/{W}"], {"ada": 1, "bob": 1}),
    "in two folders": ("in", [f"week3/all/ada/{W}", f"week3/all/bob/{W}"], {"ada": 1, "bob": 1}),
    "a folder in one of its name, as zips unpack": (
        "in",
        [f"week3/week3/ada/{W}", f"week3/week3/bob/{W}"],
        {"ada": 1, "bob": 1},
    ),
    "one learner's of that kind": ("in", [f"ada/ada/week 1/{W}", f"ada/ada/week 2/{R}"], {"ada": 2}),
    "in one folder, loose": ("in", ["week3/ada.ipynb", "week3/bob.ipynb"], {"ada": 1, "bob": 1}),
    "checkouts in one folder": (
        "in",
        [f"week3/{who}/{way}/{W}" for who in ("ada", "bob") for way in ("notebooks", "solutions")],
        {"ada": 1, "bob": 1},  # the course's own solutions are nobody's answers
    ),
    "one learner's checkout": (
        "in",
        [f"ada/notebooks/{W}", f"ada/solutions/{W}", "ada/course_lib/unet.py"],
        {"ada": 1},
    ),
    "one learner's folders by lesson": ("in", [f"ada/00_welcome/{W}", f"ada/04_resampling/{R}"], {"ada": 2}),
    "one learner's folders by week": ("in", [f"ada/week 1/{W}", f"ada/week 2/{R}"], {"ada": 2}),
    "one learner's lessons": ("in", [f"ada/{W}", f"ada/{R}"], {"ada": 2}),
    "one learner, loose": ("ada", [W, R], {"ada": 2}),
    "a wrapper that not every entry has": ("in", [f"week3/{W}", f"ada/{W}"], {"ada": 1, "week3": 1}),
    "nbgrader": ("submitted", [f"ada/ps/{W}", f"bob/ps/{W}"], {"ada": 1, "bob": 1}),
    "canvas": (
        "in",
        [f"smithjane_12_9001_{W}", f"smithjane_12_9002_{R}", f"doejohn_LATE_13_9003_{W}"],
        {"smithjane 12": 2, "doejohn 13": 1},
    ),
    "canvas in a folder": ("in", [f"submissions/smithjane_12_9001_{W}", f"submissions/doe_13_9_{W}"], None),
    "canvas, anonymous": (
        "in",
        [f"anon_8xcU4_9001_{W}", f"anon_8xcU4_9002_{R}", f"LATE_anon_Bc3dE_9003_{W}", f"anon_12345_9004_{W}"],
        {"anonymous 8xcU4 8xcU4": 2, "anonymous Bc3dE Bc3dE": 1, "anonymous 12345 12345": 1},
    ),
    "canvas, underscores in names": ("in", [f"von_neumann_12_9001_{W}", f"a_b_c_13_9002_{R}"], None),
    "canvas, texts and links": ("in", ["smithjane_12_text.html", "doe_13_link.html"], {"smithjane 12": 0, "doe 13": 0}),
    "canvas, quizzes": ("in", [f"smithjane_12_question_77_9001_{W}", f"doe_13_question_77_9002_{W}"], None),
    "moodle": ("in", [f"Ada L_1001{M}/{W}", f"Ada L_1002{M}/{W}"], {"Ada L 1001": 1, "Ada L 1002": 1}),
    "moodle without folders": ("in", [f"Ada L_1001{M}{W}", f"Bob_S_1002{M}{R}"], {"Ada L 1001": 1, "Bob_S 1002": 1}),
    "moodle 4.1": ("in", [f"Ada L_1001_assignsubmission_file/{W}"], {"Ada L 1001": 1}),
    "moodle in a folder": ("in", [f"CS-Task-77/Ada L_1001{M}/{W}", f"CS-Task-77/Bob_1002{M}/{W}"], None),
    "moodle, text and files": (
        "in",
        [f"Ada L_1001{M}/{W}", "Ada L_1001_assignsubmission_onlinetext_/onlinetext.html"],
        {"Ada L 1001": 1},
    ),
    "moodle, two tasks in one folder": (
        "in",
        [f"Ada L_1001{M}/{W}", f"Bob S_1001{M}/{W}"],
        {"Ada L 1001": 1, "Bob S 1001": 1},
    ),
    "moodle, groups in folders": (
        "in",
        [f"A/Ada_1{M}/{W}", f"A/Al_2{M}/{W}", f"B/Bob_3{M}/{W}", f"B/Bo_4{M}/{W}"],
        {"Ada 1": 1, "Al 2": 1, "Bob 3": 1, "Bo 4": 1},
    ),
    "a learner's file that is called as Canvas would": (
        "in",
        ["one/two_456_9001_04_resampling.ipynb", f"three/{R}"],
        {"one": 1, "three": 1},
    ),
    "all learners' files are": ("in", [f"one/two_456_9001_{R}", f"three/four_457_9002_{R}"], {"one": 1, "three": 1}),
    "names that look alike": ("in", [f"ada/{W}", f"ada\u200b/{W}", f"a\u0064a/{R}"], {"ada": 2, "ada\\u200b": 1}),
    "accents in pieces": ("in", [f"Zoe\u0308/{W}", f"Zo\u00eb/{W}"], None),
    "names that begin alike": ("in", ["x" * 130 + f"a/{W}", "x" * 130 + f"b/{W}"], None),
    "capital letters": ("in", [f"Ada/{W}", f"ada/{W}"], {"Ada": 1, "ada": 1}),
    "classroom": ("in", [f"unet-assignment-ada-l/{W}", f"unet-assignment-bob/{W}"], {"ada-l": 1, "bob": 1}),
    "classroom, logins that begin alike": ("in", [f"unet-week-3-ada-l/{W}", f"unet-week-3-ada-m/{W}"], None),
    "classroom's own folder": ("in", [f"unet-submissions/unet-ada-l/{W}", f"unet-submissions/unet-ada-m/{W}"], None),
    "a report of ours": ("in", [f"ada/{W}", "old/run.json", "old/marks/ada.json", f"old/learners/{W}"], {"ada": 1}),
    "copies, loose": ("in", ["ada.ipynb", "ada (1).ipynb", "Copy of ada.ipynb", "ada-Copy1.ipynb"], {"ada": 4}),
    "versions, loose": ("in", [f"bob_{W}", "bob_00_welcome_v2.ipynb", "bob_00_welcome final.ipynb"], {"bob": 3}),
    "odd endings": ("in", [f"ada/{W}.txt", f"bob/{W}.json"], {"ada": 1, "bob": 1}),
}
SAME = {  # those whose answer is easier said in code
    "canvas in a folder": {"smithjane 12": 1, "doe 13": 1},
    "canvas, underscores in names": {"von_neumann 12": 1, "a_b_c 13": 1},
    "canvas, quizzes": {"smithjane 12": 1, "doe 13": 1},
    "moodle in a folder": {"Ada L 1001": 1, "Bob 1002": 1},
    "names that begin alike": {"x" * 117 + "...": 1},
    "accents in pieces": {"Zo\u00eb": 1},
    "classroom, logins that begin alike": {"ada-l": 1, "ada-m": 1},
    "classroom's own folder": {"ada-l": 1, "ada-m": 1},
}
TWICE = ("names that begin alike", "accents in pieces")
SAID = {
    "in one folder": "'week3': left out",
    "a report of ours": "old is a report",
    "names that begin alike": "2 learners are shown as",
    "accents in pieces": "marked apart",
    "capital letters": "2 learners are shown as",
    "classroom": "'unet-assignment-': taken for the task's name",
    "one learner's folders by lesson": "taken for one learner",
    "moodle, two tasks in one folder": "number 1001 stands with 2 names",
}


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("name", CLASSES)
def test_whose_files_are_whose(name, as_zip, tmp_path):
    top, files, expected = CLASSES[name]
    if as_zip:
        if name == "a report of ours":
            pytest.skip("reports are folders")
        root = written(tmp_path / f"{top}.zip", zipped([(file, welcome()) for file in files]))
        if name == "one learner, loose":
            return
    else:
        root = tmp_path / top
        for file in files:
            written(root / file, welcome())
    found = find_submissions(root, LESSONS)
    who = [(f"{one.learner} {one.number}".strip(), len(one.notebooks)) for one in found.submissions]
    assert dict(who) == (expected or SAME[name])
    assert len(who) == len(dict(who)) + (name in TWICE)
    names = file_names(found.submissions)
    assert len({file.casefold() for file in names}) == len(names)
    if name in SAID:
        assert any(SAID[name] in note for note in found.notes), found.notes
    assert all(note.isprintable() for note in found.notes)


def test_canvas_says_who_was_late(tmp_path):
    for file in (f"a_12_9_{W}", f"b_LATE_13_9_{W}", f"LATE_anon_8xcU4_9_{W}", f"late_14_9_{W}"):
        written(tmp_path / file, welcome())
    late = {one.learner: one.late for one in find_submissions(tmp_path, LESSONS).submissions}
    assert late == {"a": False, "b": True, "anonymous 8xcU4": True, "late": False}


@pytest.mark.parametrize(
    "top", ["", "_", "__", "a_1", "_1_2_x", "1_2", "a_1_2", "anon_8xcU4_9", "ada_1_b_2_c.ipynb", "x" * 70_000]
)
def test_what_no_platform_writes_is_no_platforms(top):
    assert from_platform(top) is None


# names in the order in which later ones count more
VERSIONS = [
    [
        f"{LESSONS[2]}{end}.ipynb"
        for end in ("", "-1", " 2", "-Copy3", " (4)", "_v9", "_v10", "_v10.1", "_v10.2", "_attempt11")
    ],
    [f"{way}/04_resampling.ipynb" for way in ("try 1", "try 2", "try 10")],
    ["04_resampling.ipynb", "Copy of 04_resampling.ipynb", "Copy of 04_resampling (2).ipynb"],
    ["04_resampling.ipynb", "04_resampling - Copy.ipynb"],
    ["04_resampling_2026-03-09.ipynb", "04_resampling_2026-03-10.ipynb"],
    ["final9.ipynb", "final10.ipynb"],
]


@pytest.mark.parametrize("names", VERSIONS, ids=lambda names: names[-1])
def test_numbers_in_names_are_compared_as_numbers(names):
    lesson = "04_resampling" if "04_resampling" in names[0] else ""
    found = [version(tuple(name.split("/")), lesson) for name in names]
    assert found == sorted(found)
    assert len(set(found)) == len(found)


def test_of_two_files_the_later_one_counts_and_the_report_says_which(tmp_path):
    items = catalogue(("00",))
    for order, (old, new) in enumerate((("_v9", "_v10"), ("", " 2"), ("-1", "-10"), ("", "-Copy1"))):
        folder = tmp_path / str(order)
        for end, number in ((old, 1), (new, 2)):
            # the earlier one has a check cell and the later one none
            made = welcome(f"def from_pixels(pixels):\n    return {number}")
            made["cells"] = made["cells"] if number == 1 else made["cells"][:2]
            written(folder / "ada" / f"00_welcome{end}.ipynb", made)
        (one,) = find_submissions(folder, LESSONS).submissions
        graded = grade_learner(one, items, lambda answers: [Mark(each.exercise, "passed") for each in answers])
        assert "return 2" in graded.results[0].shown
        assert graded.counted == (f"ada/00_welcome{new}.ipynb",)
        assert len(graded.files) == 2


def test_canvas_own_numbers_decide_between_names_that_say_nothing(tmp_path):
    for number in (10000, 9999):
        written(tmp_path / f"ada_12_{number}_{W}", welcome())
    (one,) = find_submissions(tmp_path, LESSONS).submissions
    assert [place.name for place in one.notebooks] == [f"ada_12_{number}_{W}" for number in (9999, 10000)]


def test_copy_marks():
    plain = {
        "ada": "ada",
        "ada (1)": "ada",
        "Copy of ada": "ada",
        "ada-Copy12": "ada",
        "ada - Copy": "ada",
        "ada-1": "ada-1",
    }
    assert {name: without_copy_marks(name) for name in plain} == plain


REASONS = {  # a learner's file -> status and words for lesson 00
    "00_welcome.py": (b"x = 1", "unreadable", "Python, saved or exported"),
    "00_welcome.html": (b"<html>", "unreadable", "a web page"),
    "00_welcome.pdf": (b"%PDF", "unreadable", "a print"),
    "work.rar": (b"Rar!", "unreadable", "not opened"),
    "work.7z": (b"7z", "unreadable", "not opened"),
    "essay.pdf": (b"%PDF", "missing", "No notebook of this lesson"),
    "notes.txt": (b"hello", "missing", "No notebook of this lesson"),
    "00_welcome.ipynb": (b"", "unreadable", "the file is empty"),
}
REASONS_OF_NOTEBOOKS = {
    "Markdown": (
        {"cell_type": "markdown", "metadata": {"exercise": "from_pixels"}, "source": "def from_pixels(x):"},
        "missing",
        "is Markdown in",
    ),
    "Markdown without metadata": (
        {"cell_type": "markdown", "metadata": {}, "source": "text\ndef from_pixels(x):\n    return x"},
        "missing",
        "is Markdown in",
    ),
    "raw": (
        {"cell_type": "raw", "metadata": {"exercise": "from_pixels"}, "source": "def from_pixels(x):"},
        "missing",
        "is raw text in",
    ),
    "conflict marks in the cell": (
        {
            "cell_type": "code",
            "metadata": {"exercise": "from_pixels"},
            "source": "<<<<<<< HEAD\ndef from_pixels(x):\n=======\ndef from_pixels(y):\n>>>>>>> main\n    return 1",
        },
        "failed",
        "Git's conflict marks",
    ),
}


def first_mark(folder):
    (one,) = find_submissions(folder, LESSONS).submissions
    graded = grade_learner(one, catalogue(("00",)), lambda answers: [Mark(each.exercise, "passed") for each in answers])
    return graded.results[0].mark


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_for_every_lost_point_is_true_files(name, tmp_path):
    data, status, words = REASONS[name]
    written(tmp_path / "ada" / name, data)
    mark = first_mark(tmp_path)
    assert mark.status == status
    assert words in mark.message


@pytest.mark.parametrize("name", REASONS_OF_NOTEBOOKS)
def test_the_reason_for_every_lost_point_is_true_cells(name, tmp_path):
    made, status, words = REASONS_OF_NOTEBOOKS[name]
    whole = notebook("x = 1", lesson="00_welcome")
    whole["cells"].append({"outputs": [], "execution_count": None, "id": "x", **made})
    written(tmp_path / "ada" / W, whole)
    mark = first_mark(tmp_path)
    assert mark.status == status
    assert words in mark.message


def test_conflict_marks_in_the_file_are_told_with_their_line(tmp_path):
    text = to_bytes(welcome()).replace(b'"cells": [', b'"cells": [\n<<<<<<< HEAD\n').decode()
    written(tmp_path / "ada" / W, text.encode())
    mark = first_mark(tmp_path)
    assert mark.status == "unreadable"
    assert "conflict marks stand in it (line 2)" in mark.message


@pytest.mark.parametrize("name", [f"{W}.txt", f"{W}.json", f"{W.upper()}", "00_welcome (1).ipynb.txt"])
def test_a_notebook_with_another_ending_is_read_all_the_same(name, tmp_path):
    written(tmp_path / "ada" / name, welcome(lesson="00_welcome"))
    assert first_mark(tmp_path).status == "passed"


def test_forty_megabytes_of_outputs_cost_nobody_a_point(tmp_path):
    made = welcome(lesson="00_welcome")
    made["cells"][0]["outputs"] = [{"output_type": "stream", "text": ['a "quoted" \\ [text] {' * 1_000] * 1_800}]
    made["cells"].insert(
        0, {"cell_type": "markdown", "metadata": {}, "source": '"outputs": [', "attachments": {"x": {}}}
    )
    path = written(tmp_path / "ada" / W, made)
    assert path.stat().st_size > 40_000_000
    assert first_mark(tmp_path).status == "passed"


def test_terminal_commands_and_directions_are_seen_and_not_obeyed():
    assert visible("a\x1b[31m\u202eb\u2066\x07\n\tc") == "a\\x1b[31m\\u202eb\\u2066\\x07\n\tc"
    assert (
        visible("\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert visible("a\u200db\U000e0041\ufeff") == "a\\u200db\\U000e0041\\ufeff"
    assert one_line("a\r\n\u2028b") == "a b"
    assert shown_name("\x9b31m" + "x" * 500).isprintable()
    for one in map(chr, [*range(0x3100), *range(0xD7A0, 0x11000), *range(0xE0000, 0xE0200)]):
        if not 0xD800 <= ord(one) < 0xE000:
            assert visible(one).isprintable() or one in "\n\t" or one.isspace()
