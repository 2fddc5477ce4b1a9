"""The capture jail: a command in namespaces of its own whose only way out is a WireGuard tunnel into the daemon.

Standard library and `cryptography` only; nothing here is imported by the daemon but `ticket`.
"""
