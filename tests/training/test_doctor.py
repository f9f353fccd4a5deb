"""The doctor: nothing to say about a healthy machine, one line with advice for each thing that can be wrong."""

import hashlib
import importlib
import importlib.metadata
import json
import re
import subprocess
import sys
from collections import namedtuple
from types import SimpleNamespace

import psutil
import pytest
import torch

from course_lib.__main__ import main
from course_lib.assets import ASSETS, LIST, checksums, read_list
from course_lib.authoring.source import ROOT, project
from course_lib.doctor import files, machine, report, software, speed
from course_lib.doctor.finding import FAIL, OK, WARN, Finding

RUNS = len(json.loads((ASSETS / "results/ablations.json").read_text(encoding="utf-8"))["runs"])
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_WORK", str(tmp_path / "my_work"))


def with_versions(monkeypatch, **versions):
    """As if these versions were installed; None: not installed."""
    real = importlib.metadata.version

    def version(name):
        found = versions[name] if name in versions else real(name)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)


def without_gpu(monkeypatch, cuda=None, driver=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(machine, "has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


# The machine that runs the tests


def test_a_healthy_machine_has_no_fail_and_the_command_says_so(capsys):
    assert main(["doctor", "--no-speed"]) == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith("[")]
    names = ["Python", "packages", "torchvision", "GPU", "memory", "disk", "the course's files"]
    assert [re.match(r"\[\w+\] +(.*?):", line)[1] for line in lines] == names
    assert "[FAIL]" not in printed
    assert all(len(line) <= 100 for line in printed.splitlines())
    assert str(ROOT) not in printed


def test_the_exit_status_is_1_only_with_a_fail(monkeypatch, capsys):
    monkeypatch.setattr(files, "asset_files", lambda: Finding(OK, "the course's files", "intact"))
    for status, expected in [(OK, 0), (WARN, 0), (FAIL, 1)]:
        monkeypatch.setattr(software, "python", lambda status=status: Finding(status, "Python", "so"))
        assert main(["doctor", "--no-speed"]) == expected
    assert "will stop you" in capsys.readouterr().out


def test_it_opens_no_connection(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the doctor went to the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    assert not [finding for finding in report.findings(speed=False) if "network" in finding.text]


def test_a_look_that_fails_is_a_line_of_its_own_and_hinders_no_other(monkeypatch, capsys):
    def broken():
        raise OSError("the lamp is out")

    monkeypatch.setattr(machine, "memory", broken)
    monkeypatch.setattr(files, "asset_files", lambda: Finding(OK, "the course's files", "intact"))
    assert report.check_up(speed=False)
    printed = capsys.readouterr().out
    assert "[WARN] memory: could not be looked at (OSError: the lamp is out)" in printed
    assert printed.count("\n[") == 6


# Python and packages


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    found = software.python()
    assert found.status == FAIL
    assert found.text == "3.10.12; the course needs 3.11 or newer"
    assert "install Python 3.11" in found.advice


def test_the_lowest_python_is_that_of_pyproject():
    assert project()["requires-python"] == ">=" + ".".join(map(str, software.LOWEST_PYTHON))


def test_a_missing_package(monkeypatch):
    with_versions(monkeypatch, safetensors=None)
    found = software.packages()
    assert found.status == FAIL
    assert found.text == "safetensors is missing"
    assert "pip install --upgrade -r requirements.txt" in found.advice


def test_a_version_that_is_too_old(monkeypatch):
    with_versions(monkeypatch, numpy="1.24.0", matplotlib="3.8.4")
    found = software.packages()
    assert found.status == FAIL
    lowest = {(3, 11): "1.26", (3, 12): "1.26", (3, 13): "2.1", (3, 14): "2.3.2"}.get(sys.version_info[:2], "2.5.2")
    assert f"numpy is 1.24.0, needed is >={lowest} and <3" in found.text
    assert "matplotlib is 3.8.4" in found.text


def test_a_version_that_is_newer_than_tested_is_a_warning(monkeypatch):
    with_versions(monkeypatch, torch="3.1.0+cu150")
    found = software.packages()
    assert found.status == WARN
    assert "torch 3.1.0+cu150" in found.text


def test_without_the_tools_for_authors_lessons_still_run(monkeypatch):
    with_versions(monkeypatch, jupytext=None, nbval=None)
    found = software.packages()
    assert found.status == WARN
    assert found.text == "all that lessons need is here; not installed: jupytext, nbval"


def test_a_torch_without_a_release_number_of_its_own_is_understood(monkeypatch):
    with_versions(monkeypatch, torch="2.15.0+cpu")
    assert software.packages().status == OK


def test_a_torchvision_that_does_not_fit_torch(monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist\nand more")

    monkeypatch.setattr(software.importlib, "import_module", broken)
    found = software.torchvision()
    assert found.status == FAIL
    assert found.text == "cannot be imported (operator torchvision::nms does not exist)"
    assert "--upgrade torch torchvision" in found.advice


def test_without_torch_the_package_says_what_to_install(tmp_path):
    code = "import importlib.util as u; real = u.find_spec\n"
    code += "u.find_spec = lambda name, *rest: None if name == 'torch' else real(name, *rest)\nimport course_lib"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert finished.returncode == 1
    assert "pip install -r requirements.txt" in finished.stderr.splitlines()[-1]


# GPU


def test_no_gpu_is_fine(monkeypatch):
    without_gpu(monkeypatch)
    found = machine.gpu()
    assert found.status == OK
    assert "none is needed" in found.text


@pytest.mark.parametrize(
    ("cuda", "hidden", "text", "advice"),
    [
        (None, None, "built without CUDA", "install torch with CUDA"),
        ("13.0", None, "sees no GPU", "nvidia-smi"),
        ("13.0", "-1", "hidden", "remove the variable"),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_named_with_the_reason(monkeypatch, cuda, hidden, text, advice):
    without_gpu(monkeypatch, cuda=cuda, driver=True)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    found = machine.gpu()
    assert found.status == WARN
    assert text in found.text
    assert advice in found.advice


def test_colab_with_its_gpu_switched_off(monkeypatch):
    from course_lib import colab

    without_gpu(monkeypatch)
    monkeypatch.setattr(colab, "on_colab", lambda: True)
    found = machine.gpu()
    assert found.status == WARN
    assert "Change runtime type" in found.advice


def test_a_mac_whose_gpu_torch_cannot_use(monkeypatch):
    without_gpu(monkeypatch)
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    assert machine.gpu().status == WARN


@pytest.mark.parametrize(("free", "status"), [(70e9, OK), (0.4e9, WARN)])
def test_a_gpu_and_its_memory(monkeypatch, free, status):
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *size, device=None: ones(*size))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA Test")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (int(free), int(80e9)))
    found = machine.gpu()
    assert found.status == status
    assert found.text == f"NVIDIA Test, {free / 1e9:.1f} of 80.0 GB free"


def test_a_gpu_that_does_not_compute(monkeypatch):
    def broken(*size, device=None):
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch, "ones", broken)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA Old")
    found = machine.gpu()
    assert found.status == FAIL
    assert "no kernel image" in found.text
    assert "CUDA_VISIBLE_DEVICES" in found.advice


# Memory and disk


@pytest.mark.parametrize(("available", "status"), [(8e9, OK), (1.5e9, WARN), (0.5e9, FAIL)])
def test_memory(monkeypatch, available, status):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available, total=16e9))
    found = machine.memory()
    assert found.status == status
    assert f"{available / 1e9:.1f} of 16.0 GB free" in found.text
    assert bool(found.advice) == (status != OK)


@pytest.mark.parametrize(("free", "status"), [(50e9, OK), (0.5e9, WARN), (0.02e9, FAIL)])
def test_disk(monkeypatch, free, status):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: Usage(100e9, 100e9 - free, free))
    found = machine.disk()
    assert found.status == status
    assert bool(found.advice) == (status != OK)


def test_a_folder_that_cannot_be_written_to(monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    found = machine.disk()
    assert found.status == FAIL
    assert "cannot be written to (Permission denied)" in found.text
    assert "UNET_COURSE_WORK" in found.advice


# The course's files


@pytest.fixture
def assets(tmp_path):
    files = [("data/a.bin", b"abc"), ("b.png", b""), ("README.md", b"for people"), (".c.tmp", b"half")]
    for name, content in [*files, ("results/table.json", b"{}")]:
        path = tmp_path / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder = tmp_path / "assets"
    (folder / "SHA256SUMS").write_text(checksums(folder), encoding="utf-8")
    return folder


def test_the_list_has_the_digests_that_fips_180_gives(assets):
    assert (assets / "SHA256SUMS").read_text(encoding="utf-8") == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b.png\n"
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  data/a.bin\n"
    )
    assert files.asset_files(assets).status == OK


def test_a_damaged_and_a_missing_file_are_named(assets):
    (assets / "data/a.bin").write_bytes(b"xyz")
    (assets / "b.png").unlink()
    found = files.asset_files(assets)
    assert found.status == FAIL
    assert found.text == "missing: b.png; damaged: data/a.bin"
    assert "git restore assets" in found.advice


def test_without_its_list_nothing_is_called_intact(assets):
    (assets / "SHA256SUMS").unlink()
    assert files.asset_files(assets).status == FAIL
    with pytest.raises(ValueError, match="SHA256SUMS has the line"):
        read_list("not a digest")


def test_the_committed_list_is_up_to_date():
    listed = read_list((ASSETS / LIST).read_text(encoding="utf-8"))
    missing = read_list(checksums()).keys() ^ listed.keys()
    assert not missing, f"run python -m course_lib.authoring build: {missing}"
    stale = [
        name for name, digest in listed.items() if hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() != digest
    ]
    assert not stale, f"run python -m course_lib.authoring build: {stale}"


# Speed


def test_the_speed_test_times_steps_for_as_long_as_it_may(monkeypatch):
    found = speed.speed(seconds=0.01)
    assert found.status in (OK, WARN)
    assert re.match(r"\d+\.\d\d seconds a training step \(32 images, \w+, (bf16|float32); \d+ timed\)", found.text)
    assert [re.match(r"lesson (\d\d)", line)[1] for line in found.details] == ["08", "09", "11", "12"]


@pytest.mark.parametrize(
    ("a_step", "busy", "status", "told"),
    [
        (0.125, 3.0, OK, ["600 steps: about 75 seconds", f"{RUNS} runs of 600 steps: about {RUNS * 1.25:.1f} minutes"]),
        (4.0, 3.0, WARN, ["600 steps: about 40.0 minutes", "Colab", "Trained networks came"]),
        (0.125, 90.0, WARN, ["other programs use 90 % of the processor"]),
    ],
)
def test_minutes_follow_from_the_time_of_a_step(monkeypatch, a_step, busy, status, told):
    monkeypatch.setattr(speed, "measured", lambda config, seconds: (a_step, 16))
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: busy)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = speed.speed()
    assert found.status == status
    written = " ".join([*found.details, found.advice])
    assert all(part in written for part in told), written


def test_on_a_gpu_the_large_run_is_timed_too(monkeypatch):
    import course_lib.training.hardware as hardware

    monkeypatch.setattr(speed, "measured", lambda config, seconds: (0.05 if config.data == "shapes" else 0.01, 16))
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: 0.0)
    monkeypatch.setattr(hardware, "pick_device", lambda: torch.device("cuda"))
    assert "400,000 steps: about 5.6 hours" in speed.speed().details[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(80, "80 seconds"), (89.6, "90 seconds"), (90, "1.5 minutes"), (5400, "1.5 hours"), (200_000, "2.3 days")],
)
def test_durations(seconds, text):
    assert speed.duration(seconds) == text
