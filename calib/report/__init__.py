"""Results as one page that is seen: figures drawn as SVG, tables, the verdict, and what made them."""
