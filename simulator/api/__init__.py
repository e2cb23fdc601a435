"""What each group of calls does: one module a resource, each a few handlers of one `Call`."""
