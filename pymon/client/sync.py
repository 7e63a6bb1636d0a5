"""The blocking client."""

from __future__ import annotations

from pymon.client.connection import Connection
from pymon.client.methods import Methods


class Client(Connection, Methods):
    """A client that waits for each answer; it is made and used as ``Connection`` says, and asked as ``Methods`` says.

    with Client("mon.example.org", username="joe", password=password) as mon:
        for status in mon.list_failures():
            print(status.group, status.service, status.last_summary)
    """
