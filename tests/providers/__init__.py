"""The providers map: endpoints, targets, sentinels."""
