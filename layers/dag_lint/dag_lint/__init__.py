"""What a folder of DAGs must hold to be published: one library behind the push gate, `farflow-lint` and pre-commit."""
