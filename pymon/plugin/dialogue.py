"""The detail of mon's monitors that show what was said with a server: ftp.monitor, smtp.monitor."""

from __future__ import annotations

from typing import Any

from pymon.plugin.outcome import Down, Outcome, Outcomes

RULER = "=" * 78


def dialogues(outcomes: Outcomes, _options: Any) -> str:
    """What was said with each host (its outcome's detail) under a verdict, the failed ones first: a Monitor's detail.

    As mon's ftp.monitor and smtp.monitor print it.
    """
    bad = [
        _block(f"{host} failed with error {outcome.reason}", host, outcome)
        for host, outcome in outcomes.items()
        if isinstance(outcome, Down)
    ]
    good = [
        _block(f"{host} succeeded", host, outcome)
        for host, outcome in outcomes.items()
        if not isinstance(outcome, Down)
    ]
    return "".join(bad) + "\n" + "".join(good)


def _block(verdict: str, host: str, outcome: Outcome) -> str:
    shown = outcome.detail or "no detail\n"
    return f"{verdict}\ndetail for {host}\n{RULER}\n{shown}\n"
