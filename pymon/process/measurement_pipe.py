"""The pipe that a program may append measurements to (``pymon.contract.side_channel`` has the lines' form).

The program and what it starts inherit it as a descriptor, and open it by a path below ``/proc/self/fd``, where a
shell's ``>>`` and every language's "append" find it. It is read as it comes and kept up to MEASUREMENTS_SIZE: a file,
even one in memory, would be as large as the program likes. Not ``/dev/fd``, which some shells and awks take for a
wish to share the descriptor.
"""

from __future__ import annotations

import asyncio
import functools
import os

from pymon.contract.measurements import MEASUREMENTS_SIZE
from pymon.contract.side_channel import SideNotes, parse_notes
from pymon.process.output import OutputBuffer
from pymon.text import decode

_PARSED_AT_ONCE = 32 * 1024
"""bytes that are parsed on the event loop; more of them are in a thread"""

_CHUNK = 65536
_DESCRIPTORS = "/proc/self/fd"


class MeasurementFile:
    """One run's. ``descriptor`` is to be passed on to the program, where it has the same number."""

    def __init__(self) -> None:
        """Raises OSError if there is no room for it now."""
        self._loop = asyncio.get_running_loop()
        self._appended = OutputBuffer(MEASUREMENTS_SIZE)
        self._source, write_end = os.pipe()
        try:
            # For reading as well: who opens it when the run is over would wait for a reader if that were the daemon.
            self.descriptor = os.open(f"{_DESCRIPTORS}/{write_end}", os.O_RDWR | os.O_CLOEXEC)
            os.fchmod(self._source, 0o622)  # a program may have become another user
        except BaseException:
            os.close(self._source)
            raise
        finally:
            os.close(write_end)
        os.set_blocking(self._source, False)
        self._loop.add_reader(self._source, self._take)

    @property
    def path(self) -> str:
        """The path that the program opens."""
        return f"{_DESCRIPTORS}/{self.descriptor}"

    def close_write_end(self) -> None:
        """Close the write end in this process: the program has it now."""
        os.close(self.descriptor)
        self.descriptor = -1

    async def read(self) -> SideNotes:
        """Read what was appended, parsed."""
        for _ in range(MEASUREMENTS_SIZE // _CHUNK):  # bounded: a process left behind may be filling it
            if not self._take():
                break
        text, dropped = self._appended.data(), self._appended.dropped
        if dropped:
            text = text[: text.rfind(b"\n") + 1]
        notes = await _parse(text)
        if dropped and not notes.problem:
            problem = f"only the first {MEASUREMENTS_SIZE} of {MEASUREMENTS_SIZE + dropped} bytes are read"
            return notes._replace(problem=problem)
        return notes

    def _take(self) -> bool:
        """Read what is there; True if there may be more."""
        if self._source < 0:
            return False
        try:
            data = os.read(self._source, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._stop()
        self._appended.add(data)
        return bool(data)

    def _stop(self) -> None:
        self._loop.remove_reader(self._source)
        os.close(self._source)
        self._source = -1

    def close(self) -> None:
        """Close this process's ends. A process that was left behind keeps its own until its end."""
        if self._source >= 0:
            self._stop()
        if self.descriptor >= 0:
            self.close_write_end()


async def _parse(text: bytes) -> SideNotes:
    lines = decode(text)
    if len(text) <= _PARSED_AT_ONCE:
        return parse_notes(lines)
    try:
        return await asyncio.to_thread(parse_notes, lines)
    except RuntimeError:  # the system has no thread left
        return parse_notes(lines)


def measurement_file() -> MeasurementFile | None:
    """Make a new one; None if the system does not have such files. Raises OSError if none is left for now."""
    return MeasurementFile() if _is_possible() else None


@functools.cache
def _is_possible() -> bool:
    return os.path.isdir(_DESCRIPTORS)  # noqa: PTH112  # once
