"""Words that name no subject: what was done, how, and what ties words together."""

from __future__ import annotations

import re

_EMPTY = frozenset(
    """a about above across adapt add added adding address addresses adds adjust after again against all allow
    allows also always an and another any apply are around as at avoid back backport be because been
    before being below better between both branch bring bug bugfix bump bumped bunch but by call calls
    can cannot careful case cases change changed changelog changes check clean cleanup close closed
    closes code comment comments commit commits convert copy correct correction correctly could cover
    create daily default demand did do doc docs does don done drop dropped during each either enable
    ensure ensures ensuring error even everything explicitly expose extend extra fail failed failing
    fails feedback few file files first fix fixed fixes fixing fixme fixup for forgot format formatting
    from full get gets give given go good got great had handle handled has have here hopefully hotfix how
    however i idea if ignore implement improve improved improvements in initial instead into introduce is
    isn issue issues it its just keep last later least less let like line lines lint linting little made
    main make makes making many master maybe mention merge merged minor misc missing modified more most
    mostly move moved much must my need needed needs never new news nit nits no not note nothing now
    number of off ok okay old on once one only onto ooops oops or order other our out over own part pass
    passes passing people per pin pinned please point points possible pr prefer prepare prevent previous
    probably proper properly pull put python quick raise re readme really reason reduce refactor
    refactored reformat refs related release released releases remaining remove removed removes removing
    rename renamed replace replaced request require required result return returns revert reverted
    reverts review rework reworked right round run runs s safe same scheduled second see set sets share shares should
    show simple simpler simplify since single sleep slightly small so some something sort specific
    specify start step still stop stuff such suggestion suggestions support supported supports sure t
    take test tested testing tests than thank thanks that the their them then there these they thing
    things third this those through time times tiny to todo too top try trying turn turned tweak tweaks
    two type typo typos under unless unnecessary until unused up update updated updates updating upgrade
    use used useful user uses using v various ve version versions very via wait want was way we weekly
    well were what when where whether which while who why will wip with within without words work working
    works would wrap write wrong yes yet you your""".split()
)
# "measured" says what became of a subject; "speed" and "feed" are subjects.
_PARTICIPLE = re.compile(r".{3,}[^e]ed")


def is_empty(word: str) -> bool:
    """Return whether a word, in small letters, says how something was done rather than to what."""
    return word in _EMPTY or _PARTICIPLE.fullmatch(word) is not None
