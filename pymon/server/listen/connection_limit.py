"""How many clients there may be at once, and how many of them from one place: pure counting."""

from __future__ import annotations

from collections import Counter


class ConnectionLimit:
    """Counts connections, in all and by ``place``: an address or a user, which may not take all of them alone."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._inside: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        """How many are in."""
        return self._count

    def refusal(self, place: str) -> str:
        """Return why one more connection from a place is refused; empty if it is not."""
        if self._inside[place] >= self._most_of_one:
            return f"{self._most_of_one} from there are connected"
        if self._count >= self._most:
            return f"{self._most} are connected"
        return ""

    def enter(self, place: str) -> None:
        """One comes in."""
        self._inside[place] += 1
        self._count += 1

    def leave(self, place: str) -> None:
        """Count a connection as ended. A place without connections is forgotten."""
        self._inside[place] -= 1
        self._count -= 1
        if not self._inside[place]:
            del self._inside[place]
