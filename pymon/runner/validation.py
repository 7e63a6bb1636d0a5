"""Arguments of mon.cf tried against what plugins declare, apart from this process: plugins are other people's code.

One child (``python -m pymon.runner.validator``) loads one plugin after the other and says what it found, as JSON, line
by line. One that hangs or ends the child is reported, and another child goes on with those after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pymon.contract.plugin import Plugin
from pymon.installed import offers
from pymon.model.argument import ArgumentProblem, ArgumentTrial, Fault, Verdicts
from pymon.runner.limits import RunnerLimits

_LIMITS = RunnerLimits()


class ValidatedPlugin(NamedTuple):
    """A plugin to be asked: a file, or (``target``) the object of an installed package."""

    group: str
    name: str
    path: str = ""
    target: str = ""


def validate_loaded(
    plugin: Plugin, trials: Iterable[ArgumentTrial], environ: Mapping[str, str]
) -> dict[ArgumentTrial, Any]:
    """Ask a plugin that is loaded already; problems by trial. Never raises what the plugin raises."""
    validate = getattr(plugin, "validate", None)
    if validate is None:
        return {}
    found = {}
    for trial in trials:
        try:
            problems = tuple(validate(trial.arguments, {**environ, **dict(trial.environment)}, trial.hosts))
        except Exception as error:
            text = " ".join(f"the plugin cannot say whether it takes these: {type(error).__name__}: {error}".split())
            problems = (ArgumentProblem(text),)
        if problems:
            found[trial] = problems
    return found


def subjects_of(found: Mapping[tuple[str, str], str]) -> list[ValidatedPlugin]:
    """Plugins to ask, of paths (or, of packages, origins) by group and name."""
    subjects = []
    for (group, name), path in found.items():
        if path.startswith("/"):
            subjects.append(ValidatedPlugin(group, name, path=path))
            continue
        offer = next((each for each in offers(group).get(name, ()) if each.origin == path), None)
        if offer is not None:
            subjects.append(ValidatedPlugin(group, name, target=offer.target))
    return subjects


def validate_apart(
    subjects: Sequence[ValidatedPlugin],
    trials: Iterable[ArgumentTrial],
    limits: RunnerLimits = _LIMITS,
) -> Verdicts:
    """Ask plugins in a child process. Blocks; a plugin takes ``limits.validation`` seconds at most. Never raises."""
    by_name: dict[tuple[str, str], list[ArgumentTrial]] = {(each.group, each.name): [] for each in subjects}
    for trial in trials:
        if (trial.group, trial.name) in by_name:
            by_name[trial.group, trial.name].append(trial)
    problems: dict[ArgumentTrial, tuple[ArgumentProblem, ...]] = {}
    broken: dict[tuple[str, str], str] = {}
    left = list(subjects)
    while left:
        try:
            done, end = _one_child(left, by_name, problems, broken, limits)
        except OSError as error:
            return Verdicts(problems, broken, f"no process could be started: {error.strerror or error}")
        if done >= len(left):
            break
        if done < 0:
            return Verdicts(problems, broken, end)
        culprit = left[done]
        broken[culprit.group, culprit.name] = end
        left = left[done + 1 :]
    return Verdicts(problems, broken)


def _one_child(
    subjects: Sequence[ValidatedPlugin],
    by_name: Mapping[tuple[str, str], list[ArgumentTrial]],
    problems: dict[ArgumentTrial, tuple[ArgumentProblem, ...]],
    broken: dict[tuple[str, str], str],
    limits: RunnerLimits,
) -> tuple[int, str]:
    """Ask in one child; how many plugins are done with (-1: it never came to the first), and what ended it."""
    asked = [
        {**each._asdict(), "trials": [[t.arguments, t.environment, t.hosts] for t in by_name[each.group, each.name]]}
        for each in subjects
    ]
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "pymon.runner.validator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    done = -1
    end = "it ended Python while it was loaded or asked"
    try:
        with _Lines(child, json.dumps(asked).encode("ascii"), limits.validation_output) as lines:
            while (line := lines.next(limits.validation_start if done < 0 else limits.validation)) is not None:
                if not line:
                    return done, end if done >= 0 else "Python ended before it loaded a plugin"
                answer = json.loads(line)
                if "broken" in answer:
                    subject = subjects[done]
                    broken[subject.group, subject.name] = answer["broken"]
                if "problems" in answer:
                    subject = subjects[done]
                    trials = by_name[subject.group, subject.name]
                    for index, found in answer["problems"]:
                        problems[trials[index]] = tuple(
                            ArgumentProblem(text, word, Fault(fault), advice) for text, word, fault, advice in found
                        )
                done += 1
            if done < 0:
                return done, f"Python did not start within {limits.validation_start:g} seconds"
            return done, f"it did not answer within {limits.validation:g} seconds; the daemon would wait for it"
    except (OSError, ValueError, KeyError, IndexError) as error:
        return done, f"what was said of it cannot be read: {error}"
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child, and all that its plugins started."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


class _Lines:
    """The lines of a child that is told something meanwhile."""

    def __init__(self, child: subprocess.Popen[bytes], told: bytes, most: int) -> None:
        """``most`` is how many bytes it may say."""
        assert child.stdin is not None  # noqa: S101  # for the type checker
        assert child.stdout is not None  # noqa: S101  # as above
        self._told = memoryview(told)
        self._in, self._out = child.stdin.fileno(), child.stdout.fileno()
        self._stdin = child.stdin
        self._data = b""
        self._size, self._most = 0, most
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._selector.register(self._in, selectors.EVENT_WRITE)

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def next(self, limit: float) -> bytes | None:
        """The next line; empty at the end, None if there is none within ``limit`` seconds."""
        deadline = time.monotonic() + limit
        while b"\n" not in self._data:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            for key, _ in self._selector.select(left):
                if key.fd == self._in:
                    self._tell()
                elif not self._hear():
                    return b""
        line, _, self._data = self._data.partition(b"\n")
        return line

    def _tell(self) -> None:
        try:
            self._told = self._told[os.write(self._in, self._told[:65536]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._told = self._told[:0]
        if not self._told:
            self._selector.unregister(self._in)
            self._stdin.close()

    def _hear(self) -> bool:
        try:
            data = os.read(self._out, 65536)
        except BlockingIOError:
            return True
        self._data += data
        self._size += len(data)
        return bool(data) and self._size <= self._most
