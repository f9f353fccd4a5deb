"""A JupyterHub for real: the course installed once, two learners in a real browser, each with work of their own.

Only where it is asked for, as root on Linux, since it makes two users of the system and takes them away again:

    COURSE_HUB_PYTHON=/opt/hub/bin/python COURSE_HUB_PROXY=/opt/node_modules/.bin/configurable-http-proxy

COURSE_HUB_PYTHON has jupyterhub, jupyterlab, nbgitpuller and the course (`pip install .`), for every user to read.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

PYTHON, PROXY = os.environ.get("COURSE_HUB_PYTHON"), os.environ.get("COURSE_HUB_PROXY")
pytestmark = pytest.mark.skipif(
    not PYTHON or not PROXY or os.name == "nt" or os.getuid() != 0,
    reason="only as root, with COURSE_HUB_PYTHON and COURSE_HUB_PROXY",
)
if PYTHON:
    from test_browser import ERRORS, HEIGHT, SCREENSHOTS, SETTINGS, WIDTH, Lesson, answers, wait_for

LEARNERS = ("course-ada", "course-bob")
ANSWERS = {
    "course-ada": "def from_pixels(pixels):\n    return pixels.float() / 127.5 - 1",
    "course-bob": "def from_pixels(pixels):\n    half = 255 / 2\n    return (pixels.float() - half) / half",
}
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "a class"
c.Authenticator.allowed_users = {{"course-ada", "course-bob"}}
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser"]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab"
c.Spawner.environment = {{"JUPYTERLAB_SETTINGS_DIR": "{folder}/settings", "OMP_NUM_THREADS": "1", "SHELL": "/bin/bash"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
"""


class Beginning(Lesson if PYTHON else object):
    """A lesson of which only a few cells are run."""

    def wait(self):
        prompts = self.notebook.locator(".jp-CodeCell .jp-InputPrompt")
        self.page.wait_for_timeout(1000)  # until the cell has been sent
        wait_for(lambda: not any("*" in text for text in prompts.all_inner_texts()), 300)
        self.page.wait_for_timeout(1500)  # outputs that are on their way


def home(name):
    return Path("/home") / name


def as_learner(name, *command):
    environ = {"HOME": str(home(name)), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, user=name, group=name, extra_groups=[], cwd=home(name), env=environ, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def learners():
    for name in LEARNERS:
        subprocess.run(["useradd", "--create-home", "--user-group", "--shell", "/bin/bash", name], check=True)
        home(name).chmod(0o700)
    yield LEARNERS
    for name in LEARNERS:
        subprocess.run(["userdel", "--remove", name], capture_output=True)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def hub(learners, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o755)
    for name, settings in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    port, hub_port, api_port = free_ports(3)
    values = {
        "port": port,
        "hub_port": hub_port,
        "api_port": api_port,
        "folder": folder,
        "python": PYTHON,
        "proxy": PROXY,
    }
    (folder / "jupyterhub_config.py").write_text(CONFIG.format(**values))
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "UNET_COURSE_WORK")}
    environ.pop("COURSE_SMOKE", None)
    with open(folder / "log.txt", "w") as log:
        started = subprocess.Popen([PYTHON, "-m", "jupyterhub"], cwd=folder, env=environ, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/hub/api"), 120)
        yield f"http://127.0.0.1:{port}", started
    finally:
        started.terminate()
        started.wait(timeout=60)


def log_in(browser, address, name):
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    page.goto(f"{address}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", "a class")
    begun = time.monotonic()
    page.click("#login_submit")
    page.locator("#jp-main-dock-panel").wait_for(timeout=300_000)
    return page, time.monotonic() - begun


def memory_of(name):
    """Megabytes that a learner's processes have for themselves: the server and one kernel."""
    import psutil

    names = ["username", "memory_full_info"]
    found = [process for process in psutil.process_iter(names) if process.info["username"] == name]
    return sum(process.info["memory_full_info"].uss for process in found) / 1e6


def test_two_learners_have_notebooks_and_work_of_their_own(hub, learners, browser):
    address, _ = hub
    package = as_learner(learners[0], PYTHON, "-c", "import course_lib; print(course_lib.__path__[0])").stdout.strip()
    assert package
    assert not Path(package).is_relative_to("/work")
    for name in learners:
        assert as_learner(name, "touch", f"{package}/mine").returncode != 0
        copied = as_learner(name, PYTHON, "-m", "course_lib", "notebooks", "course")
        assert copied.returncode == 0, copied.stderr
        assert f"will be kept in {home(name)}/unet-diffusion-course/my_work" in copied.stdout
    for name in learners:
        page, seconds = log_in(browser, address, name)
        page.goto(f"{address}/user/{name}/lab/workspaces/auto-x/tree/course/00_welcome.ipynb")
        lesson = Beginning(page, "00_welcome")
        wait_for(lambda lesson=lesson: lesson.cells.count() == len(lesson.made.cells), 120)
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=180_000)
        for cell in ("colab-set-up", None):
            number = lesson.number_of(cell) if cell else lesson.number_of("colab-set-up") + 1
            lesson.cells.nth(number).click()
            page.keyboard.press("Shift+Enter")
        said = lesson.fill_in("from_pixels", ANSWERS[name])
        assert said.startswith("passed · from_pixels"), said
        assert f"(Your work is kept in {home(name)}/unet-diffusion-course/my_work.)" in " ".join(said.split())
        assert lesson.notebook.locator(ERRORS).count() == 0
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"hub-{name}.png")
        print(f"{name}: {seconds:.0f} s from login to JupyterLab, {memory_of(name):.0f} MB with one kernel")
    for name, other in (learners, learners[::-1]):
        kept = home(name) / "unet-diffusion-course" / "my_work" / "from_pixels.py"
        assert ANSWERS[name].splitlines()[-1] in kept.read_text()
        assert kept.owner() == name
        assert as_learner(other, "cat", str(kept)).returncode != 0
        assert as_learner(other, "touch", str(home(name) / "course" / "00_welcome.ipynb")).returncode != 0


def test_nbgitpuller_s_link_brings_the_notebooks_and_keeps_what_was_written(
    hub, learners, browser, tmp_path_factory, request
):
    address, _ = hub
    published = tmp_path_factory.mktemp("published")
    for part in (published, *published.parents[:2]):
        part.chmod(0o755)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    shutil.copytree(Path(__file__).parents[2] / "notebooks", published / "notebooks")
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], cwd=published, check=True)
    trust = ["git", "config", "--system"]  # a learner's git asks whose repository it is
    for place in (published, published / ".git"):
        subprocess.run([*trust, "--add", "safe.directory", str(place)], check=True)
        request.addfinalizer(partial(subprocess.run, [*trust, "--unset-all", "safe.directory", f"^{place}$"]))
    name = learners[0]
    query = (
        f"repo={quote(f'file://{published}', safe='')}&branch=main&targetPath=pulled&urlpath=lab/tree/pulled/notebooks"
    )
    page, _ = log_in(browser, address, name)
    # a tab of its own, as for a link that is clicked: the first one's JupyterLab may be on its way to another address
    page = page.context.new_page()
    mine = home(name) / "pulled" / "notebooks" / "00_welcome.ipynb"
    page.goto(f"{address}/hub/user-redirect/git-pull?{query}")
    wait_for(mine.exists, 120)
    edited = mine.read_text().replace("torch.manual_seed(0)", "torch.manual_seed(7)")
    assert edited != mine.read_text()
    mine.write_text(edited)
    # the author goes on, in the same lesson and in another
    for lesson in ("00_welcome", "01_time_embedding"):
        path = published / "notebooks" / f"{lesson}.ipynb"
        path.write_text(path.read_text().replace('"nbformat_minor": 5', '"nbformat_minor": 5 '))
    subprocess.run([*git, "commit", "-q", "-a", "-m", "second"], cwd=published, check=True)
    page.goto(f"{address}/hub/user-redirect/git-pull?{query}")
    other = home(name) / "pulled" / "notebooks" / "01_time_embedding.ipynb"
    wait_for(lambda: '"nbformat_minor": 5 ' in other.read_text(), 120)
    assert "torch.manual_seed(7)" in mine.read_text()
