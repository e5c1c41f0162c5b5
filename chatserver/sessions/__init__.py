"""The connections of this node: what each has asked, is owed and has been given."""
