"""The code is lint-free and formatted, the library light to import, and its layers point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "course_lib"
MODEL_AND_PROCESSES = sorted(path for path in LIBRARY.glob("*.py") if path.name not in ("__main__.py",))


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff_has_nothing_to_say(arguments):
    finished = subprocess.run([sys.executable, "-m", "ruff", *arguments, str(ROOT)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_cell_is_formatted_as_a_lessons_or_as_the_librarys():
    def others(width):
        command = [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--diff",
            "--line-length",
            str(width),
            "notebooks",
            "solutions",
        ]
        at, found = "", set()
        unasked = ["--config", "format.exclude = []"]
        for line in subprocess.run([*command, *unasked], cwd=ROOT, capture_output=True, text=True).stdout.splitlines():
            if line.startswith("--- "):
                at = line
            elif line.startswith("@@"):
                found.add(at)
        return found

    in_lessons, in_the_library = others(88), others(120)
    assert len(in_lessons) > 50
    assert len(in_the_library) > 50
    assert not in_lessons & in_the_library


def test_importing_the_library_loads_torch_and_none_of_the_heavy_rest():
    code = "import sys, torch; before = set(sys.modules); import course_lib; print(*sorted(set(sys.modules) - before))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = finished.stdout.split()
    foreign = [name for name in loaded if not name.startswith(("course_lib", "torch", "numpy"))]
    assert len(loaded) < 60, loaded
    for heavy in ("torchvision", "matplotlib", "ipywidgets", "accelerate", "torchmetrics", "PIL", "tqdm", "IPython"):
        assert not [name for name in foreign if name.split(".")[0] == heavy]


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", MODEL_AND_PROCESSES, ids=lambda path: path.name)
def test_no_file_of_the_model_or_the_processes_imports_course_tooling(path):
    subpackages = {folder.name for folder in LIBRARY.iterdir() if (folder / "__init__.py").exists()}
    for name in imported_names(path):
        parts = name.split(".")
        assert not (parts[0] == "course_lib" and len(parts) > 1 and parts[1] in subpackages), f"{path.name}: {name}"


def test_nothing_loads_pickles():
    for path in LIBRARY.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "pickle.load" not in source, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                assert any(keyword.arg == "weights_only" and keyword.value.value for keyword in node.keywords), path
