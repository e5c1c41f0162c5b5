"""Everything SQL: connections, migrations, and one class for each kind of thing stored."""
