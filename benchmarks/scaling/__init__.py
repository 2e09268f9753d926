"""Worker scaling simulated: the deployed decision against what others do, on the same days of work."""
