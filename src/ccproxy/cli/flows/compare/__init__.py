"""`ccproxy flows compare`."""
