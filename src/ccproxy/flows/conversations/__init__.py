"""Conversations as trees, out of what is known of each flow."""
