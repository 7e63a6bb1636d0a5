"""All the scenarios; they share one mon.cf, so that one run of each daemon covers them."""

from __future__ import annotations

from tests.differential import table_calls, table_commands, table_counters, table_events, table_hosts
from tests.differential.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *table_events.SCENARIOS,
    *table_counters.SCENARIOS,
    *table_calls.SCENARIOS,
    *table_hosts.SCENARIOS,
    *table_commands.SCENARIOS,
)

COMMANDS: tuple[Scenario, ...] = table_commands.SCENARIOS
"""those among them in which commands of the client protocol are given"""
