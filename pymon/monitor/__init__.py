"""How the daemon calls a monitor.

call          service, state, hosts → the Invocation of its monitor (pure)
"""
