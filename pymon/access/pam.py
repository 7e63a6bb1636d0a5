"""Logins by PAM, through pamela, which is installed with ``pymon[pam]`` and imported when it is needed."""

from __future__ import annotations

import os

from pymon.errors import AuthenticationError
from pymon.text import encode


def check_pam(service: str, user: str, password: str) -> bool:
    """Whether the system's PAM accepts user and password for a service (a file in /etc/pam.d), and the account.

    To be called in a thread: PAM's modules wait seconds after a wrong password. Raises AuthenticationError if PAM
    cannot be asked at all.
    """
    try:
        import pamela  # noqa: PLC0415
    except ImportError as error:
        raise AuthenticationError(f"authtype pam needs pamela (pip install 'pymon[pam]'): {error}") from error
    except OSError as error:
        raise AuthenticationError(f"authtype pam: the system's PAM library cannot be loaded: {error}") from error
    if "/" in service or service in ("", os.curdir, os.pardir):
        raise AuthenticationError(f"pamservice {service!r} is no name of a file in /etc/pam.d")
    try:
        pamela.authenticate(encode(user), (encode(password),), service, resetcred=0)
    except pamela.PAMError:
        return False
    return True
