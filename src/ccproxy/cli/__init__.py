"""The command line: one module a command, loaded when it is run. Commands parse, call and print."""
