"""A file as it was when it was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileSeen:
    """Equal ones mean equal contents, unless somebody tampers with the file.

    ``changed`` is when it was written last, in nanoseconds since the epoch. ``is_ended``: it ends with a newline. Of a
    file that could not be read there is the path only.
    """

    path: str
    identity: tuple[int, int] | None = None
    size: int = 0
    changed: int = 0
    is_ended: bool = False
