"""Where a flow belongs: which former one its conversation continues."""
