"""What happens to an exchange between a front and the transport, whichever front it came through."""
