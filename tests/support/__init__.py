"""What black-box tests need: the daemon as a process, scripted upstreams, a client that keeps the exact bytes."""
