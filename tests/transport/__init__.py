"""The way out, against real servers on real loops."""
