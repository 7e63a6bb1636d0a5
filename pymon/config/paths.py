"""Relative paths of the settings → absolute ones, by mon's rules; nothing here looks at the disk.

Directories of programs and state are under basedir; authfile, userfile and the files for TLS under cfbasedir; the
downtime log and the history under logdir; the server's socket under statedir; basedir and cfbasedir themselves are
under the current directory.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace

from pymon.model.settings import Settings


def resolve_paths(settings: Settings, current: str) -> Settings:
    """Make every path absolute; ``current`` is the current directory."""
    basedir = _under(current, settings.basedir)
    cfbasedir = _under(current, settings.cfbasedir)
    logdir = _under(basedir, settings.logdir)
    return replace(
        settings,
        basedir=basedir,
        cfbasedir=cfbasedir,
        logdir=logdir,
        statedir=_under(basedir, settings.statedir),
        alertdir=_all_under(basedir, settings.alertdir),
        mondir=_all_under(basedir, settings.mondir),
        authfile=_under(cfbasedir, settings.authfile),
        userfile=_under(cfbasedir, settings.userfile),
        servertlscert=_under_if_given(cfbasedir, settings.servertlscert),
        servertlskey=_under_if_given(cfbasedir, settings.servertlskey),
        servertlsca=_under_if_given(cfbasedir, settings.servertlsca),
        serversocket=_under_if_given(_under(basedir, settings.statedir), settings.serversocket),
        historicfile=_under_if_given(logdir, settings.historicfile),
        dtlogfile=_under(logdir, settings.dtlogfile),
        monerrfile=_under(current, settings.monerrfile),
        pidfile=_under(current, settings.pidfile) if settings.pidfile else settings.pidfile,
    )


def _under(base: str, path: str) -> str:
    """A path joined to a base, without a trailing slash, dots and double slashes."""
    return posixpath.normpath(posixpath.join(base, path))


def _under_if_given(base: str, path: str) -> str:
    """A path joined to a base; none stays none."""
    return _under(base, path) if path else ""


def _all_under(base: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Several paths, without repetition."""
    return tuple(dict.fromkeys(_under(base, path) for path in paths))
