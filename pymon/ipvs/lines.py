"""The lvs.alert lines of a mon.cf, read as lvs.alert reads them. Looks up no name."""

from __future__ import annotations

from collections.abc import Sequence

from pymon.errors import IpvsAddressError, PluginUsageError
from pymon.ipvs.address import parse_mark, split_endpoint
from pymon.ipvs.identity import text_identity
from pymon.ipvs.options import Options
from pymon.model.lvs_alert_line import LvsLine
from pymon.options import OptionParser

_PARSER = OptionParser(Options)


def read_line(arguments: Sequence[str]) -> LvsLine | None:
    """What a line says; None if lvs.alert refuses its arguments."""
    try:
        options = _read(arguments)
        if not options.virtual or not options.real or options.others:
            return None
        is_mark = parse_mark(options.virtual) is not None
        return LvsLine(
            protocol="" if is_mark else options.protocol.word,
            virtual=options.virtual,
            real=options.real,
            places=_identities(options, is_mark=is_mark),
            direction=options.wanted,
            weight=options.weight if _is_given(arguments, "-W", "1", "2") else None,
            method=options.forwarding.word if _is_given(arguments, "-F", "dr", "nat") else None,
        )
    except (PluginUsageError, IpvsAddressError):
        return None


def _read(arguments: Sequence[str]) -> Options:
    return _PARSER.parse(arguments).of(Options)


def _is_given(arguments: Sequence[str], letter: str, one: str, other: str) -> bool:
    """Whether a line gives an option itself: then it makes no difference what was given before."""
    return _read((letter, one, *arguments)) == _read((letter, other, *arguments))


def _identities(options: Options, *, is_mark: bool) -> frozenset[str]:
    """The identities as written, and with the port that the method uses instead."""
    reals = {options.real}
    if options.forwarding.keeps_port and not is_mark and split_endpoint(options.virtual)[1]:
        host = split_endpoint(options.real)[0]
        reals.add(f"[{host}]" if ":" in host else host)
    return frozenset(text_identity(options.virtual, real, options.protocol) for real in reals)
