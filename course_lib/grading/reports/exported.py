"""A table from elsewhere, a gradebook or a list of people, in any of the usual encodings and in any language.

Headers are known by name in several languages; what a header does not tell is read from the cells.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

MOST_HEADER_ROWS = 5
SECTIONS = {"section", "sections", "group", "groups", "gruppe", "groupe", "grupo", "gruppo", "tutorial", "class"}
FULL_NAMES = {
    "full name",
    "fullname",
    "student",
    "student name",
    "name",
    "vollständiger name",
    "nom complet",
    "nombre completo",
    "nome completo",
    "nome e cognome",
    "volledige naam",
    "imię i nazwisko",
    "celé jméno",
    "fullständigt namn",
    "fulde navn",
    "fullt navn",
    "koko nimi",
    "полное имя",
    "氏名",
    "全名",
    "姓名",
}
FIRST_NAMES = {
    "first name",
    "firstname",
    "given name",
    "vorname",
    "prénom",
    "nombre",
    "nome",
    "voornaam",
    "imię",
    "jméno",
    "förnamn",
    "fornavn",
    "etunimi",
    "имя",
    "名",
}
LAST_NAMES = {
    "last name",
    "lastname",
    "surname",
    "family name",
    "nachname",
    "nom",
    "nom de famille",
    "apellido",
    "apellidos",
    "apellido(s)",
    "cognome",
    "sobrenome",
    "apelido",
    "achternaam",
    "nazwisko",
    "příjmení",
    "efternamn",
    "efternavn",
    "etternavn",
    "sukunimi",
    "фамилия",
    "姓",
}
# Moodle's number for who takes part in one task: "Participant 1001"
PARTICIPANTS = {
    "identifier",
    "identifiant",
    "identificador",
    "identificativo",
    "identificatie",
    "identyfikator",
    "kennung",
    "número de identificação",
    "识别号",
}
# what a folder may be called after: numbers and logins of institutions
LOGINS = {
    "id",
    "sis user id",
    "sis login id",
    "login id",
    "login",
    "id number",
    "idnumber",
    "identifier",
    "student id",
    "student number",
    "username",
    "user name",
    "user id",
    "netid",
    "orgdefinedid",
    "github_username",
    "github username",
    "github",
    "id-nummer",
    "benutzername",
    "anmeldename",
    "matrikelnummer",
    "matrikelnr",
    "matrikelnr.",
    "matrikel-nr.",
    "kennung",
    "identifiant",
    "numéro d'identification",
    "nom d'utilisateur",
    "numéro d'étudiant",
    "identificador",
    "número de id",
    "nombre de usuario",
    "matrícula",
    "nome de usuário",
    "numero di matricola",
    "matricola",
    "nome utente",
    "username utente",
    "gebruikersnaam",
    "studentnummer",
    "identyfikator",
    "numer albumu",
    "nazwa użytkownika",
}
ADDRESSES = {
    "email",
    "email address",
    "e-mail",
    "e-mail address",
    "mail",
    "e-mail-adresse",
    "adresse de courriel",
    "adresse e-mail",
    "correo",
    "correo electrónico",
    "dirección de correo",
    "dirección email",
    "indirizzo email",
    "endereço de email",
    "e-mailadres",
}
MAXIMA = {
    "maximum grade",
    "maximum",
    "max points",
    "max grade",
    "bestwertung",
    "note maximale",
    "calificación máxima",
    "valutazione massima",
    "nota máxima",
    "maximum cijfer",
    "maksymalna ocena",
    "maximalt betyg",
    "最高成绩",
}
POINTS_POSSIBLE = {"points possible", "mögliche punkte", "points possibles", "puntos posibles", "pontos possíveis"}

XLSX = (
    "is an Excel or LibreOffice workbook, and a table is read as CSV. Open it and save it as 'CSV UTF-8', or export "
    "CSV from your platform once more"
)


@dataclass
class Table:
    """An exported table.

    Attributes:
        rows: all of them, header and what stands above it included. at: which one is the header.
    """

    rows: list[list[str]]
    at: int
    dialect: type[csv.Dialect] = csv.excel
    encoding: str = "utf-8"
    mark: str = ""
    taken: frozenset[int] = field(default=frozenset())

    @cached_property
    def header(self) -> list[str]:
        return [plain(name) for name in self.rows[self.at]]

    @property
    def people(self) -> range:
        """Numbers of the rows below the header."""
        return range(self.at + 1, len(self.rows))

    def cell(self, row: int, column: int) -> str:
        return text_of(self.rows[row][column]) if column < len(self.rows[row]) else ""

    def columns(self, names: set[str]) -> list[int]:
        return [number for number, name in enumerate(self.header) if name in names]

    @cached_property
    def addresses(self) -> list[int]:
        """Columns that hold addresses, by their headers or by what stands in them."""
        return [n for n in range(len(self.header)) if self.header[n] in ADDRESSES or self.mostly(n, lambda t: "@" in t)]

    @cached_property
    def is_canvas(self) -> bool:
        return "id" in self.header and bool({"section", "sis user id", "sis login id"} & set(self.header))

    @cached_property
    def participants(self) -> list[int]:
        """Moodle's column of participant numbers: "Participant 1001", "Teilnehmer/in1001"."""
        if self.is_canvas:
            return []
        # German Moodle calls it ID, and any language's is the first
        by_look = [n for n in {0, *self.columns({"id"})} if self.mostly(n, lambda text: PARTICIPANT.fullmatch(text))]
        return self.columns(PARTICIPANTS) or by_look

    def mostly(self, column: int, holds: Callable[[str], object]) -> bool:
        cells = [text for row in self.people if (text := self.cell(row, column))]
        return bool(cells) and sum(bool(holds(text)) for text in cells) > 0.8 * len(cells)

    @cached_property
    def name_columns(self) -> list[list[int]]:
        """Columns that make a name together, [] where none is known by its header."""
        full, first, last = (self.columns(names) for names in (FULL_NAMES, FIRST_NAMES, LAST_NAMES))
        if first and last:
            return [[first[0], last[0]]]
        return [[number] for number in full[:1]]

    def names(self, row: int) -> list[str]:
        """What may be the name of a row's person."""
        if self.name_columns:
            return [
                " ".join(filter(None, (self.cell(row, number) for number in columns))) for columns in self.name_columns
            ]
        cells = [self.cell(row, number) for number in range(len(self.rows[row]))]
        cells = [text if text and not any(c.isdigit() or c == "@" for c in text) else "" for text in cells]
        pairs = [f"{one} {two}" for one, two in pairwise(cells) if one and two]
        return [text for text in cells if len(words_of(text)) > 1] + pairs

    def shown(self, row: int) -> str:
        """A row as messages call it."""
        names = self.names(row) if self.name_columns else []
        number = next((self.cell(row, n) for n in self.columns(LOGINS) + self.participants if self.cell(row, n)), "")
        if names and names[0]:
            return f"{names[0]} {number}".strip()
        return " ".join(cell for cell in self.rows[row][:2] if cell).strip()

    def is_person(self, row: int) -> bool:
        """Whether a row is somebody's: not empty, not Canvas' row of maxima, not its test student."""
        if not any(self.rows[row]) or self.is_maxima(row):
            return False
        return plain(self.rows[row][0]) != "student, test"

    def is_maxima(self, row: int) -> bool:
        """Canvas' row "Points Possible", in any language: it is indented, comes first, and is nobody's."""
        cells = self.rows[row]
        if plain(cells[0]) in POINTS_POSSIBLE:
            return True
        numbers = self.columns({"id"})
        early = row <= self.at + 3 and self.is_canvas
        return (
            early and bool(numbers) and not self.cell(row, numbers[0]) and (cells[0].startswith("  ") or not cells[0])
        )


PARTICIPANT = re.compile(r"\D*[^\W\d_]\D*\d{1,18}")


def text_of(cell: str) -> str:
    """A cell's text: `="00123"` is how spreadsheets keep zeros, an apostrophe how they keep text."""
    text = cell.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.strip().strip("'").strip()


def plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.strip("\ufeff")).replace("\u2019", "'")
    return " ".join(text.casefold().split())


def words_of(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", name).casefold())


def read_table(path: Path, argument: str, column: str = "") -> Table:
    """Read an exported table.

    Args:
        argument: what it was given as, for messages.
        column: one that the header must have; without it the first row is the header.
    Raises: ValueError if it is no such table.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{argument} is {path}, which cannot be opened ({error.strerror})") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise ValueError(f"{argument} is {path}, which {XLSX}; allowed: CSV")
    text, encoding, mark = decoded(data)
    if "\0" in text:
        raise ValueError(f"{argument} is {path}, which is no text; allowed: a table exported as CSV")
    lines = text.splitlines()
    told = lines[0].strip().strip('"') if lines else ""
    separator = told[4:5] if told.casefold().startswith("sep=") and len(told) == 5 else ""
    first = next((line for line in lines if line.strip() and not line.casefold().startswith("sep=")), "")

    class Dialect(csv.excel):
        delimiter = separator or max(",;\t|", key=first.count)
        lineterminator = "\r\n" if "\r\n" in text else "\n"

    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), Dialect))
    except csv.Error as error:
        raise ValueError(
            f"{argument} is {path}, which is no table ({error}); allowed: a table exported as CSV"
        ) from None
    rows = [row or [""] for row in rows]
    if not any(any(row) for row in rows):
        raise ValueError(f"{argument} is {path}, which is empty; allowed: a table exported as CSV")
    if column:
        at = next((n for n, row in enumerate(rows[:MOST_HEADER_ROWS]) if columns_called(row, column)), None)
        if at is None:
            headers = next(row for row in rows if any(row) and not row[0].casefold().startswith("sep="))
            raise ValueError(f"column is {column!r}; allowed: {', '.join(repr(name) for name in headers)}")
    else:
        at = next(n for n, row in enumerate(rows) if any(row) and not row[0].casefold().startswith("sep="))
    return Table(rows, at, Dialect, encoding, mark)


def decoded(data: bytes) -> tuple[str, str, str]:
    """Text, encoding, and the mark that stands before it. Whatever the bytes are, they come back the same."""
    marks = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding, "\ufeff"
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding, ""
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1", ""


def columns_called(header: Sequence[str], name: str) -> list[int]:
    """The columns of this name, else those whose names begin so: Canvas adds its number, "Lesson 3 (123456)"."""
    wanted, names = plain(name), [plain(cell) for cell in header]
    if not wanted:
        return []
    return [n for n, one in enumerate(names) if one == wanted] or [
        n for n, one in enumerate(names) if one.startswith(wanted)
    ]


def one_column(table: Table, name: str, argument: str) -> int:
    """Raises: ValueError unless exactly one column is called so."""
    found = columns_called(table.rows[table.at], name)
    headers = table.rows[table.at]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(f"{argument} is {name!r}; allowed: {', '.join(repr(one) for one in headers)}")
    raise ValueError(
        f"{argument} is {name!r}, which {len(found)} columns are called; allowed: one of "
        f"{', '.join(repr(headers[n]) for n in found)}"
    )


def people_of(table: Table) -> Iterator[int]:
    return (row for row in table.people if table.is_person(row))
