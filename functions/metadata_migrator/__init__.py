"""Brings Airflow's metadata database and its version together: once per deployment, and back again when that fails.

The handler takes CloudFormation's request and starts the state machine of stacks/metadata_migration.yaml, which asks it for
one step after the other (`steps`). An operator begins executions too, for a part of an upgrade (`request`).
"""
