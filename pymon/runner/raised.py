"""What is said of a plugin that raised, inside the daemon and as a program alike."""

from __future__ import annotations

import traceback

from pymon.runner.output import well_formed


def described(error: BaseException, path: str) -> tuple[str, str]:
    """The summary, ``NAME: message (FILE line N)``, and the traceback from the plugin's first frame on.

    ``path`` is the file of the plugin: of its frames the innermost is named, else the innermost of all. Both texts
    end with a newline and can be written anywhere.
    """
    trace = error.__traceback__
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if frame.filename == path] or frames[-1:]
    place = f" ({own[-1].filename} line {own[-1].lineno})" if own else ""
    message = str(error).splitlines()
    summary = f"{type(error).__name__}{': ' + message[0] if message else ''}{place}\n"
    beyond_us = trace.tb_next if trace is not None else None  # the first is who called the plugin
    detail = "".join(traceback.format_exception(type(error), error, beyond_us))
    return well_formed(summary), well_formed(detail)
