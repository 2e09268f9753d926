from airflow.sdk import DAG

PART = "a_name_of_thirty_two_characters_"
report = DAG(PART + PART + PART + PART + PART + PART + PART + PART, schedule=None)
