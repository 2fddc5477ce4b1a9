"""The process that writes the archive."""
