from team.pipeline import Pipeline

orders = Pipeline("orders").build()
