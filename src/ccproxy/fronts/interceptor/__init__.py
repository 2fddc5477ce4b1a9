"""mitmproxy in the daemon: the inspector. Nothing here imports mitmproxy before it is asked to."""
