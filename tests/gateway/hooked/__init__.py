"""Answers that pass through response hooks."""
