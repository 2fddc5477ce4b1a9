"""The embedded provider: its answers as values, and as a process under the vendors' own SDKs."""
