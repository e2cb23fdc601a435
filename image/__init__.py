"""Makes what the image holds; runs in the build stage of the Dockerfile only."""
