"""The command line: one file per command; nothing here imports torch until a command needs it."""
