"""The kinds of value that keywords have: how each is read, set, explained and sent to clients."""

from __future__ import annotations

from pymon.config import alert_rules, server_values, values
from pymon.config import client_values as client
from pymon.config import explained_values as explained
from pymon.config.keyword import ValueType
from pymon.model.duration import format_duration

as_written = client.set_as_written

TEXT = ValueType(values.plain_text, as_written)
HOSTS = ValueType(values.host_set, as_written, explained.format_set, client.hosts_text)

FILE = ValueType(values.plain_text, as_written)
"""a file that has to be there, and readable"""
DIRECTORY = ValueType(values.plain_text, as_written)
"""a directory that should be there"""
PATHS = ValueType(values.path_list, as_written, explained.format_paths)
"""directories that should be there, and readable"""
PATH = ValueType(values.plain_text, as_written)
"""what the daemon makes where it is not there"""

NUMBER = ValueType(values.number, as_written)
COUNT = ValueType(values.alert_count, as_written)
PROCESSES = ValueType(values.process_count, as_written)

TIME = ValueType(values.positive_time, client.set_time, format_duration)
GLOBAL_TIME = ValueType(values.global_time, client.set_time, format_duration)
EXCLUDED_PERIOD = ValueType(values.exclude_period, as_written, explained.format_period, client.period_text)

FLAG = ValueType(values.flag, client.set_flag, explained.format_switch, client.flag_or_nothing)
YES_OR_NO = ValueType(values.yes_or_no, as_written, explained.format_switch)
UNACK_SUMMARY = ValueType(values.unack_summary_or_bare, as_written, explained.format_switch)
GLOBAL_UNACK_SUMMARY = ValueType(values.unack_summary, as_written, explained.format_switch)
DTLOGGING = ValueType(values.dtlogging, as_written, explained.format_switch)
STARTUPALERTS = ValueType(values.startupalerts_on_reset, as_written, explained.format_switch)

MONITOR = ValueType(values.monitor, as_written, get=client.command_text)
COMMAND = ValueType(values.command, as_written, get=client.command_text)
ALERT = ValueType(values.alert, as_written)
EXIT_RANGE = ValueType(values.exit_range, as_written)
ALERTEVERY = ValueType(alert_rules.alertevery, as_written, explained.format_alertevery)
ALERTAFTER = ValueType(alert_rules.alertafter, as_written, explained.format_alertafter)

BEHAVIOR = ValueType(values.behavior, as_written)
DEPENDENCY = ValueType(None, client.set_dependency, explained.format_dependency, client.dependency_text)

PORT = ValueType(values.port, as_written)
ADDRESSES = ValueType(server_values.addresses, as_written, explained.format_words)
CLIENT_PATTERNS = ValueType(server_values.client_patterns, as_written, explained.format_words)
AUTH_TYPES = ValueType(values.auth_types, as_written, explained.format_words)
FACILITY = ValueType(values.facility, as_written)
SOCKET_MODE = ValueType(server_values.socket_mode, as_written, explained.format_mode)
STATE_POLICY = ValueType(server_values.state_policy, as_written)
PLUGIN_ORDER = ValueType(server_values.plugin_order, as_written)
