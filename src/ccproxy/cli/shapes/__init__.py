"""`ccproxy shapes`."""
