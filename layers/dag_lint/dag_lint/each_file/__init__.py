"""What is found in each file by itself: by the lint's own rules and by Ruff's, and what is known of it from before."""
