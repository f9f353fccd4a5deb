"""The set-up cell for Google Colab, which the build puts under the title of every notebook.

It stands alone, since on Colab the notebook is all there is. So it only finds out where it is and fetches the course;
the rest is `course_lib.colab`, in the copy that it fetched. Its text enters no digest: a new version of the cell is put
into the notebooks without executing them.
"""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_lib.authoring.source import repository_address, version

CELL_ID = "colab-set-up"

# front ends fold it: JupyterLab by source_hidden, Colab by cellView, Jupyter Book and its relatives by the tag
METADATA = {"jupyter": {"source_hidden": True}, "cellView": "form", "tags": ["hide-input"]}

SOURCE = """\
# @title Set-up for Google Colab: run this cell first. Anywhere else it does nothing.
USE_DRIVE = False  # @param {{type: "boolean"}}
# True keeps what you passed and trained (the folder my_work) in your Google Drive. False: it goes with the runtime.

try:
    import google.colab  # only Colab has it
except ImportError:
    pass
else:
    import os
    import shutil
    import subprocess
    import sys

    address = "{address}"
    address = os.environ.get("UNET_COURSE_REPOSITORY", address)
    course = os.path.abspath("unet-course-{version}")
    if not os.path.isdir(course):
        # the version of this notebook; before it is published, the newest state
        fresh = f"{{course}}.part"
        shutil.rmtree(fresh, ignore_errors=True)  # of a fetch that was interrupted
        for branch in (["--branch", "v{version}"], []):
            fetch = ["git", "clone", "--quiet", "--depth", "1", *branch, address, fresh]
            fetched = subprocess.run(fetch, capture_output=True, text=True)
            if fetched.returncode == 0:
                os.rename(fresh, course)
                break
        else:
            raise RuntimeError(f"The course could not be fetched from {{address}}. {{fetched.stderr}}")
    if course not in sys.path:
        sys.path.insert(0, course)
    from course_lib.colab import set_up

    set_up(USE_DRIVE)"""


def colab_cell() -> NotebookNode:
    text = SOURCE.format(address=repository_address(), version=version())
    return new_code_cell(text, metadata=METADATA, id=CELL_ID)
