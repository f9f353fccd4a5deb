"""The one way in which this course makes an accelerate.Accelerator."""

from accelerate import Accelerator

from course_lib.training.hardware import computes_in_bf16


def make_accelerator(cpu: bool = False) -> Accelerator:
    """An Accelerator that computes in bf16 where the hardware does.

    accelerate shares its settings across a process, and refuses a second Accelerator in another number format: so
    everything here that trains gets its own from this function.

    Args:
        cpu: whether a GPU is to be left alone.
    """
    return Accelerator(cpu=cpu, mixed_precision="bf16" if computes_in_bf16(cpu) else "no")
