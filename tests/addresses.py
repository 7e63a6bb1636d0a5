"""Loopback addresses for daemons under test, so that many run at once beside each other."""

from __future__ import annotations

import itertools
import os

from tests.ports import free_port

_numbers = itertools.count()


def own_address() -> str:
    """An address in 127.0.0.0/8 that no other daemon of this test run has, nor one of another run nearby."""
    pid = os.getpid()
    return f"127.{1 + pid // 250 % 250}.{1 + pid % 250}.{1 + next(_numbers) % 250}"


def listening(address: str | None = None) -> str:
    """Lines of mon.cf that make a daemon listen on an address of its own (or on the one given), and on its own port.

    An address is not enough: a daemon of another run that listens on every address takes the usual port from all.
    """
    own, port = address or own_address(), free_port()
    return f"serverbind = {own}\ntrapbind = {own}\nserverport = {port}\ntrapport = {port}\n"


IN_A_FOLDER = """statedir = {folder}/state
logdir = {folder}
authfile = {folder}/auth.cf
serverport = {port}
trapport = {port}
serverbind = 127.0.0.1
trapbind = 127.0.0.1
"""
"""lines of mon.cf, to be formatted, for a daemon that keeps everything in one folder"""
