"""Requests that are translated on their way, and their answers on the way back."""
