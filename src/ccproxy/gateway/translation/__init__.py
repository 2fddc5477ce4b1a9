"""The translate step: a request of one format on its way to a provider of another, and the answer on its way back."""
