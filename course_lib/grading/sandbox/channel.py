"""The only connection between the marking process and a learner's code: frames of plain data over a socket.

A frame is two lengths, a JSON text, and the numbers of the tensors it mentions, one after the other, each filled up to
a multiple of ALIGNMENT bytes. Nothing that is received is ever executed or unpickled. What comes from a learner's
process is checked: sizes are limited, and only the few kinds of value below exist.
"""

import json
import math
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.checks.guard import Failure
from course_lib.checks.seam import Constructed, Gradients

HEADER = struct.Struct(">IQ")
MOST_TEXT = 2**19
MOST_NUMBERS = 2**26
# of one tensor, an axis of no length counted as one: whoever goes through it item by item needs a kilobyte for each.
# Right answers have 65,000 at most, their inputs 200,000
MOST_ITEMS = 2**19
DEEPEST = 12
# numbers are used where they arrived, without a copy: so they have to begin where the processor likes them to
ALIGNMENT = 16

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.complex64,
        torch.complex128,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
}
RECORDS = {"Failure": Failure, "Constructed": Constructed, "Gradients": Gradients}


class ChannelError(Exception):
    """What arrived is no frame of plain data, or something cannot be sent as one."""


class ChannelClosed(Exception):
    """The process at the other end is gone."""


class Channel:
    """Sends and receives plain data: None, bool, int, float, str, dtypes, devices, tensors, tuples, lists and dicts of
    these, and the records that a handle answers with (Failure, Constructed, Gradients).

    Attributes:
        received: bytes so far.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.received = 0

    def send(self, value: Any, seconds: float | None = None) -> None:
        """Send one value.

        Raises: ChannelError if it is no plain data or too large, before anything is sent; TimeoutError; ChannelClosed.
        """
        numbers: list[bytes] = []
        text = json.dumps(written(value, numbers)).encode()
        if len(text) > MOST_TEXT or sum(map(len, numbers)) > MOST_NUMBERS:
            raise ChannelError("too much data")
        self.connection.settimeout(seconds)
        try:
            self.connection.sendall(b"".join([HEADER.pack(len(text), sum(map(len, numbers))), text, *numbers]))
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, seconds: float | None = None) -> Any:
        """Receive one value; the whole of it has to arrive within `seconds`.

        Raises: TimeoutError; ChannelClosed; ChannelError if it is no plain data, or too large.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        text_length, numbers_length = HEADER.unpack(self._exactly(HEADER.size, deadline))
        if text_length > MOST_TEXT or numbers_length > MOST_NUMBERS:
            raise ChannelError("too much data")
        text = self._exactly(text_length, deadline)
        numbers = memoryview(self._exactly(numbers_length, deadline))
        try:
            found, rest = read(json.loads(text), numbers)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError, RuntimeError) as error:
            raise ChannelError(f"no plain data ({type(error).__name__})") from None
        if len(rest):
            raise ChannelError("more numbers than announced")
        return found

    def _exactly(self, length: int, deadline: float | None) -> bytearray:
        received = bytearray(length)
        view, place = memoryview(received), 0
        while place < length:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self.connection.settimeout(left)
            try:
                count = self.connection.recv_into(view[place:])
            except TimeoutError:
                raise
            except OSError as error:
                raise ChannelClosed(str(error)) from None
            if count == 0:
                raise ChannelClosed("end of data")
            place += count
        self.received += length
        return received

    def close(self) -> None:
        self.connection.close()


def written(value: Any, numbers: list[bytes]) -> Any:
    """`value` as JSON knows it; the tensors' numbers are appended to `numbers`."""
    if isinstance(value, str | tuple | list | dict) and len(value) > MOST_TEXT:
        raise ChannelError(f"{len(value):,} characters or items")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else {"long": value.bit_length()}
    if isinstance(value, float):
        return float(value)
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, Tensor):
        name = str(value.dtype).removeprefix("torch.")
        if name not in DTYPES or value.layout != torch.strided or value.device.type != "cpu":
            raise ChannelError(f"a tensor of type {name}, layout {value.layout}, on {value.device}")
        if items_in(value.shape) > MOST_ITEMS:
            raise ChannelError(f"a tensor of shape {tuple(value.shape)}")
        plain = value.detach().resolve_conj().resolve_neg().contiguous()
        if plain.numel():
            numbers.append(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
            numbers.append(bytes(-len(numbers[-1]) % ALIGNMENT))
        return {"tensor": [name, list(plain.shape)]}
    if isinstance(value, dict):
        return {"dict": [[written(key, numbers), written(item, numbers)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [written(item, numbers) for item in value]}
    for name, record in RECORDS.items():
        if isinstance(value, record):
            return {name: [written(item, numbers) for item in vars(value).values()]}
    raise ChannelError(f"an object of type {type(value).__name__}")


def read(item: Any, numbers: memoryview, depth: int = 0) -> tuple[Any, memoryview]:
    """The value that `written` made `item` from, and the numbers that are left.

    Raises: ValueError, or another of Python's own errors, if there is no such value.
    """
    if isinstance(item, str):
        # halves of surrogate pairs pass through JSON, and could be written into no report
        return item.encode("utf-8", "replace").decode("utf-8"), numbers
    if item is None or isinstance(item, bool | float):
        return item, numbers
    if isinstance(item, int):
        if abs(item) >= 2**63:
            raise ValueError("no value")
        return item, numbers
    if depth > DEEPEST or not isinstance(item, dict) or len(item) != 1:
        raise ValueError("no value")
    ((kind, content),) = item.items()
    if kind == "tensor":
        return read_tensor(content, numbers)
    if kind == "dtype":
        return DTYPES[content], numbers
    if kind == "device":
        return torch.device(content), numbers
    if kind == "long":
        return Failure("type", f"a whole number of {int(content)} bits"), numbers
    if kind == "dict":
        found = {}
        for key, value in content:
            if not isinstance(key, str):
                raise ValueError("a key that is no text")
            found[key], numbers = read(value, numbers, depth + 1)
        return found, numbers
    items = []
    for value in content:
        one, numbers = read(value, numbers, depth + 1)
        items.append(one)
    if kind == "list":
        return items, numbers
    return (tuple(items) if kind == "tuple" else RECORDS[kind](*items)), numbers


def items_in(shape: Sequence[int]) -> int:
    return math.prod(max(1, size) for size in shape)


def read_tensor(content: Any, numbers: memoryview) -> tuple[Tensor, memoryview]:
    name, shape = content
    dtype = DTYPES[name]
    if len(shape) > 16 or any(type(size) is not int or not 0 <= size <= MOST_NUMBERS for size in shape):
        raise ValueError("no shape")
    if items_in(shape) > MOST_ITEMS:
        raise ValueError("too large")
    length = math.prod(shape) * dtype.itemsize
    filled = length + -length % ALIGNMENT
    if filled > len(numbers):
        raise ValueError("fewer numbers than announced")
    if length == 0:
        return torch.empty(shape, dtype=dtype), numbers
    # a byte other than 0 and 1 is no bool, and torch would believe it is
    is_bool = dtype == torch.bool
    flat = torch.frombuffer(numbers[:length], dtype=torch.uint8 if is_bool else dtype)
    return (flat != 0 if is_bool else flat).reshape(shape), numbers[filled:]
