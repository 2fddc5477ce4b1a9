"""The way out: connections to providers, and what may go wrong on them."""
