"""Tests of the Gemini format."""
