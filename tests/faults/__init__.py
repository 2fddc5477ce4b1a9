"""What can go wrong on the way to a provider, made to happen: as tests, and as a table (`python -m tests.faults`)."""
