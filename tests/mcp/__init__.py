"""What MCP servers tell ccproxy."""
