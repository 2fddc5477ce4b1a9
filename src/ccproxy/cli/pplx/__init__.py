"""`ccproxy pplx`: threads and quota of a Perplexity account."""
