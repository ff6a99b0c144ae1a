"""Which names touch what nobody should read about a user unasked: health, money, sexuality, religion, politics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias, get_args

from foreword.topics import topic_key

Sensitive: TypeAlias = Literal["health", "money", "sexuality", "religion", "politics"]

SENSITIVE: tuple[Sensitive, ...] = get_args(Sensitive)
"""All kinds of sensitive names."""

# Words that are sensitive wherever they stand in a name. `word*` is any word that begins so, `a+b` are words in a row;
# what stands in a script that writes words together is looked for anywhere. English at length, core words of some 14
# others. Left out are words that more often mean something else: patient, stroke, inheritance, voting, party, faith.
_LISTS: dict[Sensitive, str] = {
    "health": """
        health healthcare illness* disease* sick sickness symptom* diagnosis diagnoses medical medicine* medication*
        medicament* hospital* clinic clinics surgery surgical surgeon* patients prescription* pharmac* vaccin*
        antidepressant* antibiotic* insulin dialysis chemo chemotherap* radiotherap* therapy therapies therapist*
        psychotherap* psychiatr* counselling cancer* tumor* tumour* leukemia leukaemia lymphoma diabet* hiv aids
        asthma allerg* epileps* epileptic* dementia alzheimer* parkinson's parkinsons parkinson multiple+sclerosis
        heart+attack* heart+disease* heart+failure blood+pressure blood+sugar hypertension cholesterol hepatitis
        herpes arthritis migraine* insomnia sleep+apnea covid* obesity obese weight+loss eating+disorder* anorexi*
        bulimi* depression depressed depressive anxiety panic+attack* burnout adhd autis* asperger* bipolar
        schizophren* ptsd suicid* self+harm addict* alcoholi* rehab mental+health public+health health+care
        health+insurance reproductive+health drug+abuse substance+abuse opioid* overdose pregnan* infertil*
        fertility ivf miscarriage* abortion* contracept* menopause menstrua* disabilit* wheelchair* chronic+pain
        mental+hygiene fibromyalgia endometriosis lupus gesundheit* krankheit* krankenhaus schwanger* krebs sucht
        arzt ärztin medikament* depressionen therapie santé maladie* grossesse médicament* médecin* hôpital
        dépression salud enfermedad* embarazo* médico* medicamento* cáncer depresión salute malattia malattie
        gravidanza medico saúde doença* gravidez depressão gezondheid ziekte* zwanger* ziekenhuis zdrowie choroba
        choroby ciąża здоровье болезнь болезни беременность больница рак лекарства депрессия здоров'я хвороба sağlık
        hastalık gebelik hamilelik صحة مرض سرطان سكري حمل اكتئاب בריאות מחלה סרטן 健康 疾病 癌症 医院 怀孕 懷孕 抑郁
        抑鬱 糖尿病 病気 妊娠 うつ病 病院 건강 질병 임신 우울증 병원
    """,
    "money": """
        money personal+finance finance finances financial debt debts indebted loan loans mortgage* bankruptcy
        bankrupt insolven* salary salaries wage wages income incomes payday paycheck* pension pensions retirement
        savings wealth poverty welfare budgeting credit+score* credit+rating* credit+card* credit+report*
        bank+account* banking overdraft* tax taxes taxation investing investment* investor* stocks stock+market
        stock+trading day+trading brokerage gambling gamble gambler* casino* betting lottery food+stamps
        unemployment alimony child+support net+worth foreclosure* repossession garnishment debt+collector* 401k geld
        schulden kredit* gehalt lohn hypothek* rente steuer steuern insolvenz* finanzen vermögen arbeitslosengeld
        argent dette dettes salaire salaires hypothèque* faillite impôt impôts retraite finances dinero deuda deudas
        salario salarios sueldo hipoteca* quiebra impuesto impuestos jubilación finanzas soldi debito debiti
        stipendio mutuo fallimento tasse finanze dinheiro dívida dívidas salário hipoteca falência schuld salaris
        hypotheek faillissement belasting pensioen pieniądze dług długi pensja podatki emerytura деньги долг долги
        зарплата кредит ипотека банкротство налог налоги пенсия гроші борг зарплатня borç maaş kredi iflas vergi
        emeklilik مال ديون راتب قرض إفلاس כסף חובות משכורת משכנתא 贷款 貸款 债务 債務 工资 工資 薪水 破产 破產 理财
        理財 借金 給料 年収 破産 住宅ローン 대출 월급 빚 파산
    """,
    "sexuality": """
        sex sexual* sexuality sexting gay gays lesbian* bisexual* homosexual* asexual* pansexual* transgender*
        transsexual* transvestite* lgbt* queer nonbinary gender+identity gender+dysphoria sexual+orientation porn
        porno pornograph* erotic erotica erotik* nsfw onlyfans fetish* bdsm kink kinky swinger* hookup* nudity
        libido viagra erectile prostitut* sex+toy* adult+toys adult+entertainment adult+content dildo* vibrator*
        masturbat* orgasm* grindr drag+queen* coming+out+story sexualität schwul lesbisch homosexualité sexualité
        lesbienne* sexo sexualidad lesbiana* homosexualidad sesso sessualità omosessuale* lesbica sexualidade
        lésbica* seks seksualiteit homoseksu* seksualność gej секс сексуальность гей лесбиянка порно eşcinsel*
        cinsellik جنس مثلي إباحية מין הומו לסבית 同性恋 同性戀 色情 性取向 性爱 性愛 同性愛 アダルト 性的 동성애
        성생활
    """,
    "religion": """
        religio* church churches mosque* synagogue* christian* catholic* protestant* evangelical* baptist*
        methodist* lutheran* anglican* mormon* pentecostal* islam* muslim* moslem* sunni shia shiite* sufi* judaism
        jewish jew jews hindu* buddhis* sikh* atheis* agnosticism pagan* wicca* bible biblical quran qur'an koran
        torah talmud prayer* praying worship* pastor* rabbi rabbis imam* pope theolog* jehovah* scientolog* sharia hajj
        rabbinic* halal kosher ramadan baptism* bar+mitzvah bible+study jesus allah gospel+music spirituality astrology
        kirche* glaube christen christlich* katholisch* evangelisch* jüdisch* gebet* gottesdienst* église*
        catholique* juif juive juifs musulman* prière* chrétien* iglesia* católic* judío* musulmán* oración
        cristian* chiesa cattolic* ebre* preghiera igreja* católico* judeu* muçulman* kerk geloof moslim* joods
        kościół wiara katolic* modlitwa религия церковь христиан* ислам мусульман* православ* молитва иудаизм
        релігія церква din cami hristiyan* müslüman* namaz kilise دين مسجد إسلام صلاة مسيحي كنيسة דת כנסת תפילה
        נצרות 宗教 教会 教會 基督教 伊斯兰 佛教 祈祷 祈禱 キリスト教 イスラム 仏教 祈り 종교 교회 기독교 불교 이슬람
    """,
    "politics": """
        politic* geopolitic* election* electoral voter voters voting+rights democrat democrats republican* gop tory
        tories labour+party labor+party green+party conservative+party liberal+party socialis* communis* marxis*
        fascis* nazi* anarchis* populis* nationalis* libertarian* left+wing right+wing far+right far+left alt+right
        parliament* senate senator* congressman congresswoman impeachment activis* trade+union* labor+union*
        labour+union* union+membership immigration refugees asylum+seeker* gun+control gun+rights pro+life
        pro+choice feminis* brexit maga antifa black+lives+matter lobbying partisan* referendum* politik* wahl
        wahlen partei parteien bundestag bundestagswahl gewerkschaft* afd spd cdu politique* élection*
        parti+politique syndicat* política* político* elecciones partidos sindicato* politica politiche elezioni
        partito sindacato eleição eleições partido verkiezing* politiek* vakbond* polityka polityczn* wybory
        политик* выборы партия политика політика вибори siyaset siyasi seçim seçimler parti سياسة انتخابات حزب
        פוליטיקה בחירות מפלגה 政治 选举 選舉 政党 政黨 共产党 共產黨 選挙 정치 선거 정당
    """,
}
# Where engineers use the same words.
_HARMLESS = (
    "health+check health+checks health+checker health+probe health+probes health+endpoint health+status"
)

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PLAIN = re.compile(r"[\w\s'-]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The first letter of the scripts that write words together or join them to their endings: Thai, Han, kana, Hangul.
_TOGETHER = re.compile(r"[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class _Rules(NamedTuple):
    """A list, ready to be looked up."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    rows: Mapping[str, Sequence[tuple[str, ...]]]
    """Words in a row, by the first of them."""
    pieces: tuple[str, ...]

    def hold(self, name: str, words: tuple[str, ...]) -> bool:
        return (
            not self.words.isdisjoint(words)
            or any(word.startswith(self.beginnings) for word in words)
            or any(
                _begins_with(row, words[place:])
                for place, word in enumerate(words)
                for row in self.rows.get(word, ())
            )
            or any(piece in name for piece in self.pieces)
        )


class SensitiveNames:
    """Tells which names are kept out of texts.

    Args:
        kinds: The kinds of sensitive names that are.
        denied: The operator's own: a name that holds all words of one in a row, whatever their case and separators.
            One with other marks, such as `C#`, is only ever the whole name.
    """

    def __init__(self, kinds: Iterable[Sensitive] = SENSITIVE, denied: Iterable[str] = ()) -> None:
        self._kinds = frozenset(kinds)
        self._denied, self._denied_whole = _denied_rules(tuple(denied))

    def hold(self, raw: str) -> bool:
        """Return whether a word of activity is one of them."""
        if not self._kinds.isdisjoint(_kinds_of(raw)):
            return True
        if self._denied_whole and topic_key(raw) in self._denied_whole:
            return True
        return bool(self._denied.rows or self._denied.pieces) and self._denied.hold(*_read(raw))


@lru_cache(maxsize=16_384)
def _kinds_of(raw: str) -> frozenset[Sensitive]:
    """Return the kinds of sensitive names that a word of activity belongs to."""
    name, words = _read(raw)
    for row in _harmless():
        words = _without(row, words)
    return frozenset(kind for kind, rules in _lists().items() if rules.hold(name, words))


def _read(raw: str) -> tuple[str, tuple[str, ...]]:
    """Return a name in small letters, and its words."""
    plain = _HUMPS.sub(" ", unicodedata.normalize("NFKC", raw).replace("\u2019", "'"))
    plain = "".join(mark for mark in plain if unicodedata.category(mark) != "Cf").casefold()
    return plain, tuple(_WORD.findall(plain))


def _rules(entries: Iterable[str]) -> _Rules:
    words: set[str] = set()
    beginnings: list[str] = []
    pieces: list[str] = []
    rows: dict[str, list[tuple[str, ...]]] = {}
    for entry in entries:
        if _TOGETHER.search(entry):
            pieces.append(entry)
        elif "+" in entry:
            row = tuple(entry.split("+"))
            rows.setdefault(row[0], []).append(row)
            # Tags are written without spaces.
            joined = entry.replace("+", "")
            if joined.endswith("*"):
                beginnings.append(joined[:-1])
            else:
                words.add(joined)
        elif entry.endswith("*"):
            beginnings.append(entry[:-1])
        else:
            words.add(entry)
    return _Rules(frozenset(words), tuple(beginnings), rows, tuple(pieces))


@lru_cache(maxsize=1)
def _lists() -> dict[Sensitive, _Rules]:
    return {kind: _rules(entries.split()) for kind, entries in _LISTS.items()}


@lru_cache(maxsize=1)
def _harmless() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row.split("+")) for row in _HARMLESS.split())


@lru_cache(maxsize=256)
def _denied_rules(denied: tuple[str, ...]) -> tuple[_Rules, frozenset[str]]:
    """Return the rules for entries of plain words, and the others by `topic_key`."""
    whole: set[str] = set()
    pieces: list[str] = []
    rows: dict[str, list[tuple[str, ...]]] = {}
    for entry in denied:
        name, words = _read(entry)
        if _TOGETHER.search(name):
            pieces.append(name.strip())
        elif words and _PLAIN.fullmatch(name):
            rows.setdefault(words[0], []).append(words)
            rows.setdefault("".join(words), []).append(("".join(words),))
        else:
            whole.add(topic_key(entry))
    return _Rules(frozenset(), (), rows, tuple(pieces)), frozenset(whole)


def _begins_with(row: tuple[str, ...], words: tuple[str, ...]) -> bool:
    found = words[: len(row)]
    if len(found) < len(row) or found[:-1] != row[:-1]:
        return False
    return found[-1].startswith(row[-1][:-1]) if row[-1].endswith("*") else found[-1] == row[-1]


def _without(row: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    for start in range(len(words) - len(row) + 1):
        if words[start : start + len(row)] == row:
            return words[:start] + words[start + len(row) :]
    return words
