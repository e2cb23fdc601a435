"""A Bitbucket Cloud for deployment environments, on a local port or inside a test.

It is a product of its own: it knows nothing of the program that is tested against it.
"""
