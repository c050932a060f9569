"""Runs the migrations on the connection it is handed, inside the transaction that is already open there."""

from alembic import context

from labelwatch.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.shop.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
