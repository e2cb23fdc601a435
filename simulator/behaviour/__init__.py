"""Switches: the ways in which Bitbucket may behave."""
