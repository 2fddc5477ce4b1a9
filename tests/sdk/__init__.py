"""The vendors' own SDKs through the daemon against the embedded simulator."""
