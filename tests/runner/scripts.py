"""Programs written for one test."""

from __future__ import annotations

import os
from pathlib import Path

from pymon.contract.invocation import Invocation
from tests.programs import write_program

BASE = {"PATH": os.environ["PATH"]}


def script(folder: Path, text: str, name: str = "a.monitor", interpreter: str = "/bin/sh") -> Path:
    """An executable file; an empty ``interpreter`` leaves the first line out."""
    return write_program(folder / name, (f"#!{interpreter}\n" if interpreter else "") + text)


def call(path: Path, *arguments: str, environ: dict[str, str] | None = None, stdin: str = "") -> Invocation:
    """The call of a program with little environment."""
    return Invocation(str(path), arguments, BASE | (environ or {}), stdin)
