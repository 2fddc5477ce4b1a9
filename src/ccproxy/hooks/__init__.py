"""The built-in hooks, one a file."""
