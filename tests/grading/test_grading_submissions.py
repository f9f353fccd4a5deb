"""Who handed in what: the folders of Canvas, Moodle, GitHub Classroom and plain ones, and files that are not what
they say."""

import os
import stat
import zipfile

import pytest
from fabricated import notebook, to_bytes, welcome, written, zipped

from course_lib.grading.plain_text import shown_name
from course_lib.grading.reading.notebooks import MAX_BYTES, read_notebook, read_notebooks
from course_lib.grading.reading.submissions import Submission, find_submissions
from course_lib.grading.records import file_names

LESSONS = ["00_welcome", "03_residual_block"]


def found(root, **more):
    return {one.learner: one for one in find_submissions(root, LESSONS, **more).submissions}


def test_a_folder_of_lessons_is_one_learner(tmp_path):
    for name in ("00_welcome.ipynb", "03_residual_block.ipynb", "Copy of 03_residual_block.ipynb"):
        written(tmp_path / "ada" / name, welcome())
    written(tmp_path / "ada" / "README.md", b"hello")
    result = find_submissions(tmp_path / "ada", LESSONS)
    assert [(one.learner, len(one.notebooks)) for one in result.submissions] == [("ada", 3)]
    assert result.ignored == ["README.md"]


def test_loose_files_belong_to_whom_they_are_called_after(tmp_path):
    for name in (
        "ada.ipynb",
        "student-01.ipynb",
        "student-02.ipynb",
        "bob_00_welcome.ipynb",
        "03_residual_block-bob.ipynb",
    ):
        written(tmp_path / name, welcome())
    assert {name: len(one.notebooks) for name, one in found(tmp_path).items()} == {
        "ada": 1,
        "bob": 2,
        "student-01": 1,
        "student-02": 1,
    }


def test_canvas(tmp_path):
    for name in (
        "smithjane_123_9001_00_welcome.ipynb",
        "smithjane_123_9002_03_residual_block-1.ipynb",
        "doejohn_LATE_124_9003_work.zip",
        "roepat_125_9004_essay.pdf",
    ):
        written(tmp_path / name, zipped({"a/00_welcome.ipynb": welcome()}) if name.endswith("zip") else welcome())
    result = found(tmp_path)
    assert {name: (one.number, len(one.notebooks)) for name, one in result.items()} == {
        "smithjane": ("123", 2),
        "doejohn": ("124", 1),
        "roepat": ("125", 0),
    }
    assert result["roepat"].problems == ["roepat_125_9004_essay.pdf is no notebook (.ipynb)"]


@pytest.mark.parametrize("as_zip", [False, True])
def test_moodle_as_a_folder_and_as_the_zip_it_gives(tmp_path, as_zip):
    names = {
        "Jane Smith_1001_assignsubmission_file_/00_welcome.ipynb": to_bytes(welcome()),
        "José Núñez_1002_assignsubmission_file/work.zip": zipped({"00_welcome.ipynb": welcome()}),
        "Jane Smith_1003_assignsubmission_file_/00_welcome.ipynb": to_bytes(welcome()),
        "Pat Roe_1004_assignsubmission_file_00_welcome.ipynb": to_bytes(welcome()),
    }
    if as_zip:
        written(tmp_path / "in" / "all.zip", zipped(names))
    else:
        for name, data in names.items():
            written(tmp_path / "in" / name, data)
    roots = [tmp_path / "in"] + ([tmp_path / "in" / "all.zip"] if as_zip else [])
    for root in roots:
        result = find_submissions(root, LESSONS).submissions
        assert [(one.learner, one.number, len(one.notebooks)) for one in result] == [
            ("Jane Smith", "1001", 1),
            ("Jane Smith", "1003", 1),
            ("José Núñez", "1002", 1),
            ("Pat Roe", "1004", 1),
        ]
        assert len(set(file_names(result))) == 4


@pytest.mark.parametrize("wrapped", [False, True])
def test_github_classroom(tmp_path, wrapped):
    root = tmp_path / "unet-assignment-submissions" if wrapped else tmp_path
    for login in ("ada-l", "bob"):
        written(root / f"unet-assignment-{login}" / "notebooks" / "00_welcome.ipynb", welcome())
        written(root / f"unet-assignment-{login}" / ".git" / "x.ipynb", welcome())
        written(root / f"unet-assignment-{login}" / "notebooks" / ".ipynb_checkpoints" / "00.ipynb", welcome())
    for start in {root, tmp_path}:
        assert {name: len(one.notebooks) for name, one in found(start).items()} == {"ada-l": 1, "bob": 1}


def test_names_with_hyphens_are_names_as_long_as_nothing_says_otherwise(tmp_path):
    for name in ("anna-lena", "anna-maria", "student-1", "student-2"):
        written(tmp_path / name / "00_welcome.ipynb", welcome())
    assert set(found(tmp_path)) == {"anna-lena", "anna-maria", "student-1", "student-2"}


def test_the_report_inside_the_folder_is_no_submission(tmp_path):
    written(tmp_path / "ada" / "00_welcome.ipynb", welcome())
    written(tmp_path / "report" / "learners" / "x.ipynb", welcome())
    assert set(found(tmp_path, skip=tmp_path / "report")) == {"ada"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (to_bytes(welcome())[:-40], "cut off or damaged"),
        (b"%PDF-1.7 \xff\xfe\x00", "bytes are not text"),
        (b"<html></html>", "does not begin as one"),
        (b"[1, 2]", "not a notebook"),
        (b'{"cells": 3}', "no cells"),
        (b'{"worksheets": [], "nbformat": 3}', "nbformat 3"),
        (b"[" * 200_000, "damaged"),
        (b'{"cells": ' + b"[" * 100_000, "damaged"),
        (b'{"x": ' + b"9" * 10_000 + b"}", "damaged|no cells"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else None,
)
def test_what_is_no_notebook_is_said_in_words(data, words):
    with pytest.raises(ValueError, match=words):
        read_notebook("x.ipynb", data)


@pytest.mark.parametrize("minor", range(6))
def test_every_minor_version_and_odd_cells_are_read(minor):
    made = notebook("a = 1", minor=minor, lesson="03_residual_block")
    made["cells"] += [
        3,
        {"cell_type": "markdown", "source": "x"},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 7},
    ]
    made["cells"].append({"cell_type": "code", "source": "b = 2\r\n", "metadata": "no"})
    read = read_notebook("x.ipynb", b"\xef\xbb\xbf" + to_bytes(made))
    assert [one.source for one in read.cells] == ["a = 1", "", "", "b = 2\n"]
    assert read.lesson == "03"


def test_an_exercise_is_known_by_metadata_by_its_id_and_by_nbgraders():
    cells = [
        {"metadata": {"exercise": "UNet"}},
        {"id": "exercise-UNet"},
        {"metadata": {"nbgrader": {"grade_id": "exercise-UNet"}}},
        {"metadata": {"id": "abc", "vscode": {}}, "id": "X1"},
    ]
    made = notebook()
    made["cells"] = [{"cell_type": "code", "source": "", **one} for one in cells]
    assert [one.exercise for one in read_notebook("x.ipynb", to_bytes(made)).cells] == ["UNet", "UNet", "UNet", ""]


def link_entry(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_unsafe_zips_are_reported_and_their_good_files_read(tmp_path):
    good = to_bytes(welcome())
    path = tmp_path / "in" / "ada.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("00_welcome.ipynb", good)
        archive.writestr("../../outside.ipynb", good)
        archive.writestr("/etc/absolute.ipynb", good)
        archive.writestr("..\\windows.ipynb", good)
        archive.writestr("C:/drive.ipynb", good)
        archive.writestr(link_entry("link.ipynb"), "/etc/passwd")
        archive.writestr("__MACOSX/._00_welcome.ipynb", b"\0")
        archive.writestr("bomb.ipynb", b" " * (MAX_BYTES + 10))
        archive.writestr("deep.zip", zipped({"more.zip": zipped({"x.ipynb": welcome()}), "y.ipynb": welcome()}))
    one = found(tmp_path / "in")["ada"]
    assert sorted(place.name for place in one.notebooks) == ["00_welcome.ipynb", "bomb.ipynb", "y.ipynb"]
    notebooks, problems, _ = read_notebooks(one)
    text = "\n".join(problems)
    assert text.count("leads out of its zip") == 4
    for words in ("link.ipynb is a link inside a zip", "bomb.ipynb: larger than", "more.zip is a zip inside a zip"):
        assert words in text
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["ada.zip", "in"]
    assert len(notebooks) == 2


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"\0" * 100])
def test_a_damaged_zip_is_its_learners_problem_only(tmp_path, data):
    written(tmp_path / "ada.zip", data)
    written(tmp_path / "bob" / "work.zip", data)
    written(tmp_path / "eve" / "00_welcome.ipynb", welcome())
    result = found(tmp_path)
    assert set(result) == {"ada", "bob", "eve"}
    assert "no readable zip" in result["ada"].problems[0]
    assert "no readable zip" in result["bob"].problems[0]


def test_an_entry_that_is_larger_than_it_says_is_not_read_beyond_the_limit(tmp_path):
    data = bytearray(zipped({"00_welcome.ipynb": b" " * (MAX_BYTES + 1000)}))
    size = (MAX_BYTES + 1000).to_bytes(4, "little")
    written(tmp_path / "ada.zip", bytes(data.replace(size, (100).to_bytes(4, "little"))))
    notebooks, problems, unreadable = read_notebooks(found(tmp_path)["ada"])
    assert not notebooks
    assert problems
    assert unreadable == ["00"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no such files")
def test_links_and_special_files_are_reported_and_never_opened(tmp_path):
    secret = written(tmp_path / "secret.ipynb", welcome())
    folder = tmp_path / "in" / "ada"
    folder.mkdir(parents=True)
    (folder / "00_welcome.ipynb").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.ipynb")
    (tmp_path / "in" / "eve").mkdir()
    result = found(tmp_path / "in")
    assert not result["ada"].notebooks
    text = "\n".join(result["ada"].problems)
    assert text.count("is a link") == 2
    assert "no regular file" in text
    assert "empty folder" in result["eve"].problems[0]


def test_names_that_could_mislead_are_made_plain(tmp_path):
    names = ["../x", "a\u202eb", "  spaced   out ", "con", "CON", "Ünïcode", "x" * 300, "<script>", "a/b"]
    cleaned = [shown_name(name) for name in names]
    assert cleaned[1] == "a\\u202eb"
    assert cleaned[2] == "spaced out"
    safe = file_names([Submission(name) for name in names])
    assert len({name.casefold() for name in safe}) == len(names)
    assert all(name.replace("-", "").replace(".", "").replace("_", "").isalnum() for name in safe)
    assert not {"con", ".."} & {name.casefold() for name in safe}


@pytest.mark.parametrize("content", [{}, {"notes.txt": b"x"}])
def test_a_folder_without_any_submission_is_an_error(tmp_path, content):
    for name, data in content.items():
        written(tmp_path / name, data)
    with pytest.raises(ValueError, match="which holds no notebook"):
        find_submissions(tmp_path, LESSONS)
    with pytest.raises(ValueError, match="does not exist"):
        find_submissions(tmp_path / "nowhere", LESSONS)
