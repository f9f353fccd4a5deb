"""The first code cell: it fetches the course on Colab and Kaggle; elsewhere it looks whether all is there.

On a hosted machine the notebook is all there is, and on a learner's own even torch may be missing. So the cell uses
nothing but the standard library, in words that a Python too old for the course understands, until it has found the
course. The rest is `course_lib.colab` and `course_lib.doctor.first_cell`. Its text enters no digest: a new version of
the cell is put into the notebooks without executing them.
"""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_lib.authoring.source import repository_address, version

CELL_ID = "colab-set-up"

# front ends fold it: JupyterLab by source_hidden, Colab by cellView, Jupyter Book and its relatives by the tag
METADATA = {"jupyter": {"source_hidden": True}, "cellView": "form", "tags": ["hide-input"]}

SOURCE = """\
# @title Set-up: run this cell first. It fetches the course on Colab and Kaggle, and looks whether all is there.
USE_DRIVE = False  # @param {{type: "boolean"}}
# Colab: with True, what you passed and trained (the folder my_work) is kept in your Google Drive.
# With False it is lost when the session ends.


def set_up(use_drive):
    import glob
    import importlib.util
    import os
    import shutil
    import subprocess
    import sys

    class Stop(Exception):
        def _render_traceback_(self):  # what Jupyter shows: the sentence alone
            return [str(self)]

    def is_there(package):
        try:
            return importlib.util.find_spec(package) is not None
        except ImportError:
            return False

    def fetch(address, course):
        fresh = course + ".part"
        shutil.rmtree(fresh, ignore_errors=True)  # of a fetch that was interrupted
        # the version of this notebook; before it is published, the newest state
        for branch in (["--branch", "v{version}"], []):
            command = ["git", "clone", "--quiet", "--depth", "1", *branch, address, fresh]
            fetched = subprocess.run(command, capture_output=True, text=True)
            if fetched.returncode == 0:
                os.rename(fresh, course)
                return
        advice = (
            "Is the internet switched on? In the panel at the right: Session options, Internet (it asks for a verified "
            "phone number once). Without it: download the course as a zip from that address, attach it here with Add "
            "Input, Upload, New Dataset, and run this cell again. "
        )
        raise Stop(f"The course could not be fetched from {{address}}. {{advice * on_kaggle}}{{fetched.stderr}}")

    # Kaggle first: its machines have Colab's package too
    on_kaggle = "KAGGLE_KERNEL_RUN_TYPE" in os.environ
    on_colab = not on_kaggle and is_there("google.colab")
    course = None
    if on_kaggle or on_colab:
        attached = os.path.expanduser(os.environ.get("KAGGLE_INPUT", "/kaggle/input")) + "/**/course_lib/__init__.py"
        found = glob.glob(attached, recursive=True) if on_kaggle else []
        course = os.path.dirname(os.path.dirname(found[0])) if found else os.path.abspath("unet-course-{version}")
        if not os.path.isdir(course):
            address = "{address}"
            fetch(os.path.expanduser(os.environ.get("UNET_COURSE_REPOSITORY", address)), course)
    elif sys.version_info < (3, 11):
        raise Stop(
            f"This kernel is Python {{sys.version.split()[0]}} ({{sys.executable}}); the course needs 3.11 or newer. "
            "In the course's folder: python3.12 -m venv .venv; then .venv/bin/python -m pip install -r "
            "requirements.txt; then .venv/bin/python -m jupyter lab --preferred-dir notebooks"
        )
    elif not is_there("torch"):
        raise Stop(
            f"This kernel ({{sys.executable}}) has no torch. If you have installed the course, choose the kernel of "
            "that environment (menu Kernel, Change Kernel), or start Jupyter from it: .venv/bin/python -m jupyter lab. "
            f"Else, in the course's folder: {{sys.executable}} -m pip install -r requirements.txt"
        )
    elif not is_there("course_lib.checks"):
        # a folder that was moved: the course lies beside the folder of this notebook all the same
        course = next((place for place in (os.pardir, os.curdir) if os.path.isdir(place + "/course_lib")), None)
        if course is None:
            raise Stop(
                f"The course is not found from {{os.getcwd()}}. Was its folder moved? In it, run: {{sys.executable}} "
                "-m pip install -e . and then restart the kernel (menu Kernel)."
            )
        course = os.path.abspath(course)
    if course is not None:
        if course not in sys.path:
            sys.path.insert(0, course)
        paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != course]
        os.environ["PYTHONPATH"] = os.pathsep.join([course, *paths])  # for `!python -m course_lib train`
    try:
        from course_lib.doctor.first_cell import look_around
    except ImportError:
        raise Stop(
            "The course that is installed is older than this notebook, or damaged. In its folder, run: git pull; then "
            f"{{sys.executable}} -m pip install -r requirements.txt; then restart the kernel (menu Kernel)."
        ) from None
    problem = look_around("{version}", "Kaggle" if on_kaggle else "Colab" if on_colab else "", use_drive)
    if problem:
        raise Stop(problem)


set_up(USE_DRIVE)"""


def colab_cell() -> NotebookNode:
    text = SOURCE.format(address=repository_address(), version=version())
    return new_code_cell(text, metadata=METADATA, id=CELL_ID)
