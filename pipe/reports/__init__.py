"""What a run tells: each report is made from the same results."""
