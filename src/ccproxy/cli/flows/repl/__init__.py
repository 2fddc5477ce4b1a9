"""`ccproxy flows repl`."""
