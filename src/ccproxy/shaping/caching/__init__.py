"""Shape hooks for cache marks: `ccproxy.shaping.caching.strip` and `ccproxy.shaping.caching.insert`."""
