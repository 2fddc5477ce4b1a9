"""A request taken apart: parameters, system blocks, tools, messages."""
