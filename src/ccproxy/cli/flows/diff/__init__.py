"""`ccproxy flows diff`."""
