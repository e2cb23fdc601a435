"""The state of the simulated Bitbucket."""
