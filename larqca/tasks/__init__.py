"""Tasks: what an automaton is asked to do, its targets and its losses."""
