"""`ccproxy auth`: how the providers' credentials stand, and getting them anew."""
