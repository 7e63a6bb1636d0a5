"""Talking to a mon server: the library, and the commands built on it."""
