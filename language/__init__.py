"""What is known about written language, whatever the document: where sentences end, which lines belong together."""
