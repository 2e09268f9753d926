"""Real upgrades on the local stack: what runs meanwhile, what is kept, and what becomes of a broken one."""
