"""What monitors have and alerts have not: how one is called, and what its author imports.

call          service, state, hosts → the Invocation of its monitor (pure)
sdk           what the author of a monitor imports
values        option values: ports, durations, counts
net           addresses and TCP connections that cannot block the event loop
oneshot_http  one HTTP request over one connection, behind httpx's transport interface
icmp          echo requests to many hosts over one socket
"""
