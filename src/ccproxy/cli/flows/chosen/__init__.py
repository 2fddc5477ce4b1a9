"""The flows that a command is about, wherever they are."""
