"""The arguments of mon.cf's lines, tried when the configuration is taken up: the plugins are loaded by then."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from pymon.config.loader import Loaded
from pymon.engine.plugin_lookup import Programs
from pymon.installed import MONITORS
from pymon.model.argument import ArgumentProblem, ArgumentTrial, Verdicts
from pymon.runner.validation import validate_loaded

log = logging.getLogger("pymon")


def warn_of_arguments(loaded: Loaded, programs: Programs, environ: Mapping[str, str]) -> None:
    """Put into the log what the plugins do not like about their arguments. Blocks: they may read files."""
    if loaded.arguments is None:
        return
    by_name: dict[tuple[str, str], list[ArgumentTrial]] = {}
    for trial in loaded.arguments.trials:
        by_name.setdefault((trial.group, trial.name), []).append(trial)
    problems: dict[ArgumentTrial, tuple[ArgumentProblem, ...]] = {}
    for (group, name), trials in by_name.items():
        file = (programs.monitors if group == MONITORS else programs.alerts).get(name)
        if file is not None and file.plugin is not None:
            problems.update(validate_loaded(file.plugin, trials, environ))
    for problem in loaded.argument_problems(Verdicts(problems)):
        log.warning("%s", replace(problem, source=""))  # a line may hold a password
