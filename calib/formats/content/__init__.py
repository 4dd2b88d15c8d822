"""What is in a file, whatever it means: text, tables, arrays, plain data, each read once and bounded."""
