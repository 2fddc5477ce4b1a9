"""Conformance scenarios of the outside contract, one test named after each row, against the daemon as a process."""
