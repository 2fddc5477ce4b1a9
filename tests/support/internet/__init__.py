"""An internet of the test's own: every name has an address, and every address answers. Runs as one process."""
