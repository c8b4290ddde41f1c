"""The cryptography of the protocol: pure functions, no chain, no files, no clock."""
