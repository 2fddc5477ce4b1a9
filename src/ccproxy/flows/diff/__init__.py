"""What is different: between two requests, and between what came and what was sent on."""
