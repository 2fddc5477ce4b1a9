"""`ccproxy hooks`: seeing, checking, trying and writing hooks."""
