"""Telling a sentence from a name, in a few words of many languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Words of grammar. Names of things seldom hold one and sentences can hardly do without, so this finite list does more
# than any list of bad phrases. Left out is what names do hold: IT, US, no, non, the, of, may, will, mai, sin, todo.
_GRAMMAR = frozenset(
    """
    you your yours yourself me my mine only myself we our they them their theirs he she him his her who whom
    is are was were be been am isnt arent dont doesnt didnt cant cannot wont shouldnt must should shall would has
    have had not never always all any every everything everyone anything anyone nothing without please instead
    previous prior preceding above as unless because these those that

    du dich dir dein deine deinen deiner ihr ihre ist sind bist wird wirst muss musst soll sollst nicht alle alles
    allen jede jeden bitte ohne immer niemals vorherigen vorherige bisherigen

    vous votre vos êtes toutes tous toute jamais toujours veuillez dois devez précédentes précédents

    usted ustedes eres todos todas toda debe debes nunca siempre anteriores tú

    você vocês são deve sempre não é

    tutti tutte tutta devi tue tuoi precedenti è

    jij jouw alles moet niet nooit altijd vorige

    din dina alla aldrig alltid inte föregående du ska jag dine dig ikke aldri alltid alle

    sinä kaikki aina älä edelliset

    ты вы твой твои ваш ваши все всё всех всем не никогда всегда должен должна должны предыдущие предыдущих является
    это без мне меня себе

    ти ви твій ваш всі всіх не ніколи завжди попередні без

    twój twoje wszystkie wszystko wszystkich nie nigdy zawsze jest jesteś musisz poprzednie

    všechny všechno nikdy vždy jsi předchozí

    toate niciodată întotdeauna ești anterioare

    sen senin siz tüm bütün değil asla önceki sensin

    kamu anda semua jangan harus selalu adalah sebelumnya

    bạn tất hãy đừng phải luôn trước

    εσύ όλα όλες όλους πάντα ποτέ είναι είσαι μην προηγούμενες

    أنت كل جميع لا يجب السابقة دائما أبدا هو هي لك بدون
    شما همه تمام نباید باید قبلی است هستی
    אתה כל לא תמיד הקודמות הוא היא לך

    तुम आप सभी सब मत है हैं हो पिछले नहीं हमेशा को
    তুমি আপনি সব সমস্ত না আগের
    நீ நீங்கள் அனைத்து

    wewe yote zote daima kamwe
    """.split()
)
# Orders that begin a phrase and are no names of things. In a list of verbs an adversary finds the next one; it only
# makes the commonest attempts fail.
_ORDERS = frozenset(
    """
    ignore disregard forget delete erase reveal obey pretend bypass override ignoring ignores

    ignoriere ignorieren vergiss lösche sende antworte ignorez oublie oubliez supprime supprimez envoie révèle ignora
    olvida elimina borra envía revela ignorar esqueça apague envie dimentica cancella invia negeer verwijder ignorera
    vergeet wis rembourse remboursez reembolsa rimborsa glem slet slett poista hunsaðu

    игнорируй игнорируйте забудь удали отправь раскрой ігноруй видали игнорирай изтрий обриши
    zignoruj zapomnij usuń ignoruj smaž zmaž izbriši zanemari ignoruok ištrink dzēs kustuta törölj hagyd abaikan hapus
    lupakan padam ignoră șterge αγνόησε διέγραψε burahin puuza futa ignoru dileu

    تجاهل احذف أرسل התעלם מחק წაშალე ջնջիր
    """.split()
)
# Words that begin names of two words as well ("grant writing", "leak detection"), and orders of three.
_ORDERS_OF_THREE = frozenset(
    "execute respond reply tell give grant remove approve send leak expose disable enable skip say".split()
)
# Orders and what they are given over, written as one word.
_ORDERS_TOGETHER = re.compile(
    "(?:ignore|disregard|forget|delete|erase|reveal|bypass|override)(?:all|any|every|previous|prior|your|the)"
)
# Digits that pass for letters.
_LETTERS_OF_DIGITS = str.maketrans("013457", "oieast")
# The same for scripts that write words together: what stands anywhere in the name.
_GRAMMAR_TOGETHER = tuple(
    """
    的 所有 请 請 你 您 不要 必须 必須 之前 以前的 总是 忽略 无视 無視 忘记 忘記 删除 刪除 把
    を ください しろ せよ あなた すべて 全て なさい ません ます です
    하세요 하라 십시오 모든 이전 당신 마라 무시 입니다 해줘 내줘
    ทั้งหมด คุณ โปรด อย่า ต้อง ละเว้น ທັງໝົດ ទាំងអស់ អားလုံး
    """.split()
)


def reads_as_sentence(words: Sequence[str]) -> bool:
    """Return whether a name of these words, in small letters, reads as a sentence or an order.

    One word orders nothing, except in scripts that write a sentence without spaces, and where it is several.
    """
    if any(part in word for word in words if not word.isascii() for part in _GRAMMAR_TOGETHER):
        return True
    if any(map(_ORDERS_TOGETHER.match, words)):
        return True
    plain = [_letters(word) for word in words]
    if len(plain) < 2:
        return False
    is_order = plain[0] in _ORDERS or (len(plain) > 2 and plain[0] in _ORDERS_OF_THREE)
    return is_order or not _GRAMMAR.isdisjoint(plain)


def _letters(word: str) -> str:
    """Return a word with the digits in it read as letters."""
    return word.translate(_LETTERS_OF_DIGITS) if word.isalnum() and not word.isdigit() else word
