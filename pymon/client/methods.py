"""What both clients can be asked: the table of verbs."""

from __future__ import annotations

from pymon.client import commands
from pymon.client.method import Verb


class Verbs:
    """The methods that ``Client`` and ``AsyncClient`` share; each is described in ``pymon.client.commands``."""

    list_opstatus = Verb(commands.list_opstatus)
    list_failures = Verb(commands.list_failures)
    list_successes = Verb(commands.list_successes)
    list_warnings = Verb(commands.list_warnings)
    list_disabled = Verb(commands.list_disabled)
    list_alerthist = Verb(commands.list_alerthist)
    list_failurehist = Verb(commands.list_failurehist)
    list_debts = Verb(commands.list_debts)
    list_dtlog = Verb(commands.list_dtlog)
    list_pids = Verb(commands.list_pids)
    list_state = Verb(commands.list_state)
    list_watch = Verb(commands.list_watch)
    list_descriptions = Verb(commands.list_descriptions)
    list_deps = Verb(commands.list_deps)
    list_group = Verb(commands.list_group)
    list_views = Verb(commands.list_views)
    list_aliases = Verb(commands.list_aliases)
    list_aliasgroups = Verb(commands.list_aliasgroups)
    setview = Verb(commands.setview)
    getview = Verb(commands.getview)
    enable_watch = Verb(commands.enable_watch)
    disable_watch = Verb(commands.disable_watch)
    enable_service = Verb(commands.enable_service)
    disable_service = Verb(commands.disable_service)
    enable_host = Verb(commands.enable_host)
    disable_host = Verb(commands.disable_host)
    ack = Verb(commands.ack)
    set = Verb(commands.set)
    get = Verb(commands.get)
    set_maxkeep = Verb(commands.set_maxkeep)
    get_maxkeep = Verb(commands.get_maxkeep)
    test = Verb(commands.test)
    test_config = Verb(commands.test_config)
    clear = Verb(commands.clear)
    reset = Verb(commands.reset)
    reload = Verb(commands.reload)
    loadstate = Verb(commands.loadstate)
    savestate = Verb(commands.savestate)
    start = Verb(commands.start)
    stop = Verb(commands.stop)
    term = Verb(commands.term)
    servertime = Verb(commands.servertime)
    version = Verb(commands.version)
    protid = Verb(commands.protid)
    checkauth = Verb(commands.checkauth)
    login = Verb(commands.login)
    why = Verb(commands.why)
    json = Verb(commands.json)
