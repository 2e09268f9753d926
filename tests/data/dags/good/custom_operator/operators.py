"""An operator of our own."""

from airflow.sdk import BaseOperator


class CountRows(BaseOperator):
    template_fields = ("table",)

    def __init__(self, *, table: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.table = table

    def execute(self, context) -> int:
        return len(self.table)
