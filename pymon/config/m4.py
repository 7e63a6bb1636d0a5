"""Running the real m4 over a configuration."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from pymon.errors import PymonError


class M4Failed(PymonError):
    """m4 could not be run, took too long, or said that something is wrong."""


def run_m4(program: str, path: Path, time_limit: float) -> bytes:
    """Return the output of ``program FILE``, which is m4 or another filter.

    It runs in a process group of its own, which is ended after ``time_limit`` seconds. Raises M4Failed with m4's own
    words.
    """
    try:
        process = subprocess.Popen(
            [program, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise M4Failed(f"{program} cannot be run: {error.strerror}") from error
    try:
        output, errors = process.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise M4Failed(f"{program} did not end within {time_limit:.0f} s") from error
    said = errors.decode("utf-8", "replace").strip()
    if process.returncode:
        raise M4Failed(said or f"{program} ended with status {process.returncode}")
    return output
