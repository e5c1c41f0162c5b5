"""How nodes tell each other what happened: the Bus, and who is online where."""
