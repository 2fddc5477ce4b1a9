"""An exchange in parts that can be kept and sent."""
