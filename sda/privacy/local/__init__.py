"""Local differential privacy, for comparison: each contributor randomises its own report and trusts nobody."""
