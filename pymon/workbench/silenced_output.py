"""Keeps what plugins print when they are imported out of the report for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

OUTPUT, ERRORS = 1, 2


@contextmanager
def silence_output() -> Iterator[Callable[[str], None]]:
    """Let nothing that is written to standard output and error come through, be it a child's; gives a function that
    writes a line to standard error all the same."""
    outside = sys.stderr
    with ExitStack() as stack:
        void = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  # no path of anybody's
        try:
            real = stack.enter_context(os.fdopen(os.dup(ERRORS), "w", encoding="utf-8", errors="replace"))
        except OSError:  # it is closed
            real = void
        is_real = _descriptor_of(outside) == ERRORS  # else somebody else takes it (a test)

        def tell(text: str) -> None:
            print(text, file=real if is_real else outside, flush=True)

        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        for number in (OUTPUT, ERRORS):
            _redirect(number, void.fileno(), stack)
        stack.enter_context(redirect_stdout(void))
        stack.enter_context(redirect_stderr(void))
        yield tell


def _redirect(number: int, to: int, stack: ExitStack) -> None:
    """Redirect a descriptor until the stack is left, unless it is closed."""
    try:
        kept = os.dup(number)
    except OSError:
        return
    stack.callback(os.close, kept)
    stack.callback(os.dup2, kept, number)
    os.dup2(to, number)


def _descriptor_of(stream: object) -> int:
    try:
        number: int = stream.fileno()  # type: ignore[attr-defined]  # asked, since a test's stream may have none
    except (AttributeError, OSError):
        return -1
    return number
