"""The ways in: the reverse listener, the inspector and the control plane."""
