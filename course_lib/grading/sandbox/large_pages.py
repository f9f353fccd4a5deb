"""Memory in large pages (Linux): forking copies the table of all pages, and so costs a third where these are few.

Torch and what it brings hold 250 MB, in small pages 70,000 of them, and every answer is given a fork of that.
"""

import contextlib
import ctypes
import re
from pathlib import Path

from course_lib.grading.sandbox.kernel import libc

COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1 and newer
SIZE = 2**21
# memory of this process's own: neither a file nor shared
OWN = re.compile(r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 \S+ 0[ ]*(?:\[heap\])?$")


def take_large_pages() -> None:
    """Gather the memory that this process holds into large pages. What the system does not allow stays as it is."""
    with contextlib.suppress(OSError, AttributeError):
        for first, last in OWN.findall(Path("/proc/self/maps").read_text()):
            begin = -(-int(first, 16) // SIZE) * SIZE
            for place in range(begin, int(last, 16) - SIZE + 1, SIZE):
                libc().madvise(ctypes.c_void_p(place), ctypes.c_size_t(SIZE), COLLAPSE)
