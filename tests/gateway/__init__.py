"""The gateway's steps, each by itself."""
