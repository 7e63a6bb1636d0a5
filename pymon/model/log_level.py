"""Log levels of pymon's own: every alert, and every one that was held back with its reason."""

from __future__ import annotations

import logging

SUPPRESSED = 15
"""an alert that was held back; shown with ``--log-level suppressed``, and always sent to syslog"""
ALERT = 25
"""an alert that was sent"""


def register_levels() -> None:
    """Give the levels their names; to be called once by the program that sets up logging."""
    logging.addLevelName(SUPPRESSED, "SUPPRESSED")
    logging.addLevelName(ALERT, "ALERT")
