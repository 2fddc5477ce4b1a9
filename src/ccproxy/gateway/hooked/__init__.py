"""Answers on their way through response hooks: streams and whole ones, translated or not."""
