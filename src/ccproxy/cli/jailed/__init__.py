"""`ccproxy run --inspect`."""
