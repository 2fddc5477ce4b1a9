"""`ccproxy flows conversations`."""
