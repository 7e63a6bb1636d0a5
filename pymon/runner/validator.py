"""``python -m pymon.runner.validator``: the child that loads plugins and asks what they think of arguments.

Questions are one JSON document on standard input, answers a line each on what was standard output; plugins get
/dev/null for both.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any, TextIO

from pymon.installed import Offer
from pymon.model.argument import ArgumentTrial
from pymon.runner.registry import load, load_offer
from pymon.runner.validation import validate_loaded


def main() -> None:
    """Answer all questions, and end Python at once: plugins may have left threads running."""
    logging.disable()
    asked = json.load(sys.stdin)
    with os.fdopen(os.dup(1), "w", encoding="ascii") as answers:
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 0)
        os.dup2(silent, 1)
        _say(answers, {"ready": True})
        for subject in asked:
            _answer(subject, answers)
    os._exit(0)


def _answer(subject: dict[str, Any], answers: TextIO) -> None:
    name = subject["name"]
    target = subject["target"]
    file = load_offer(Offer(name, target, "")) if target else load(name, subject["path"])
    if file.problem:
        _say(answers, {"broken": file.problem})
        return
    trials = [
        ArgumentTrial(
            subject["group"], name, tuple(arguments), tuple((key, value) for key, value in environment), hosts
        )
        for arguments, environment, hosts in subject["trials"]
    ]
    found = validate_loaded(file.plugin, trials, os.environ) if file.plugin is not None else {}
    problems = [[index, found[trial]] for index, trial in enumerate(trials) if trial in found]
    _say(answers, {"problems": problems})


def _say(answers: TextIO, what: dict[str, Any]) -> None:
    print(json.dumps(what), file=answers, flush=True)


if __name__ == "__main__":
    main()
