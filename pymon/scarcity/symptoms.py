"""Tells from an exception whether this machine lacks something, or the watched service gave that answer.

A check that failed because this machine is short of something would take healthy servers out of service.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import traceback
from types import TracebackType

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ETXTBSY})
"""errors of the system that pass by themselves (ETXTBSY: a program is just being written)"""

_OF_ANY_CALL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""errors that speak of this machine, after any call; the last one: no local port, or no address of that family"""

_STARTERS = ("/subprocess.py", "/multiprocessing/popen_fork.py", "/pty.py", "/threading.py")
"""files of Python's that start processes and threads: their EAGAIN means that the system has none left"""


def shortage_in(error: BaseException | None) -> str:
    """Return what this machine lacked, if the error (or one that it came from) says so; else an empty text.

    An error of the system counts by its number, from any call. EAGAIN means a shortage only where a thread
    or process was to be started: to others it means that something has not come yet.
    """
    for _ in range(_LONGEST_CHAIN):
        match error:
            case None:
                return ""
            case MemoryError():
                return "no memory"
            case RuntimeError() if "can't start new thread" in str(error):
                return "no thread to be had"
            case BaseExceptionGroup():
                return next((found for each in error.exceptions if (found := shortage_in(each))), "")
            case socket.gaierror() if error.errno == socket.EAI_MEMORY:
                return "no memory"
            case OSError() if error.errno is not None and not isinstance(error, _NUMBERED_OTHERWISE):
                return _of_system(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ""


_LONGEST_CHAIN = 10
"""errors that one came from, which are looked at"""

_NUMBERED_OTHERWISE = (socket.gaierror, socket.herror, ssl.SSLError)
"""kinds of OSError whose numbers are not the system's"""


def _of_system(error: OSError) -> str:
    number = error.errno or 0
    if number in _OF_ANY_CALL or (number == errno.EAGAIN and _is_start_error(error)):
        return os.strerror(number)
    return ""


def _is_start_error(error: OSError) -> bool:
    if isinstance(error, NoThread):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and (frames[-1].filename.endswith(_STARTERS) or "fork" in (frames[-1].line or ""))


class NoThread(OSError):
    """The system has no thread to give, or they all hang (EAGAIN)."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EAGAIN, why)


def is_ours(error: BaseException) -> bool:
    """Whether an exception is the fault of this machine or of the plugin, and not of the watched service.

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
    return isinstance(error, PermissionError) and (error.filename is not None or not _is_to_other_host(error))


def _is_to_other_host(error: PermissionError) -> bool:
    """Whether a call to another host was refused, rather than a file or a socket of our own."""
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


_TO_OTHERS = ("connect", "send", "recv", "sock_connect", "sock_send", "sock_recv", "create_connection")
"""how calls begin to which the network may answer with EACCES or EPERM: of a firewall, or a route that prohibits"""
_TALKING = ("/pymon/plugin/net.py", "/pymon/plugin/datagram.py", "/pymon/plugin/conversation.py")
"""files whose calls are of that kind"""
