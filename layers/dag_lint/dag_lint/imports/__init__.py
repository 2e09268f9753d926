"""What an import of the DAG files shows: how it is asked for, and what follows from the answer."""
