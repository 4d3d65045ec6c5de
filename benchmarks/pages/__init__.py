"""What a page costs with all recommended optimizations, beside pages that do almost nothing."""
