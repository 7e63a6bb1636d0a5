"""The file in memory that a program may append measurements to (``pymon.model.measurement`` has the lines' form).

The program and what it starts inherit it as a descriptor, and open it by a path below ``/proc/self/fd``, where a
shell's ``>>`` and every language's "append" find it. Nobody looks into it before the program has ended. Not
``/dev/fd``, which some shells and awks take for a wish to share the descriptor, and so its place in the file.
"""

from __future__ import annotations

import asyncio
import functools
import os

from pymon.model.measurement import MEASUREMENTS_SIZE, Measurement, parse_measurements
from pymon.runner.shortage import SHORTAGES

_PARSED_AT_ONCE = 32 * 1024
"""bytes that are parsed on the event loop; more of them are in a thread"""

_DESCRIPTORS = "/proc/self/fd"


class MeasurementFile:
    """One run's. ``descriptor`` is to be passed on to the program, where it has the same number."""

    def __init__(self) -> None:
        """Raises OSError if there is no room for it now."""
        self.descriptor = os.memfd_create("pymon-measurements")

    @property
    def path(self) -> str:
        """What the program opens."""
        return f"{_DESCRIPTORS}/{self.descriptor}"

    async def read(self) -> tuple[tuple[Measurement, ...], str]:
        """What was appended, and what is wrong with it (of a bad line, the first)."""
        size = os.fstat(self.descriptor).st_size
        if not size:
            return (), ""
        text = os.pread(self.descriptor, MEASUREMENTS_SIZE, 0)
        if size > len(text):
            text = text[: text.rfind(b"\n") + 1]
        lines = text.decode("utf-8", "surrogateescape")
        if len(text) <= _PARSED_AT_ONCE:
            found, problem = parse_measurements(lines)
        else:
            found, problem = await asyncio.to_thread(parse_measurements, lines)
        if size > MEASUREMENTS_SIZE and not problem:
            problem = f"only the first {MEASUREMENTS_SIZE} of {size} bytes are read"
        return found, problem

    def close(self) -> None:
        """Let go of it; a process that was left behind keeps it until its end."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def measurement_file() -> MeasurementFile | None:
    """A new one; None where the system has none to give. Raises OSError if it has none left for now."""
    if not _is_possible():
        return None
    try:
        return MeasurementFile()
    except OSError as error:
        if error.errno in SHORTAGES:
            raise
        return None  # a kernel without it, or a sandbox that forbids it


@functools.cache
def _is_possible() -> bool:
    return hasattr(os, "memfd_create") and os.path.isdir(_DESCRIPTORS)  # noqa: PTH112  # once
