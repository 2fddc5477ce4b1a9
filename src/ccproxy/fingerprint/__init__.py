"""What a TLS client looks like: its ClientHello read, named (JA3, JA4), kept, and looked like."""
