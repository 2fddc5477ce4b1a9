"""The web application of Perplexity: what it is asked, and the stream that it answers with. No client speaks it."""
