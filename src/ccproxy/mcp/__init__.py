"""Model Context Protocol: what ccproxy tells agents, and what their tools tell it."""
