"""The problems of programs with their arguments, and of lines of lvs.alert with each other."""

from __future__ import annotations

from pymon.config.problems.kind import ProblemKind, warning
from pymon.model.problem import Severity

LVS = (
    warning(
        "lvs-no-direction", "lvs.alert refuses this line: '{keyword}' does not say whether to take {real} out",
        "write -X down (take it out) or -X up (put it in)",
    ),
    warning(
        "lvs-contrary", "-X {direction} in an {keyword}: it {what}, as written",
        "leave -X out: an alert takes the real server out, an upalert puts it in",
    ),
    warning(
        "lvs-no-return", "nothing puts {real} back into {virtual} when the service is well again", "{hint}",
    ),
    warning(
        "lvs-other-return", "what this line takes out returns with {differing} (line {line})",
        "write both lines with the same -W and -F",
    ),
    warning(
        "lvs-period", "{real} is not put back by a recovery at a time that is outside of 'period {period}'",
        "write the lvs.alert lines in a period of all times: 'period wd {{Sun-Sat}}'",
    ),
    warning(
        "lvs-upalertafter", "{real} stays out after an outage shorter than {time}: its upalert waits for upalertafter",
        "write the lvs.alert lines in a period of their own, without upalertafter",
    ),
    warning(
        "lvs-shared",
        "{other} (line {line}) acts upon {real}, too: the recovery of one puts it back while the other fails",
        "let one service check both, or write lvs.alert lines for one of them only",
    ),
)  # fmt: skip

ARGUMENTS = (
    warning("refused-argument", "{name} refuses these arguments: {reason}", "{advice}"),
    warning("ignored-option", "{name}: {reason}", "{advice}"),
    warning("unusable-file", "{name}: {reason}", "{advice}"),
    ProblemKind("dangerous-argument", "{name}: {reason}", "{advice}", (), Severity.ERROR, "C-DANGER", starts=True),
    warning(
        "broken-plugin", "{kind} {name} cannot be loaded: {reason}", "until that is mended, each of its calls is broken"
    ),
    warning("untried", "the arguments of monitors and alerts were not tried: {obstacle}", ""),
)  # fmt: skip
