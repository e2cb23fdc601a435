"""Bitbucket's API: one module a resource, with a handler for each call."""
