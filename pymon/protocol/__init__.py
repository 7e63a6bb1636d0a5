"""What server, clients and web share: mon's wire format, trap packets, and the status of a service."""
