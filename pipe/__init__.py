"""Bitbucket Environment: keeps the deployment environments of Bitbucket Cloud as declared."""
