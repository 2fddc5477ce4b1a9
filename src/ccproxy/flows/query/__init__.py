"""jq filters over summaries, in a process of their own."""
