"""One refresh: from a user's events to a profile and a foreword, as pure functions without store or clock."""
