"""Listening sockets and the connections that come in on them."""
