"""The parts of the carrier on libcurl. Nothing here is imported before a request needs it."""
