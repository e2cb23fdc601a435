"""Simulate Bitbucket Cloud's deployment environments, on a local port or inside a test.

The simulator is independent of the pipe that is tested against it.
"""
