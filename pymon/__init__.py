"""pymon: a drop-in replacement for mon, a plugin platform, and a Linux Virtual Server director."""

__version__ = "0.1.0"
