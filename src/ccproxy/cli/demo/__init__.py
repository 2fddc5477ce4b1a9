"""`ccproxy demo`: the whole program at work in a second, with a simulated provider and without an account."""
