from airflow import sdk


@sdk.dag
def report():
    pass


def make():
    return report()
