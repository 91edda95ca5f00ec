"""One module for a verb of the command line, besides the job itself."""
