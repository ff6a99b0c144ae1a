"""Which topics of a namespace may mean the same: looked for by rule, by what they stand beside, and by vectors."""
