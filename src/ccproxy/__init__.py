"""One local daemon through which any LLM client's traffic can pass, be seen, be changed and be accounted for."""

__version__ = "2.0.0.dev0"
