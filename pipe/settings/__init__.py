"""What a run was asked to do, read from variables and, perhaps, a configuration file."""
