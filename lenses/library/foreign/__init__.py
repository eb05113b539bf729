"""Libraries in the layouts of other projects, read and written without running code from them."""
