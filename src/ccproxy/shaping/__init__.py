"""Shaping: a request in the envelope of the user's own client, as captured."""
