"""The archive: what passed, kept on disk, read whether a daemon runs or not."""
