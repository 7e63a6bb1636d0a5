"""What a run printed, up to the limit; what is cut off is said in the last line."""

from __future__ import annotations

from pymon.model.result import OUTPUT_LIMIT


class Collected:
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
        """All that was kept, as UTF-8 with surrogateescape, and a last line if something was cut off."""
        text = self.data().decode("utf-8", "surrogateescape")
        return text + cut_notice(self.dropped) if self.dropped else text


def cut_notice(dropped: int) -> str:
    """The last line of output that was cut."""
    return f"\n[output cut: {dropped} more bytes were not kept]\n"


def capped(text: str, limit: int = OUTPUT_LIMIT) -> str:
    """Text of at most ``limit`` bytes of UTF-8, with the last line that says so when some was cut off."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode("utf-8", "surrogateescape" if _is_encodable(text) else "replace")
    if len(data) <= limit:
        return text
    collected = Collected(limit)
    collected.add(data)
    return collected.text()


def well_formed(text: str) -> str:
    """The text with lone surrogates that stand for no byte replaced, so that it can be written anywhere."""
    return text if text.isascii() or _is_encodable(text) else text.encode("utf-8", "replace").decode("utf-8")


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
