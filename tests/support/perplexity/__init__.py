"""A stand-in for Perplexity's web application on the loopback interface (see `server`)."""
