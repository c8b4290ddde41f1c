"""The demo: a day of a voice assistant, measured without seeing anybody's day."""
