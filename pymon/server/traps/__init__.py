"""Traps: received, checked, and handed to the engine."""
