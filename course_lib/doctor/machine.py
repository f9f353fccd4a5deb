"""GPU, memory and disk."""

import os
import platform
import shutil
import tempfile
from pathlib import Path

from course_lib.doctor.finding import FAIL, OK, WARN, Finding

GB = 1e9
# free memory: a notebook that trains a lesson's network takes about 1 GB
LITTLE_MEMORY, TOO_LITTLE_MEMORY = 2 * GB, 1 * GB
# free disk: a lesson's run takes about 15 MB; checkpoints are written beside the old one, then moved
LITTLE_DISK, TOO_LITTLE_DISK = 1 * GB, 0.1 * GB
# free memory of a GPU, for the lessons' small network
LITTLE_GPU_MEMORY = 1 * GB


def gpu() -> Finding:
    """The GPU that training will use, or why it cannot use the one that is there."""
    import torch

    if torch.cuda.is_available():
        return nvidia_gpu()
    if torch.backends.mps.is_available():
        return Finding(OK, "GPU", "the one of this Mac (mps)")
    return no_gpu()


def nvidia_gpu() -> Finding:
    import torch

    name = torch.cuda.get_device_name()
    try:
        torch.ones(2, device="cuda").sum().item()
        free, total = torch.cuda.mem_get_info()
    except RuntimeError as error:
        text = f"{name} is there and does not compute ({str(error).splitlines()[0]})"
        advice = (
            "update the GPU's driver, or install a torch made for this GPU as pytorch.org's \"Get Started\" shows. To "
            "go on without it, set the environment variable CUDA_VISIBLE_DEVICES to -1."
        )
        return Finding(FAIL, "GPU", text, advice)
    text = f"{name}, {free / GB:.1f} of {total / GB:.1f} GB free"
    if free < LITTLE_GPU_MEMORY:
        return Finding(WARN, "GPU", text, "close other programs and notebooks that use it.")
    return Finding(OK, "GPU", text)


def no_gpu() -> Finding:
    import torch

    from course_lib.colab import on_colab

    none_needed = "Training works without, on the processor; it takes longer."
    if on_colab():
        advice = f"in the menu: Runtime, Change runtime type, GPU; then run the notebook again. {none_needed}"
        return Finding(WARN, "GPU", "switched off in this Colab runtime", advice)
    if has_nvidia_driver():
        if torch.version.cuda is None:
            text = f"an NVIDIA GPU seems to be there, but torch {torch.__version__} is built without CUDA"
            advice = f'install torch with CUDA as pytorch.org\'s "Get Started" shows. {none_needed}'
        elif os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
            text = "an NVIDIA GPU is there, but hidden: the environment variable CUDA_VISIBLE_DEVICES says so"
            advice = f"remove the variable and start again. {none_needed}"
        else:
            text = f"an NVIDIA driver is there, but torch {torch.__version__} (CUDA {torch.version.cuda}) sees no GPU"
            advice = f"run nvidia-smi: it names the driver's version or what is wrong; update the driver. {none_needed}"
        return Finding(WARN, "GPU", text, advice)
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        advice = f"update macOS (12.3 or newer) and torch. {none_needed}"
        return Finding(WARN, "GPU", "this Mac has one that torch cannot use", advice)
    cores = torch.get_num_threads()
    return Finding(OK, "GPU", f"none, and none is needed. Training uses {cores} processor core{'s'[: cores > 1]}")


def has_nvidia_driver() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def memory() -> Finding:
    import psutil

    found = psutil.virtual_memory()
    text = f"{found.available / GB:.1f} of {found.total / GB:.1f} GB free"
    advice = "close other programs, and notebooks whose kernels still run (JupyterLab: the list of running kernels)."
    if found.available < TOO_LITTLE_MEMORY:
        return Finding(FAIL, "memory", f"{text}; a lesson that trains needs about 1 GB", advice)
    if found.available < LITTLE_MEMORY:
        return Finding(WARN, "memory", text, advice)
    return Finding(OK, "memory", text)


def disk() -> Finding:
    """Room, and the right to write, where passed exercises and runs are kept."""
    from course_lib.checks.my_work import said_of_home, work_folder

    folder = work_folder()
    # os.path: a pathlib path below a folder that may not be entered raises, as a home that is another user's
    there = next(parent for parent in [folder, *folder.parents] if os.path.isdir(parent))
    free = shutil.disk_usage(there).free
    text = f"{free / GB:.1f} GB free where your work is kept" + (f", {said_of_home()}" if said_of_home() else "")
    if free < TOO_LITTLE_DISK:
        advice = "make room: your passed exercises and your training runs could not be saved."
        return Finding(FAIL, "disk", text, advice)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        advice = "choose another folder by the environment variable UNET_COURSE_WORK."
        return Finding(FAIL, "disk", f"{there} cannot be written to ({error.strerror})", advice)
    if free < LITTLE_DISK:
        return Finding(WARN, "disk", text, "it is enough for the lessons; make room before longer training.")
    return Finding(OK, "disk", text)
