"""What makes a finding warn, or vanish: a line's comment, the deploy branch's allow-list, and what it has already."""
