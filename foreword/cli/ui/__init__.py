"""`foreword ui`: the page on which operators see what is known, why, and how it does, and mend what is wrong."""
