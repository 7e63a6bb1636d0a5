"""The output of a run, up to a limit. If some was cut off, the last line says so."""

from __future__ import annotations

from pymon.model.result import OUTPUT_LIMIT
from pymon.text import decode, encode


class OutputBuffer:
    """Output as it comes in: the first ``limit`` bytes are kept, the rest is counted."""

    __slots__ = ("_chunks", "_room", "dropped")

    def __init__(self, limit: int = OUTPUT_LIMIT) -> None:
        self._chunks: list[bytes] = []
        self._room = limit
        self.dropped = 0
        """bytes that there was no room for"""

    def add(self, data: bytes) -> None:
        """Keep what there is room for."""
        kept = data[: self._room]
        if kept:
            self._chunks.append(kept)
            self._room -= len(kept)
        self.dropped += len(data) - len(kept)

    def data(self) -> bytes:
        """All that was kept."""
        return b"".join(self._chunks)

    def text(self) -> str:
        """All that was kept, decoded, and a last line if something was cut off."""
        text = decode(self.data())
        return text + cut_notice(self.dropped) if self.dropped else text


def cut_notice(dropped: int) -> str:
    """The last line of output that was cut."""
    return f"\n[output cut: {dropped} more bytes were not kept]\n"


def cap(text: str, limit: int = OUTPUT_LIMIT) -> str:
    """Text of at most ``limit`` bytes of UTF-8, with the last line that says so when some was cut off."""
    if len(text) * 4 <= limit:
        return text
    data = encode(text)
    if len(data) <= limit:
        return text
    collected = OutputBuffer(limit)
    collected.add(data)
    return collected.text()
