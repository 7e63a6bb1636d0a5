"""The blocking client."""

from __future__ import annotations

from pymon.client.connection import Connection
from pymon.client.methods import Verbs


class Client(Connection, Verbs):
    """A client that waits for each answer; it is made and used as ``Connection`` says, and asked as ``Verbs`` says.

    with Client("mon.example.org", username="joe", password=password) as mon:
        for status in mon.list_failures():
            print(status.group, status.service, status.last_summary)
    """
