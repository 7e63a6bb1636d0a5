"""The commands of the protocol: a table of handlers, and what they share."""
