"""Everything that knows how Bitbucket Cloud talks."""
