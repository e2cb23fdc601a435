"""Everything that knows how Bitbucket Cloud talks.

From the wire up: `sockets` (waits that end), `pools` (connections), `http_client` (proxies and
certificates), `exchange` (one request, sent once), `attempts` (until its outcome is final),
`transport` (all requests of a run), `api` (one method for each call).
"""
