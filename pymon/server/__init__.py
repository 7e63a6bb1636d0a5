"""The query path: commands of clients and their answers, and traps."""
