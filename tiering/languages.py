"""What shows in languages other than English that a question is somebody's, of the moment, or anybody's."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Language(NamedTuple):
    """How one language asks; all patterns read small letters.

    Attributes:
        scripts: The first words of the Unicode names of its letters.
        asker: What the asker says of themselves.
        now: What is of the moment.
        pointing: What means something said before.
        anybodys: How a question begins, or ends, that is everybody's.
        how: How one begins that says "I" and means anybody; with it go words for "my".
    """

    scripts: frozenset[str]
    asker: re.Pattern[str]
    now: re.Pattern[str]
    pointing: re.Pattern[str]
    anybodys: re.Pattern[str]
    how: re.Pattern[str] | None = None


def _language(
    scripts: str, asker: str, now: str, pointing: str, anybodys: str, *, how: str = "", own: str = ""
) -> Language:
    found = frozenset(scripts.split())
    # Han and kana stand without spaces between words.
    end = "" if "CJK" in found else r"\b"

    def any_of(words: str) -> re.Pattern[str]:
        return re.compile(rf"{end}(?:{'|'.join(words.split()).replace('_', ' ')}){end}")

    begins = "|".join(anybodys.split()).replace("_", " ")
    anybody = begins if "CJK" in found else rf"^(?:{begins})(?!\w)"
    begins = "|".join(how.split()).replace("_", " ")
    owned = rf"^(?:{begins})\b(?:(?:(?! (?:{own})\b).)*? (?:{own})\b)?"
    return Language(
        found,
        any_of(asker),
        any_of(now),
        any_of(pointing),
        re.compile(anybody),
        re.compile(owned) if how else None,
    )


# Many of these languages leave out "I", so that no word shows whose order is asked for. Hence only what asks what
# something is, or how one does it, is anybody's. An underscore stands for a space.
LANGUAGES = {
    "de": _language(
        "LATIN",
        r"ich mich mir mein\w* wir uns unser\w*",
        r"""heut\w* jetzt gerade aktuell\w* morgen gestern momentan derzeit\w* neuest\w* nächst\w* letzt\w* diese[rsn]?
        noch inzwischen bald vorhin soeben""",
        r"er sie (?<!gibt_)es ihn ihm ihnen das_da dies jene\w* dort davon dazu damit darauf",
        r"""was_(?:ist|sind|bedeutet|bedeuten|kostet|kosten|heißt|passiert|macht)
        wie_(?:kann|soll|muss|lange|viel|viele|oft|funktioniert|hoch|wird|werden|lautet) wer_(?:darf|kann|ist)
        wo_(?:kann|finde) warum kann_man darf_man muss_man gibt_es welche[rsn]? wann_(?:kann|darf|muss|gilt|verfällt)
        bieten_sie liefern_sie""",
        how=r"""wie_(?!heiße|bin|sehe|schulde|stehe)\w+_ich wo_(?:kann|finde)_ich
        kann_ich darf_ich muss_ich was_muss_ich""",
        own=r"meine?[nmrs]?",
    ),
    "fr": _language(
        "LATIN",
        r"je j' me m' moi mon ma mes mien\w* nous notre nos",
        r"""aujourd'hui maintenant demain hier actuel\w* dernier\w* dernière\w* prochain\w* encore bientôt ce_soir
        ce_matin cette_semaine en_ce_moment récent\w*""",
        r"il elle ils elles celui\w* celle\w* ceux cela ça ceci là lui leur",
        r"""qu'est_ce_que? c'est_quoi quel(?:le)?s?_(?:est|sont) comment combien_(?:coûte|de|faut) peut_on faut_il
        est_il_possible où_(?:peut|trouver|se_trouve) pourquoi qui_(?:peut|est) y_a_t_il""",
        how=r"comment_(?:puis|dois)_je comment_je_peux est_ce_que_je_(?:peux|dois) puis_je où_puis_je",
        own=r"mon|ma|mes",
    ),
    "es": _language(
        "LATIN",
        r"yo mi mis me mí conmigo mí[oa]s? nosotr[oa]s nuestr[oa]s? nos",
        r"""hoy ahora mañana ayer actual\w* últim[oa]s? próxim[oa]s? todavía aún est[ae]_(?:semana|mes|noche|año)
        recient\w*""",
        r"él ella ellos ellas eso esto ese esa esos esas este esta allí ahí lo la_que le les",
        r"""qué_(?:es|son|significa|pasa|incluye|diferencia|ocurre|documentos?) se_puede es_posible
        cómo_(?:se|funcionan?|\w+[aei]r(?:lo|la|se)?) cuánto_(?:cuesta|tarda|dura|cuestan) cuál(?:es)?_(?:es|son)
        dónde_se quién_puede por_qué hay_que""",
        how=r"cómo_(?:puedo|debo) puedo dónde_puedo",
        own=r"mis?",
    ),
    "it": _language(
        "LATIN",
        r"io mi mio mia miei mie me noi ci nostr[oaie]",
        r"""oggi adesso ora domani ieri attual\w* ultim[oaie] prossim[oaie] ancora stasera questa_settimana
        recent\w*""",
        r"lui lei loro esso essa ciò quello quella quelli quelle questo questa lo li lì là",
        r"""cos'è cosa_(?:è|sono|significa|succede) che_cos'è come_(?:si|funzionano?|\w+[aei]r(?:e|lo|la|si))
        quanto_(?:costa|dura|tempo) si_può è_possibile quali?_(?:è|sono) qual_è dove_si chi_può perché bisogna""",
        how=r"come_posso posso dove_posso",
        own=r"mi[oae]|miei",
    ),
    "pt": _language(
        "LATIN",
        r"eu me mim comigo meus? minhas? nós nos noss[oa]s?",
        r"""hoje agora amanhã ontem atual\w* actual\w* últim[oa]s? próxim[oa]s? ainda est[ae]_(?:semana|mês|noite|ano)
        recent\w*""",
        r"ele ela eles elas isso isto esse essa este esta aquel[ea]s? lá ali",
        r"""o_que_(?:é|são|significa|acontece) como_(?:se|funcionam?|\w+[aei]r) quanto_(?:custa|tempo|dura) pode_se
        é_possível qual_(?:é|a_diferença) quais_(?:são|os|as) onde_se quem_pode por_que é_preciso""",
        how=r"como_(?:posso|eu_posso) posso onde_posso",
        own=r"meus?|minhas?",
    ),
    "nl": _language(
        "LATIN",
        r"ik mij me mijn wij we ons onze m'n",
        r"""vandaag nu morgen gisteren huidige? momenteel nieuwste laatste volgende? vorige? nog
        deze_(?:week|maand) straks recent\w*""",
        r"hij zij ze hem haar hen dat dit die deze daar ermee ervan erop",
        r"""wat_(?:is|zijn|betekent|kost|kosten|gebeurt) hoe_(?:werkt|werken|lang|vaak|hoog) kan_men mag_men moet_men
        is_er welke? wie_(?:kan|mag|is) waarom hoeveel_(?:kost|kosten) bieden_jullie leveren_jullie""",
        how=r"hoe_(?!heet|ben|sta)\w+_ik kan_ik mag_ik moet_ik waar_kan_ik",
        own=r"mijn",
    ),
    "pl": _language(
        "LATIN",
        r"ja mnie mi mną mój moja moje moich moim mojej moją mojego my nas nam nasz\w*",
        r"""dziś dzisiaj teraz jutro wczoraj obecn\w* aktualn\w* najnowsz\w* ostatni\w* następn\w* jeszcze już
        w_tym_(?:tygodniu|miesiącu)""",
        r"on ona ono oni one jego jej ich to_tam tamten tamta ten ta tam tego tej",
        r"""co_to_(?:jest|są|znaczy) co_oznacza jak_(?:\w+[ćc]|działa|długo) czy_można czy_trzeba ile_kosztuje
        jaka_jest_różnica kto_może gdzie_można dlaczego czym_(?:jest|różni)""",
    ),
    "ru": _language(
        "CYRILLIC",
        r"я меня мне мной мой моя мо[её] мои мо[её]й моих моим моего мою мы нас нам наш\w*",
        r"сегодня сейчас теперь завтра вчера текущ\w* нынешн\w* последн\w* следующ\w* ещ[её] уже недавно",
        r"он она оно они его е[её] их это этот эта эти тот та те там",
        r"""что_(?:такое|значит|означает|будет) как_(?:\w+(?:ть|ться|ти)|работает|долго) можно_ли нужно_ли
        сколько_стоит чем_отлича\w* кто_может где_можно почему какие какова?""",
    ),
    "ja": _language(
        "HIRAGANA KATAKANA CJK KATAKANA-HIRAGANA",
        r"私 僕 俺 わたし ぼく おれ 自分 我々 うち 弊社 当社 当方 マイ",
        r"今 現在 本日 きょう あした 明日 昨日 きのう 最新 最近 まだ もう 先 来 次 この前 さっき",
        r"これ それ あれ その この あの ここ そこ あそこ 彼 どっち どちら",
        r"とは(?:何|なん)?(?:ですか?)?$ 方法(?:は|を教えて.*)?$ 違い(?:は|を) できますか$ 何ですか$ ^なぜ どうすれば",
    ),
    "zh": _language(
        "CJK",
        r"我 俺 咱 本人 自己 敝",
        r"今 现在 現在 明天 昨天 目前 当前 當前 最新 最近 还 還 已经 已經 刚 剛 上周 下周 本周 这周",
        r"它 他 她 这 這 那 此 其",
        r"什么是 什麼是 是什么 是什麼 如何 怎么 怎麼 怎样 区别 區別 可以 能否 为什么 為什麼 多少钱 有哪些",
    ),
}
ELSEWHERE = frozenset(
    """ich mich mir mein meine meinem meinen meiner meines wir uns unser unsere unserem unseren unserer
    je j'ai moi conmigo nosotros nosotras nuestra nuestras nuestro nuestros miei nostro nostra nostri nostre
    mijn ik wij onze meu meus minha minhas comigo nosso nossa nossos nossas moj moja moje moich mojej mojego mnie nasz
    wo wie ist ou donde esta como cuando quando quanto cuanto dov'e kde gdzie jest waar wann warum pourquoi
    quel quelle cual hvor hvordan jak kiedy nar minun""".split()
)
"""Words for oneself and for asking, without accents, that are not English: they give away another language."""


def is_foreign(text: str, scripts: frozenset[str]) -> bool:
    """Return whether a character is of a script that the language has not, or is one that nobody sees.

    A word of Latin and Cyrillic letters is such one as well: some of them only look like those that they stand for.
    """
    for word in text.split():
        found = {_script(char) for char in word if char > "\x7f" or char.isalpha()} - {""}
        if not found <= scripts | {"LATIN"} or {"CYRILLIC", "LATIN"} <= found:
            return True
    return False


def _script(char: str) -> str:
    category, name = unicodedata.category(char), unicodedata.name(char, "")
    if (
        category in ("Cf", "Cn", "Co") and char not in "\u200c\u200d"
    ) or "\U000e0100" <= char <= "\U000e01ef":
        return "unseen"
    # The marks of feminine and masculine order are letters; there are pictures of Latin letters, which are none.
    is_letter = category[0] in "LN" or " LATIN " in name
    return name.split()[0] if is_letter and not name.startswith(("FEMININE", "MASCULINE")) else ""
