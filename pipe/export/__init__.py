"""Export existing environments as a configuration file."""
