"""Publish a result to Bitbucket: Code Insights and pull-request comments."""
