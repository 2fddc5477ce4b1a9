"""What the daemon does for the archive: a queue, a thread, a process started when it is needed."""
