"""Credentials: found in a flow, taken out of it, and put back."""
