"""Finds what is allowed in mon.cf but likely to cause trouble. Every check only adds warnings to a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lark import Token

from pymon.config.build import ParsedSite
from pymon.config.build_service import BuiltService, DependencyUse
from pymon.config.check_server import check_server
from pymon.config.period_satisfiable import impossible_part
from pymon.config.report import ProblemReport
from pymon.config.shell_words import split_blanks
from pymon.model.depend import DependBehavior, ServiceKey
from pymon.model.duration import format_duration
from pymon.model.period import PeriodSpec
from pymon.model.service import AlertKind, ExitRange, Period, Service

HIGHEST_EXIT = 255


def check(parsed: ParsedSite, report: ProblemReport, year: int) -> None:
    """Run every check; ``year`` is the current one (a period in the past never comes again).

    A file with errors is checked too, so that everything is reported at once.
    """
    for each in (
        _check_hostgroups,
        _check_watches,
        _check_views,
        _check_schedules,
        _check_hosts,
        _check_dependencies,
        _check_cycles,
        _check_depths,
    ):
        each(parsed, report)
    _check_periods(parsed, report, year)
    _check_exit_ranges(parsed, report)
    _check_upalerts(parsed, report)
    _check_alertafter(parsed, report)
    check_server(parsed, report)


def _at(token: Token) -> tuple[int, int]:
    """Line and offset of a token's value."""
    return token.line or 0, token.start_pos or 0


def _check_hostgroups(parsed: ParsedSite, report: ProblemReport) -> None:
    """Hostgroups that nobody watches."""
    watched = parsed.site.watches
    unmatched = [group for group in parsed.implied if group not in parsed.hostgroups]
    for name, token in parsed.hostgroups.items():
        if name not in watched:
            report.add("unwatched-hostgroup", *_at(token), name=name, hint=report.guess(name, unmatched))


def _check_watches(parsed: ParsedSite, report: ProblemReport) -> None:
    """Watches without a hostgroup, and watches without a service."""
    unwatched = [group for group in parsed.hostgroups if group not in parsed.site.watches]
    for name, token in parsed.implied.items():
        if name not in parsed.hostgroups:
            guess = report.guess(name, unwatched)
            report.add("no-hostgroup", *_at(token), name=name, hint=f"; {guess}" if guess else "")
    for name, token in parsed.empty_watches.items():
        report.add("empty-watch", *_at(token), name=name)


def _check_views(parsed: ParsedSite, report: ProblemReport) -> None:
    """Views that name groups or services that do not exist."""
    groups, services = parsed.site.watches, parsed.site.services
    for name, tokens in parsed.views.items():
        for entry in parsed.site.views[name].entries:
            group, colon, service = entry.partition(":")
            if (ServiceKey(group, service) in services) if colon else (group in groups):
                continue
            hint = _service_guess(parsed, report, ServiceKey(group, service)) if colon else report.guess(entry, groups)
            token = next((token for token in tokens if entry in split_blanks(token)), tokens[0])
            offset = (token.start_pos or 0) + max(0, token.find(entry, len(name) if token is tokens[0] else 0))
            what = "service" if colon else "watch"
            report.add("unknown-view-entry", token.line or 0, offset, name=name, entry=entry, what=what, hint=hint)


def _check_schedules(parsed: ParsedSite, report: ProblemReport) -> None:
    """Services whose monitor never runs; not where a keyword may be missing because it is misspelt."""
    if report.has_errors:
        return
    for built in parsed.built.values():
        service, tokens = built.service, built.tokens
        if service.monitor is not None and service.interval is None and "INTERVAL" not in tokens:
            report.add("no-interval", tokens["MONITOR"].line or 0, 0)
        elif service.interval is not None and "MONITOR" not in tokens:
            report.add("no-monitor", tokens["INTERVAL"].line or 0, 0)


def _check_hosts(parsed: ParsedSite, report: ProblemReport) -> None:
    """Services that have no host to check, and excluded hosts that are not in the group."""
    for built in parsed.built.values():
        service = built.service
        hosts = {host.name for host in parsed.site.hosts(service.group)}
        for host in sorted(service.exclude_hosts - hosts):
            token = built.tokens["EXCLUDE_HOSTS"]
            offset = (token.start_pos or 0) + max(0, token.find(host))
            hint = report.guess(host, hosts)
            report.add("excluded-stranger", token.line or 0, offset, host=host, name=service.group, hint=hint)
        if service.monitor is None or not service.monitor.append_hosts or service.allow_empty_group:
            continue
        facts = {"name": service.group, "service": service.name}
        if not hosts:
            report.add("empty-hostgroup", built.tokens["MONITOR"].line or 0, 0, **facts)
        elif not hosts - service.exclude_hosts:
            report.add("no-hosts-left", built.tokens["EXCLUDE_HOSTS"].line or 0, 0, **facts)


def _check_dependencies(parsed: ParsedSite, report: ProblemReport) -> None:
    """Dependencies that make no sense, or name services that do not exist."""
    services = parsed.site.services
    for built in parsed.built.values():
        for use in built.dependencies:
            if use.error is not None and use.behavior is not DependBehavior.HOSTS:
                column = _written_offset(use, use.error.column, built.service.group)
                report.add("malformed-dependency", *_at_offset(use.token, column), value=use.token, hint=use.error)
            for key in use.dependency.names:
                if key not in services:
                    offset = max(0, use.token.find(str(key)), use.token.find(f"SELF:{key.service}"))
                    hint = _service_guess(parsed, report, key)
                    keyword = use.token.type.lower()
                    report.add(
                        "unknown-dependency", *_at_offset(use.token, offset), keyword=keyword, name=key, hint=hint
                    )


def _service_guess(parsed: ParsedSite, report: ProblemReport, key: ServiceKey) -> str:
    """The service that was perhaps meant: one of the same watch, or of the same name in a watch with a similar name."""
    watch = parsed.site.watches.get(key.group)
    if watch is not None:
        return report.guess(str(key), [str(service.key) for service in watch.services])
    return report.guess(str(key), [f"{group}:{key.service}" for group in parsed.site.watches])


def _at_offset(token: Token, offset: int) -> tuple[int, int]:
    """Line and offset of a character of a token's value."""
    return token.line or 0, (token.start_pos or 0) + offset


def _written_offset(use: DependencyUse, column: int, group: str) -> int:
    """Where a column of a dependency stands in the file, where ``SELF`` is not replaced yet."""
    written = str(use.token)
    shift = len(group) - len("SELF")
    position = written.find("SELF:")
    offset = column
    while position >= 0 and position < offset:
        offset = max(position, offset - shift)
        position = written.find("SELF:", position + 1)
    return min(offset, len(written))


def _check_cycles(parsed: ParsedSite, report: ProblemReport) -> None:
    """Dependencies of the same kind that go round in a circle; each circle once."""
    for behavior in (DependBehavior.ALERTS, DependBehavior.MONITOR):
        done: set[ServiceKey] = set()
        for key in parsed.built:
            circle = _circle_from(parsed, key, behavior, done)
            if circle:
                use = next(use for use in parsed.built[circle[0]].dependencies if use.behavior is behavior)
                chain = " -> ".join(str(each) for each in (*circle, circle[0]))
                report.add("dependency-cycle", *_at(use.token), chain=chain)


def _check_depths(parsed: ParsedSite, report: ProblemReport) -> None:
    """Dependencies nested deeper than dep_recur_limit without being circles."""
    limit = parsed.site.settings.dep_recur_limit
    for behavior in (DependBehavior.ALERTS, DependBehavior.MONITOR):
        deep = {key for key in parsed.built if next(_parents(parsed.built, key, behavior), None) is not None}
        too_deep = deep
        level = 0
        while deep:
            further = {key for key in deep if not deep.isdisjoint(_parents(parsed.built, key, behavior))}
            level += 1
            if level <= limit + 1:
                too_deep = further
            if len(further) == len(deep):
                break
            deep = further
        circular = deep
        for key in sorted(too_deep - circular if level > limit else ()):
            use = next(use for use in parsed.built[key].dependencies if use.behavior is behavior)
            report.add("dependency-depth", *_at(use.token), limit=limit)


def _circle_from(
    parsed: ParsedSite, start: ServiceKey, behavior: DependBehavior, done: set[ServiceKey]
) -> tuple[ServiceKey, ...]:
    """The first circle that can be reached from a service; ``done`` are services already followed."""
    path: dict[ServiceKey, Iterator[ServiceKey]] = {}
    if start in done or not parsed.built[start].dependencies:
        return ()
    path[start] = _parents(parsed.built, start, behavior)
    while path:
        key = next(reversed(path))
        parent = next(path[key], None)
        if parent is None:
            done.add(key)
            del path[key]
        elif parent in path:
            keys = list(path)
            done.update(keys)
            return tuple(keys[keys.index(parent) :])
        elif parent not in done and parent in parsed.built:
            path[parent] = _parents(parsed.built, parent, behavior)
    return ()


def _parents(
    built: Mapping[ServiceKey, BuiltService], key: ServiceKey, behavior: DependBehavior
) -> Iterator[ServiceKey]:
    """The services that a service depends on, for one kind of dependency that is evaluated."""
    dependency = built[key].service.dependency(behavior)
    return iter(dependency.names if dependency is not None and dependency.expression is not None else ())


def _check_periods(parsed: ParsedSite, report: ProblemReport, year: int) -> None:
    """Periods that never match."""
    known: dict[str, tuple[int, str] | None] = {}

    def warn(spec: PeriodSpec, line: int, offset: int, what: str, advice: str) -> None:
        if spec.text not in known:
            known[spec.text] = impossible_part(spec, year)
        found = known[spec.text]
        if found is not None:
            start = max(0, report.source.logical_line(line).find(spec.text, offset))
            report.add("never-period", line, start + found[0], what=what, hint=found[1], advice=advice)

    excluded, token = parsed.site.settings.exclude_period, parsed.assignments.get("exclude_period")
    if excluded is not None and token is not None:
        warn(excluded, *_at(token), "exclude_period", "")
    for built in parsed.built.values():
        token = built.tokens.get("EXCLUDE_PERIOD")
        if built.service.exclude_period is not None and token is not None:
            warn(built.service.exclude_period, *_at(token), "exclude_period", "")
        for period in built.service.periods:
            warn(period.spec, period.line, 0, "period", "write 'none' if that is wanted")


def _check_exit_ranges(parsed: ParsedSite, report: ProblemReport) -> None:
    """Exit ranges that no result is in, and alerts that these leave without a call."""
    for built in parsed.built.values():
        for period in built.service.periods:
            if period.alertexitrange is not None or any(alert.exit_range for alert in period.alerts):
                _check_exit_ranges_of(period, report)


def _check_upalerts(parsed: ParsedSite, report: ProblemReport) -> None:
    """Upalerts of periods that never send an alert, which they would follow."""
    for built in parsed.built.values():
        for period in built.service.periods:
            ups = period.alerts_of(AlertKind.UPALERT)
            if ups and not period.no_comp_alerts and not period.alerts_of(AlertKind.ALERT):
                report.add("upalert-never", ups[0].line, 0)


def _check_exit_ranges_of(period: Period, report: ProblemReport) -> None:
    """The exit ranges of one period."""
    outer = period.alertexitrange
    if outer is not None and not _has_failures(outer):
        line = _line_of(report, period, "alertexitrange", outer)
        report.add("exit-never", line, _value_offset(report, line, outer), range=outer, hint=_swap_advice(outer))
    for alert in period.alerts:
        inner = alert.exit_range
        if inner is None:
            continue
        at = alert.line, _value_offset(report, alert.line, inner)
        if alert.kind is AlertKind.ALERT:
            if not _has_failures(inner):
                report.add("exit-never", *at, range=inner, hint=_swap_advice(inner))
            elif outer is not None and _has_failures(outer) and (inner.low > outer.high or inner.high < outer.low):
                report.add("exit-outside", *at, range=inner, outer=outer)
        elif 0 not in inner:
            report.add("exit-not-zero", *at, kind=alert.kind, range=inner)


def _has_failures(exits: ExitRange) -> bool:
    """Whether some failure has an exit value in a range."""
    return exits.low <= exits.high and exits.high > 0 and exits.low <= HIGHEST_EXIT


def _swap_advice(exits: ExitRange) -> str:
    """Advice for a range whose ends are swapped."""
    return f", and the smaller one comes first: {exits.high}-{exits.low}" if exits.low > exits.high else ""


def _line_of(report: ProblemReport, period: Period, keyword: str, value: object) -> int:
    """The line of a period's keyword with a value: the record does not keep it, so it is looked up in the text."""
    line = period.line
    for number in range(period.line + 1, report.source.count + 1):
        text = report.source.logical_line(number)
        if text.startswith(keyword) and text.endswith(str(value)):
            line = number
        elif split_blanks(text)[:1] in (["period"], ["service"], ["watch"]):
            break
    return line


def _value_offset(report: ProblemReport, line: int, value: object) -> int:
    """Where a value begins in a line, after its keyword."""
    text = report.source.logical_line(line)
    keyword_end = len(text) - len(text.lstrip("abcdefghijklmnopqrstuvwxyz"))
    return max(0, text.find(str(value), keyword_end))


def _check_alertafter(parsed: ParsedSite, report: ProblemReport) -> None:
    """``alertafter N TIME`` that failure_interval keeps from ever being reached."""
    for built in parsed.built.values():
        service = built.service
        if service.failure_interval is None or "MONITOR" not in built.tokens:
            continue
        for period in service.periods:
            if _is_out_of_reach(service, period):
                _report_alertafter(service, period, report)


def _is_out_of_reach(service: Service, period: Period) -> bool:
    """Whether N failures, one failure_interval apart, take as long as the time that they must fall in."""
    count, seconds, gap = period.alertafter_count, period.alertafter_time, service.failure_interval
    if count is None or seconds is None or gap is None or service.traptimeout is not None:
        return False
    return (count - 1) * gap >= seconds


def _report_alertafter(service: Service, period: Period, report: ProblemReport) -> None:
    """Report such an alertafter at its line."""
    count, seconds, gap = period.alertafter_count or 0, period.alertafter_time or 0.0, service.failure_interval or 0.0
    line = _line_of(report, period, "alertafter", "")
    hint = f"with failure_interval {format_duration(gap)}, {count} failures take {format_duration((count - 1) * gap)}"
    advice = f"give it more time than that, or fewer failures (it has {format_duration(seconds)})"
    report.add("alertafter-never", line, len("alertafter "), hint=hint, advice=advice)
