"""A folder that the pipelines of diffusers load: the network, the scheduler of its method, and a page about them.

Nothing of diffusers is needed to write it.
"""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from course_lib.ddpm import DDPM
from course_lib.files import local_path, save_safetensors, write_text
from course_lib.training.draw import IMAGE_SHAPE
from course_lib.training.saved_model import TrainedModel
from course_lib.unet import UNet, without_wrappers

NETWORK = "course_unet"
WEIGHTS = "diffusion_pytorch_model.safetensors"
# the oldest version whose pipelines were tried
VERSION = "0.32.0"

# the names of our modules and theirs; what stands behind a name stays
NAMES = (
    (r"^time_embed\.linear(\d)", r"time_embedding.linear_\1"),
    (r"^class_embed\.embedding", "class_embedding"),
    (r"^norm_out", "conv_norm_out"),
    (r"^mid_resblock1", "mid_block.resnets.0"),
    (r"^mid_attention", "mid_block.attentions.0"),
    (r"^mid_resblock2", "mid_block.resnets.1"),
    (r"^encoder\.(\d+)\.resample", r"down_blocks.\1.downsamplers.0"),
    (r"^decoder\.(\d+)\.resample", r"up_blocks.\1.upsamplers.0"),
    (r"^encoder", "down_blocks"),
    (r"^decoder", "up_blocks"),
    (r"\.resblocks\.", ".resnets."),
    (r"\.emb_proj\.", ".time_emb_proj."),
    (r"\.skip_conv\.", ".conv_shortcut."),
    (r"(attentions\.\d+)\.norm\.", r"\1.group_norm."),
    (r"(attentions\.\d+)\.proj\.", r"\1.to_out.0."),
)

PAGE = """\
# A {method} network from the course "How a diffusion UNet works, by building it"

It draws {count} classes, {height} x {width} pixels: {classes}.

```python
from diffusers import DDPMPipeline

pipeline = DDPMPipeline.from_pretrained("PATH OF THIS FOLDER", trust_remote_code=True)
pipeline.unet.draw_class({last}, guidance_scale=2.0)  # {last_name}; without this line, no class
pictures = pipeline(batch_size=4, num_inference_steps={steps}).images
```

`trust_remote_code` lets diffusers run `unet/{network}.py`, a hundred lines: a `UNet2DModel` with the course's width of
the time embedding, groups and heads. Called as `unet(images, t, class_labels)`, -1 is "no class". {about_steps}
"""
ABOUT_STEPS = {
    "ddpm": "DDPMScheduler draws as the course's ancestral sampler does; a DDIMPipeline loads this folder too.",
    "flow": "FlowMatchEulerDiscreteScheduler is spaced so that {steps} steps are the course's {steps} Euler steps.",
}


def write_diffusers_folder(trained: TrainedModel, folder: str | Path, num_steps: int = 50) -> Path:
    """Write the folder for `DiffusionPipeline.from_pretrained(folder, trust_remote_code=True)`.

    Args:
        num_steps: for flow matching, the number of Euler steps for which the scheduler's times are equally spaced.
    Raises: ValueError for a folder that holds something else, num_steps below 2, or a network that is not a UNet.
    """
    folder = local_path(folder)
    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}; allowed: at least 2")
    if folder.exists() and not (folder / "unet" / f"{NETWORK}.py").is_file() and any_file(folder):
        raise ValueError(f"folder is {str(folder)!r}, which holds something else; allowed: a new or an empty folder")
    is_ddpm = isinstance(trained.process, DDPM)
    scheduler = ddpm_scheduler(trained.process) if is_ddpm else flow_scheduler(num_steps)
    network = {**trained.config.unet, "num_classes": len(trained.class_names)}
    ours = without_wrappers(trained.model.state_dict())
    with torch.device("meta"):
        parts = UNet(**network).state_dict()
    if ours.keys() != parts.keys():
        odd = min(ours.keys() ^ parts.keys())
        raise ValueError(f"model is no UNet of {network}: {odd!r} is too much or missing; allowed: such a UNet")
    weights = dict(renamed(ours))
    try:
        (folder / "unet").mkdir(parents=True, exist_ok=True)
        # first what tells this folder from others: a second try may go on here
        code = files("course_lib.exporting").joinpath(f"{NETWORK}.py").read_text(encoding="utf-8")
        write_text(folder / "unet" / f"{NETWORK}.py", code)
        save_safetensors(weights, folder / "unet" / WEIGHTS, {"format": "pt"})
        write_json(folder / "unet" / "config.json", {"_class_name": "CourseUNet", **network})
        write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
        write_text(folder / "README.md", page(trained, "ddpm" if is_ddpm else "flow", num_steps))
        # last, since a pipeline looks for it first
        parts = {"scheduler": ["diffusers", scheduler["_class_name"]], "unet": [NETWORK, "CourseUNet"]}
        write_json(folder / "model_index.json", {"_class_name": "DDPMPipeline", **parts})
    except OSError as error:
        raise ValueError(f"folder is {str(folder)!r}, where nothing can be written ({error.strerror})") from None
    return folder


def any_file(folder: Path) -> bool:
    return not folder.is_dir() or any(not path.is_dir() for path in folder.rglob("*"))


def write_json(path: Path, values: dict) -> None:
    write_text(path, json.dumps({**values, "_diffusers_version": VERSION}, indent=2) + "\n")


def renamed(weights: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Our weights under diffusers' names: q, k and v apart, a Linear for each 1x1 convolution of an attention."""
    for ours, values in weights.items():
        name = ours
        for pattern, theirs in NAMES:
            name = re.sub(pattern, theirs, name)
        if name == "class_embedding.weight":
            yield name, torch.cat([values, torch.zeros_like(values[:1])])
        elif ".qkv." in name:
            for letter, part in zip("qkv", values.chunk(3), strict=True):
                yield name.replace(".qkv.", f".to_{letter}."), part.reshape(len(part), *values.shape[1:2])
        else:
            yield name, values.flatten(1) if ".to_out." in name and values.ndim == 4 else values


def ddpm_scheduler(process: DDPM) -> dict:
    return {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": process.num_timesteps,
        "beta_start": process.betas[0].item(),
        "beta_end": process.betas[-1].item(),
        "beta_schedule": "linear",
        "variance_type": "fixed_small",
        "clip_sample": True,
        "prediction_type": "epsilon",
        "timestep_spacing": "trailing",
        "set_alpha_to_one": True,
    }


def flow_scheduler(num_steps: int) -> dict:
    """Its last time before the clean image is 0.001 by default; ours are equally spaced, so it is 1/num_steps."""
    return {
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "num_train_timesteps": 1000,
        "shift": 1.0,
        "shift_terminal": 1 / num_steps,
    }


def page(trained: TrainedModel, method: str, num_steps: int) -> str:
    names = trained.class_names
    return PAGE.format(
        method={"ddpm": "DDPM", "flow": "flow matching"}[method],
        count=len(names),
        height=IMAGE_SHAPE[1],
        width=IMAGE_SHAPE[2],
        classes=", ".join(f"{number} {name}" for number, name in enumerate(names)),
        last=len(names) - 1,
        last_name=names[-1],
        network=NETWORK,
        steps=trained.process.num_timesteps if method == "ddpm" else num_steps,
        about_steps=ABOUT_STEPS[method].format(steps=num_steps),
    )
