"""Reference libraries: corpus, plan, states, folder, search."""
