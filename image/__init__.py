"""Assemble the contents of the image; runs in the build stage of the Dockerfile only."""
