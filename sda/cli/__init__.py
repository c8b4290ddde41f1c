"""The command line `sda`: commands read options, let an agent act, and print what came of it."""
