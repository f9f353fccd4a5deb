"""What learners write, letter by letter: what would be obeyed instead of seen is written as its number."""

import unicodedata

# they join letters of several scripts, and do nothing else there
JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    r"""Write characters that are obeyed instead of seen as their numbers; line ends and tabs stay.

    >>> visible("a\x1b[2Jb\u202ec")
    'a\\x1b[2Jb\\u202ec'
    """
    # nearly every line is plain, and is told so at once
    return "\n".join(
        line if line.replace("\t", "").isprintable() else visible_letters(line) for line in text.split("\n")
    )


def visible_letters(line: str) -> str:
    return "".join(character if is_seen(line, place) else number_of(character) for place, character in enumerate(line))


def is_seen(text: str, place: int) -> bool:
    character = text[place]
    if character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs":
        return True
    beside = text[place - 1 : place] + text[place + 1 : place + 2]
    return character in JOINERS and len(beside) == 2 and all(one.isalpha() and not one.isascii() for one in beside)


def number_of(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
