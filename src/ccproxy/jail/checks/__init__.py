"""What `ccproxy namespace doctor` looks at, a file for each family of checks."""
