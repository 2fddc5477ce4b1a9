"""Flows as mitmproxy has them: for the inspector, and as files."""
