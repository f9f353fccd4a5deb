"""What a public project shows on its front door: forms, workflow, citation and changelog are well-formed and agree."""

import re
import shlex

import pytest
import yaml

import course_lib
from course_lib.authoring.source import ROOT, lesson_sources, project, repository_address

FORMS = sorted(path for path in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
CITATION = ROOT / "CITATION.cff"


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_the_code_host_asks_for(path):
    form = read(path)
    assert {"name", "description", "body"} <= form.keys() <= {"name", "description", "title", "labels", "body"}
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields)
    assert any(part.get("validations", {}).get("required") for part in fields)
    for part in form["body"]:
        assert part["type"] in ("markdown", "input", "textarea", "dropdown", "checkboxes")
        if part["type"] == "markdown":
            assert part["attributes"]["value"]
        else:
            assert part["attributes"]["label"]
        if part["type"] == "dropdown":
            assert len(part["attributes"]["options"]) > 1


def test_there_is_a_form_for_the_stuck_the_puzzled_and_the_teaching():
    names = {read(path)["name"] for path in FORMS}
    assert {"I am stuck", "This sentence is unclear", "For instructors"} <= names


def test_the_workflow_runs_ci_run_on_linux_and_a_smoke_test_elsewhere():
    jobs = read(WORKFLOW)["jobs"]
    steps = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert jobs["everything"]["runs-on"] == "ubuntu-latest"
    assert steps["everything"] == [".ci/run"]
    assert jobs["systems"]["strategy"]["matrix"]["system"] == ["macos-latest", "windows-latest"]
    for name in ("systems", "versions"):
        assert "python -m course_lib doctor" in steps[name]
    assert "python -m pytest ${{ env.SMOKE_TESTS }}" in steps["systems"]
    assert "python -m pytest ${{ matrix.tests || env.SMOKE_TESTS }}" in steps["versions"]
    for job in jobs.values():
        assert job["timeout-minutes"]


def test_the_workflow_begins_with_the_lowest_python_of_pyproject():
    rows = read(WORKFLOW)["jobs"]["versions"]["strategy"]["matrix"]["include"]
    lowest = next(row for row in rows if row["versions"] == "lowest")
    assert f">={lowest['python']}" == project()["requires-python"]
    assert lowest["resolution"] == "lowest-direct"
    # with these, the whole of what the README tells a newcomer to run
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"-m pytest {lowest['tests']}\n" in readme.partition("### Run the tests")[2]
    assert {row["python"] for row in rows} >= {row for row in ("3.13", "3.14") if row in str(project()["dependencies"])}


def test_every_file_of_the_smoke_test_exists():
    for name in shlex.split(read(WORKFLOW)["env"]["SMOKE_TESTS"]):
        assert (ROOT / name).exists(), name


def test_the_citation_names_version_address_and_licence_of_pyproject():
    citation = read(CITATION)
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert citation["version"] == project()["version"] == course_lib.__version__
    assert citation["repository-code"] == repository_address()
    assert citation["license"] == project()["license"]


def test_the_changelog_has_the_form_it_says():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert sections[0] == ("Unreleased", "")
    assert all(date for _, date in sections[1:])
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_requirements_txt_says_what_pyproject_says():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert set(project()["dependencies"]) <= set(lines)


def test_the_guide_for_contributors_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"[\w./-]*(?:course_lib|solutions|tests|notebooks|\.github|\.ci)/[\w./-]*\w", text)
    assert len(named) > 20
    for name in set(named):
        new = re.search(
            r"(?:lesson|notebooks/|solutions/)(\d\d)", name
        )  # the guide's example of a lesson that is added
        if "NN" not in name and not (new and int(new[1]) >= len(lesson_sources())):
            assert (ROOT / name).exists(), name
