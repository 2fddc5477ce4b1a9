"""Gemini generateContent: requests, streams, whole answers and errors."""
