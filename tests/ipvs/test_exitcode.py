"""Exit codes of what cannot be done."""

from __future__ import annotations

from pymon.errors import (
    IpvsBusy,
    IpvsLookupError,
    IpvsNoServer,
    IpvsNoService,
    IpvsPermission,
    IpvsUnavailable,
)
from pymon.ipvs.exitcode import EXIT_CODES, RETRY_CAN_HELP, exit_code


def test_each_error_has_an_exit_code_of_its_own() -> None:
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert exit_code(IpvsNoServer("gone")) == 70
    retried = {kind for kind, code in EXIT_CODES.items() if code in RETRY_CAN_HELP}
    assert retried == {IpvsNoService, IpvsLookupError, IpvsUnavailable, IpvsBusy}
    assert exit_code(IpvsPermission("no")) == 77
