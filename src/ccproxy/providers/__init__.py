"""The map of providers: who they are, where they live, which paths they speak."""
