"""Those who want to be told when something happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Observers(Generic[T]):
    """Calls everybody who observes, in the order in which they began; one that fails stops no other."""

    def __init__(self, on_error: Callable[[T], None]) -> None:
        """``on_error`` is called, while the exception is handled, with what an observer failed at."""
        self._on_error = on_error
        self._observers: dict[object, Callable[[T], None]] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._observers)

    def observe(self, observer: Callable[[T], None]) -> Callable[[], None]:
        """Call an observer from now on; the function that is returned ends that, and may be called again."""
        subscription = object()
        self._observers[subscription] = observer

        def end() -> None:
            self._observers.pop(subscription, None)

        return end

    def tell(self, event: T) -> None:
        """Call those who observe now."""
        for observer in tuple(self._observers.values()):
            try:
                observer(event)
            except Exception:
                self._on_error(event)
