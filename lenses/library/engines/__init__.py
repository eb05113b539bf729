"""Other people's search engines behind the door of our own."""
