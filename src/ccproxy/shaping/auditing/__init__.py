"""What should not be in files of shapes, one kind of file a module."""
