"""The one-machine stack: a local AWS, a PostgreSQL, and ECS tasks that are processes."""
