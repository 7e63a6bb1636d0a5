"""The lists of what mon.cf declares: watches, hostgroups, dependencies, aliases, views; and of what is disabled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pymon.model.depend import Dependency, ServiceKey
from pymon.model.service import Alias
from pymon.protocol.wire import escape, quote
from pymon.server.commands import views
from pymon.server.commands.context import CommandContext, split_all
from pymon.server.commands.listing import Listing, ListResult
from pymon.server.commands.reply import CommandReply


def watch(context: CommandContext) -> ListResult:
    """``list watch``."""
    keys = [key for key, _ in views.services(context)]
    return Listing(
        "220 list watch completed",
        (f"{group} {service}" for group, service in keys),
        (_key_fields(key) for key in keys),
    )


def descriptions(context: CommandContext) -> ListResult:
    """``list descriptions``; the line of a service without one ends after a blank."""
    services = list(views.services(context))
    return Listing(
        "220 list descriptions completed",
        (f"{key.group} {key.service} {escape(of.description or '', quoted=True)}" for key, of in services),
        (_key_fields(key, description=of.description) for key, of in services),
    )


def group(context: CommandContext) -> ListResult:
    """``list group G``: its hosts, those that are disabled with a ``*``."""
    hostgroup = context.snapshot.site.hostgroups.get(context.arguments)
    if hostgroup is None:
        return CommandReply("520 list group error, undefined group")
    hosts = [f"*{host.name}" if host.disabled else host.name for host in hostgroup.hosts]
    value = {
        "group": hostgroup.name,
        "hosts": [{"host": host.name, "disabled": host.disabled} for host in hostgroup.hosts],
    }
    line = " ".join(("hostgroup", hostgroup.name, *hosts))
    return Listing("220 list group completed", (line,), (value,), is_array=False)


def deps(context: CommandContext) -> ListResult:
    """``list deps``: each ``depend`` and the services it names. With a view its services, in mon none (P-deps-view)."""
    services = [(key, of.depend) for key, of in views.services(context)]
    return Listing("220 list deps completed", _dep_lines(services), (_dep_item(*each) for each in services))


def list_views(context: CommandContext) -> ListResult:
    """``list views``; the closing line is that of the groups, as in mon."""
    declared = context.snapshot.site.views
    return Listing(
        "220 list group completed",
        ("views " + " ".join(sorted(declared)),),
        [{"view": name, "entries": declared[name].entries} for name in sorted(declared)],
    )


def aliases(context: CommandContext) -> ListResult:
    """``list aliases``, ``list aliases A…``: what is unknown is listed without lines.

    An alias without lines is as good as unknown, as in mon.
    """
    declared = context.snapshot.site.aliases
    names = split_all(context.arguments) or _find_aliases_with_lines(declared)
    found = [declared.get(name, Alias(name)) for name in names]
    return Listing(
        "220 list aliases completed",
        (line for alias in found for line in (f"alias {alias.name}", *alias.lines, "")),
        ({"alias": alias.name, "lines": alias.lines} for alias in found),
    )


def aliasgroups(context: CommandContext) -> ListResult:
    """``list aliasgroups``: the names of the aliases on one line."""
    names = _find_aliases_with_lines(context.snapshot.site.aliases)
    return Listing("220 list aliasgroups completed", (" ".join(names),) if names else (), names)


def _find_aliases_with_lines(aliases: Mapping[str, Alias]) -> list[str]:
    return [name for name, alias in aliases.items() if alias.lines]


def disabled(context: CommandContext) -> ListResult:
    """``list disabled``: hosts by group, then watches and services."""
    site, snapshot, seen = context.snapshot.site, context.snapshot, views.view_filter(context)
    hosts = {name: [host.name for host in site.hosts(name) if host.disabled] for name in site.hostgroups}
    shown = {name: members for name, members in hosts.items() if members and seen.has_watch(name)}
    watches = [name for name in site.watches if name in snapshot.disabled_watches and seen.has_watch(name)]
    services = {
        name: [each.key for each in of.services if each.key in snapshot.disabled_services and seen.has(each.key)]
        for name, of in site.watches.items()
    }
    value = {
        "hosts": [{"group": name, "hosts": members} for name, members in shown.items()],
        "watches": watches,
        "services": [_key_fields(key) for keys in services.values() for key in keys],
    }
    lines = [f"group {name}: {' '.join(members)}" for name, members in shown.items()]
    whole = frozenset(watches)
    for name, keys in services.items():
        lines += [f"watch {name}"] if name in whole else []
        lines += [f"watch {name} service {key.service}" for key in keys]
    return Listing("220 list disabled completed", lines, (value,), is_array=False)


def _key_fields(key: ServiceKey, **further: object) -> dict[str, object]:
    return {"group": key.group, "service": key.service, **further}


def _dep_lines(services: Iterable[tuple[ServiceKey, Dependency | None]]) -> Iterator[str]:
    for key, depend in services:
        expression = "'NONE'" if depend is None else quote(depend.text)
        components = "NONE" if depend is None else " ".join(map(str, depend.names))
        yield f"exp {key.group} {key.service} {expression}"
        yield f"cmp {key.group} {key.service} {components}"


def _dep_item(key: ServiceKey, depend: Dependency | None) -> Mapping[str, object]:
    components = [] if depend is None else [_key_fields(name) for name in depend.names]
    return _key_fields(key, expression=None if depend is None else depend.text, components=components)
