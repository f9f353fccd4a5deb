"""Started by test_training.py through torch.distributed.run: one training step, the gradients go to a file."""

import sys
from pathlib import Path

import torch
from accelerate import Accelerator

from course_lib.data.shapes import draw_shapes
from course_lib.files import save_safetensors
from course_lib.training.config import TrainingConfig, make_process
from course_lib.training.loop import training_steps
from course_lib.training.start import new_state

CONFIG = TrainingConfig(
    method="ddpm",
    data="shapes",
    unet={"base_channels": 8, "channel_mults": (1, 2), "num_res_blocks": 1, "dropout": 0.0},
    steps=1,
    batch_size=6,
)


def write_gradients(path: Path) -> None:
    accelerator = Accelerator(cpu=True, mixed_precision="no")
    state = new_state(CONFIG, num_classes=10, device=torch.device("cpu"))
    model = state.model
    state.model, state.optimizer = accelerator.prepare(state.model, state.optimizer)
    for _ in training_steps(CONFIG, state, draw_shapes(32), make_process(CONFIG), accelerator):
        pass
    if accelerator.is_main_process:
        gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
        save_safetensors(gradients, path, {"processes": str(accelerator.num_processes)})


if __name__ == "__main__":
    write_gradients(Path(sys.argv[1]))
