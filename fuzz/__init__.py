"""Fuzz targets of the translation (docs/development.md)."""
