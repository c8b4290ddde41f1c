"""One whole round of many contributors, really made, sent, summed and checked on a chain; see `make bench-250k`."""
