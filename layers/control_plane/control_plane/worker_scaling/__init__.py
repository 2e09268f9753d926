"""How many Celery workers there should be: what is observed, and the decision. Pure; the functions and the simulator share it."""
