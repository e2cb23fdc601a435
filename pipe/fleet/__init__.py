"""Handle one or many repositories in one run."""
