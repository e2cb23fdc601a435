"""Reports of a run: the log, files, and what later pipes and steps get."""
