"""Secrets out of what is shown: logs, histories, answers to clients, alerts.

command_words  what looks like a secret among the words of a command, or in what a program says of them
known_secrets  a secret that is known, in any form in which a server may repeat it
"""

MASK = "***"
"""what stands for a secret"""
