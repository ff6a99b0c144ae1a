"""Common English words that every tokenizer holds whole; data of `foreword.tokens`."""

from __future__ import annotations

COMMON_WORDS = frozenset(
    """
    able about accept acceptance access action actions active activity actor actually add added adding
    additional adds adventure advice after again against age agent ago alive all allow allowed already also
    always amazing and animation annotations another answer answers any anything apache api app apply
    appreciate apps architecture are area areas argument around art async attempt attribute auto avoid away
    awesome azure back backend background bad badge balance base based basic basketball batch beat beautiful
    beauty been before being believe best beta better between big bin bit black blast block blue body bond
    book books both break brief bring broken broker budget bug build built business busy but byte bytes cache
    call callback calls calm camping can cannot canvas care case catch chain change changed changes charts
    check checked checking children chord city class classes clean cleanup cli client clients clock close
    cloud code column columns com come comedy comfort coming command comment commit common community
    components compose computed concepts concurrency confidence config configuration configured connecting
    connection connections connector content context contributors control convert cool copy core correct cost
    could count counts court coverage crazy create creation crime csv current currently custom cute dance data
    database date day days dead debug deep default defaults definitely delete demo dependencies dependency
    depends deploy deprecated deps depth description design detail detailed details dev developer did
    difference different disable discussions display django doc docker docs document documentary documentation
    does dog dogs doing don done down download drama dreams drop due duplicate during each embedding empty end
    energy engineer engines enjoy entity env environment error errors escape eta even event events ever every
    everyone everything evidence example examples exception execute execution experience explain explicit
    express extra extras fails failure fallback family fantasy far fashion favorite feast feat feature
    features feel feeling felt few fiction field fields file files film filters final find finding first fix
    fixed fixture flag flash focus food for foreign forget format forward found free freeze fresh friends from
    frontend full fun function functions future game games garden generator get gets getting git github give
    glad go goals going good google got grammar great group growing grpc had handle handler handlers handling
    happiness happy hard has have haven having header headers health hear help helping helps her here hey high
    hiking historical history hit home hook hope horror hours how html http https hub ideas ids image impact
    implement implementation import important imports improve improvements include incredible index info infra
    init initial insert inspired install installed instance instead instructions integration interest
    interested interesting interval into invalid issue issues its java javascript job jobs john jon journey
    joy json just keep keeps key keys kids kill kind know known label labels language last latest learn
    learning ledger less let level levels library life like likes limit limits line lines link links lint list
    lite little load loader local lock log logger logging login long longer look looking looks loop lost lot
    love loved low luck lucky machine made main make makes making man many map maria mark marks master max may
    maybe mean means measured meet mel memories memory message messages metadata method methods mind miss
    missing mobile mode model models modified module moment moments month more most mostly move moved moves
    movie moving much multi music musical must myself mystery name named names namespace nate native nature
    need needed needs network never new news next nice night non none not note notes nothing now number object
    objects off offline often once one ones online only open opening option optional options order ordered
    other others our out output over overview own package packages page pages painting parameter parameters
    params parent park parse parsing part party pass passing passion past path peace people pep per perfect
    performance permission person pets photo pic pick picture pin pip place plan plans play playing plugin
    plugins plus polish politics port positive possible posting pre prefer prefix prepare pretty preview
    problem process processors profile profiles progress project prompt proto provider providers public
    publish push put python queries query queue queues ranking rate rates reach reactor read reader reading
    reads ready real really reason recently recipes records redis reference refresh refs reject related
    release remember reminder remove removed rename render rendering replace report repository request require
    required requirements resource resources response responses restore result results retries retrieval retry
    return review revision right romance root row rows rst run running runs rust safe same say scheduler
    schema sci science script scripts sdk search searches second sections security see seeing seen segment
    segments self send sentence server service serving session set sets setting settings setup share shared
    sharing she shell shopper short should show shutdown side signal signature simple since skip slim small
    smoke socket software some someone something soon sorry sort sounds source sources space spark special
    split sports spot sql src start started state static status stay staying step still stop storage store
    stored stories story stream streaming strength stress strict string strong studio stuff style success such
    suite super support supported supporting supports sure sweet sync system table tables tags take taken
    takes taking talk target targets task tasks team technology tell template templates temporal term test
    testing tests text than thanks that the their them then there these they thing things think third this
    those thought threads thriller through tim time timeout times timestamp together token tokens too took
    tool tools top topics totally tough tox trace transaction travel treat trigger triggers trip true try
    trying two txt type typed types unary under unit unix unknown until unused update updated updating upgrade
    url urls usage use used user users uses using usually utils validation value values variable version
    versions very via view views wait walk want wanted wants war warning was watches watching way web week
    weekend well went were western what when where which while who why wild will window with without won words
    work worker workflow working works world worth would wow wrapper write writes writing written wrong yaml
    yeah year yep yesterday you your yourself
    """.split()
)
"""Words that are a single o200k token with a space before them, most of them capitalised too: the most frequent
such words of commit subjects, film titles and chat, and those that forewords are made of."""
