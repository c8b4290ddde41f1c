"""The command line: `sda …`. Each command reads its options, calls a role's agent and prints what came of it."""
