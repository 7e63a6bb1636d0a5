"""Scripted plugins: a monitor that replays results step by step, and an alert that records how it was called.

Both are POSIX sh, to be quick, and know their service only by MON_GROUP and MON_SERVICE. Their files live below
the folder that RIG_DIR names, so that the same scripts serve both daemons at the same time.

Every step takes longer than a second, and what a daemon notes about one result it notes before the next step begins:
so no two steps' notes carry the same second, however slow the machine is (see ``records``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

APART = "sleep 1.1"
"""what keeps the end of a step out of the second in which it began"""
HANG = "sleep 1800"
"""what a monitor turns into when its script is exhausted: no further result comes"""

MONITOR = f"""\
#!/bin/sh
# Takes the next step of its service's script: records its own call, prints, and exits as the step says.
d=$RIG_DIR/script/$MON_GROUP/$MON_SERVICE
read -r n <"$d/n"
n=$((n + 1))
echo "$n" >"$d/n"
if [ ! -e "$d/$n" ]; then
    : >"$d/done"
    exec {HANG}
fi
cat /proc/$$/cmdline >"$d/$n.argv"
cat /proc/$$/environ >"$d/$n.environ"
. "$d/$n"
"""

ALERT = """\
#!/bin/sh
# Records its own call: argument list, environment and standard input, exactly, one folder a call.
d=$RIG_DIR/alerts/.$$
mkdir "$d"
cat /proc/$$/cmdline >"$d/argv"
cat /proc/$$/environ >"$d/environ"
cat >"$d/stdin"
mv "$d" "$RIG_DIR/alerts/$(date +%s%N).$$"
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the scripted monitor.

    ``pause`` is slept before anything else (seconds, 0 or above 1); ``after`` names ``group/service`` and the number of
    a step of that service whose result the daemon must have taken in before this step goes on. ``signal`` ends the
    monitor instead of ``exit``. ``errors`` goes to standard error after ``output`` went to standard output.
    ``commands`` are given to the daemon before that; ``{g}`` and ``{s}`` in them stand for the step's own group and
    service.
    """

    exit: int = 0
    output: bytes = b""
    errors: bytes = b""
    signal: int = 0
    pause: float = 0.0
    after: tuple[str, int] | None = None
    commands: Sequence[str] = ()

    def fragment(self, data: Path) -> str:
        """The step as sh commands, to be read by the monitor; long output is kept in the file ``data``."""
        lines = [f"sleep {self.pause}"] if self.pause else []
        is_apart = self.pause > 1
        if self.after:
            other, number = self.after
            # A service runs again only when its last result was taken in.
            lines.append(
                f'while read -r k <"$RIG_DIR/script/{other}/n"; [ "${{k:-0}}" -le {number} ]; do sleep 0.1; done'
            )
        for command in self.commands:
            words = command.format(g="$MON_GROUP", s="$MON_SERVICE")
            lines.append(f'/usr/bin/moncmd -s 127.0.0.1 -p "$RIG_PORT" {words} >/dev/null 2>&1')
        if self.commands or not is_apart:
            # Behind the commands, for what they led to comes before the step's own result.
            lines.append(APART)
        if self.output:
            data.write_bytes(self.output)
            lines.append(f"cat '{data}'")
        if self.errors:
            lines.append(f"printf '{_escaped(self.errors)}' >&2")
        lines.append(': >"$d/$n.end"')
        lines.append(f"kill -{self.signal} $$" if self.signal else f"exit {self.exit}")
        return "\n".join(lines) + "\n"


def fail(
    output: str | bytes = "",
    exit: int = 1,  # noqa: A002 - the word for what it is
    *,
    errors: bytes = b"",
    pause: float = 0.0,
    after: tuple[str, int] | None = None,
    commands: Sequence[str] = (),
) -> Step:
    """A failing run; a line end is added to text, nothing to bytes."""
    return Step(exit, _bytes(output), errors, 0, pause, after, commands)


def ok(
    output: str | bytes = "",
    *,
    pause: float = 0.0,
    after: tuple[str, int] | None = None,
    commands: Sequence[str] = (),
) -> Step:
    """A successful run; a line end is added to text that is not empty, nothing to bytes."""
    return Step(0, _bytes(output), b"", 0, pause, after, commands)


def killed(signal: int, output: str | bytes = "") -> Step:
    """A run that a signal ends."""
    return Step(0, _bytes(output), signal=signal)


def write_script(folder: Path, steps: Sequence[Step]) -> None:
    """Write a service's script where the monitor looks for it."""
    folder.mkdir(parents=True)
    (folder / "n").write_text("0\n")
    for number, step in enumerate(steps, 1):
        (folder / str(number)).write_text(step.fragment(folder / f"{number}.data"))


def _bytes(output: str | bytes) -> bytes:
    if isinstance(output, bytes):
        return output
    return f"{output}\n".encode() if output else b""


def _escaped(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)
