"""Where pymon's own monitors, alerts and sample configurations lie."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def share_path(room: str) -> Path:
    """The folder ``monitors``, ``alerts`` or ``etc``: next to the package in a checkout, inside it when installed."""
    installed = _PACKAGE / "share" / room
    return installed if installed.is_dir() else _PACKAGE.parent / room
