"""What faces out: the command line and HTTP."""
