"""`ccproxy namespace`: a look at the capture jail."""
