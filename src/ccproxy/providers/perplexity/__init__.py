"""What Perplexity's web application has beside its answers: uploads, threads, quota."""
