"""What is known about written language, whatever the document: where sentences end, how it is spelt, and the like."""
