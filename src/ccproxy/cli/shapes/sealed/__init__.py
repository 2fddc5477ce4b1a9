"""A place on this machine from which nothing can leave it, and a client that is run there."""
