"""The tests: `support/` holds the fixtures' machinery, every other folder tests one room or one promise."""
