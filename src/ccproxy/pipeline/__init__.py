"""The hook machinery: what a hook is, in which order hooks run, and what they see of a request or an answer."""
