"""What is left out of a request that becomes a shape, one kind a file."""
