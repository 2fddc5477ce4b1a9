"""HAR 1.2: flows as a file that browsers read, and such files as flows."""
