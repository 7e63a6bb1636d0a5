"""The query path: what clients and trap senders say, and what they are answered."""
