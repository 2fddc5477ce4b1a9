"""`ccproxy flows`: a module a command."""
