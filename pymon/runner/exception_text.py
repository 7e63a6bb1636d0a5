"""What is said of a plugin that raised, inside the daemon and as a program alike; and of any program with a traceback.

The summary is what people see, and hosts are looked for in it: it is the trouble itself, never "Traceback (most recent
call last):".
"""

from __future__ import annotations

import re
import traceback
from types import TracebackType

from pymon.runner.retry_scarce import shortage_in
from pymon.text import well_formed


def described(error: BaseException, path: str) -> tuple[str, str]:
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


def is_ours(error: BaseException) -> bool:
    """Whether an exception tells of this machine or of the plugin itself, and not of what the plugin looks at.

    The network and other hosts have theirs in an OSError, a firewall's "permission denied" to a connection among them;
    an EOFError is the other side's doing, which hung up in the midst of something. Ours are a file that may not be
    read, a socket that may not be opened, no descriptor or local port left, and any exception that nobody expected.
    """
    if isinstance(error, EOFError):
        return False
    if not isinstance(error, OSError) or getattr(error, "is_ours", False):
        return True
    if shortage_in(error):
        return True
    return isinstance(error, PermissionError) and (error.filename is not None or not _is_to_others(error))


def _is_to_others(error: PermissionError) -> bool:
    """Whether a call to somebody else was refused, rather than a file or a socket of our own."""
    last = error.__traceback__
    if last is None:
        return False
    while last.tb_next is not None:
        last = last.tb_next
    code = last.tb_frame.f_code
    if code.co_filename.endswith("/socket.py"):
        return code.co_name != "__init__"  # where a socket is made, of ours
    if "/asyncio/" in code.co_filename or code.co_filename.endswith(_TALKING):
        return True
    return _called_at(last).startswith(_TO_OTHERS)


def _called_at(place: TracebackType) -> str:
    """The name of the function or method whose call raised: ``connect`` of ``socket.socket().connect(address)``.

    It is read from the code, for the source may be where this process may not look.
    """
    import dis  # noqa: PLC0415  # few come here

    name, before = "", [each for each in dis.get_instructions(place.tb_frame.f_code) if each.offset <= place.tb_lasti]
    at = before[-1].positions if before else None
    for each in before[:-1]:
        begins = each.positions
        same = at is not None and begins is not None and begins[0::2] == at[0::2]  # line and column of the beginning
        if same and each.opname.startswith("LOAD_") and isinstance(each.argval, str):
            name = each.argval
    return name


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


_TO_OTHERS = ("connect", "send", "recv", "sock_connect", "sock_send", "sock_recv", "create_connection")
"""how calls begin to which the network may answer with EACCES or EPERM: of a firewall, or a route that prohibits"""
_TALKING = ("/pymon/plugin/net.py", "/pymon/plugin/datagram.py", "/pymon/plugin/conversation.py")
"""files whose calls are of that kind"""
_BEGINNINGS = ("Traceback (most recent call last):", "  File ", "  + Exception Group Traceback")
"""how Python's own reports begin: of an exception, of a syntax error, of a group"""
_HEADER = re.compile(r"^ *[+|]? *(?:Exception Group )?Traceback \(most recent call last\):")
_EXCEPTION = re.compile(r"(?:  \| )?[A-Za-z_][\w.]*(?::|$)")
