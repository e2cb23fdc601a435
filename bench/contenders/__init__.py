"""What others would write for the same job; each is run as a program of its own."""
