"""`ccproxy flows dump`, `export` and `import`."""
