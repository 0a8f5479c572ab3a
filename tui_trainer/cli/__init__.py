"""The command line: one thin file per group of commands; what is heavy is imported inside them."""
