"""What is said of a plugin that raised, inside the daemon and as a program alike; and of any program with a traceback.

The summary is what people see, and hosts are looked for in it: it is the trouble itself, never "Traceback (most recent
call last):".
"""

from __future__ import annotations

import re
import traceback

from pymon.text import well_formed


def describe(error: BaseException, path: str) -> tuple[str, str]:
    """The summary, ``NAME: message (FILE line N)``, and the traceback from the plugin's first frame on.

    ``path`` is the file of the plugin: of its frames the innermost is named, else the innermost of all. Both texts
    end with a newline and can be written anywhere.
    """
    trace = error.__traceback__
    frames = traceback.extract_tb(trace)
    if isinstance(error, SyntaxError) and error.filename:
        summary = f"{type(error).__name__}: {error.msg} ({error.filename} line {error.lineno})\n"
        return well_formed(summary), well_formed("".join(traceback.format_exception_only(error)))
    own = [frame for frame in frames if frame.filename == path] or frames[-1:]
    place = f" ({own[-1].filename} line {own[-1].lineno})" if own else ""
    message = str(error).splitlines()
    summary = f"{type(error).__name__}{': ' + message[0] if message else ''}{place}\n"
    beyond_us = trace.tb_next if trace is not None else None  # the first is who called the plugin
    detail = "".join(traceback.format_exception(type(error), error, beyond_us))
    return well_formed(summary), well_formed(detail)


def trouble_first(output: str) -> str:
    """The output of a program that ended with a traceback of Python's: the exception's line comes first, then all.

    Other output is as it was, also where a summary stands before the traceback: that is the program's own.
    """
    if not output.startswith(_BEGINNINGS):
        return output
    lines = output.split("\n")
    last = max((number for number, line in enumerate(lines) if _HEADER.search(line)), default=-1)
    named = [line for line in lines[last + 1 :] if _EXCEPTION.match(line)]
    return f"{named[0].lstrip(' |')}\n{output}" if named else output


_BEGINNINGS = ("Traceback (most recent call last):", "  File ", "  + Exception Group Traceback")
"""how Python's own reports begin: of an exception, of a syntax error, of a group"""
_HEADER = re.compile(r"^ *[+|]? *(?:Exception Group )?Traceback \(most recent call last\):")
_EXCEPTION = re.compile(r"(?:  \| )?[A-Za-z_][\w.]*(?::|$)")
