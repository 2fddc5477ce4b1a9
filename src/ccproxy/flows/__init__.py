"""The record of what passed: the store of exchanges and the ways to read one."""
