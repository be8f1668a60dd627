"""Sentences over real text, by what they make of it: said in other words, or made up.

Each case is (evidence, sentence); GOALS has what was asked. The check was made with the first of each pair of tables at
hand; the second was written beforehand and only measured.
"""

from __future__ import annotations

import gzip
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSTITUTION = ROOT / "examples" / "us-constitution.txt"
FAQ = Path("/usr/share/doc/debian/FAQ/debian-faq.en.txt.gz")

_PASSAGES = {
    "war": ("The Congress shall have Power\n\nTo lay", "To provide and maintain a Navy;"),
    "senator": ("No Person shall be a Senator", "he shall be chosen."),
    "president": ("No Person except a natural born", "within the\nUnited States."),
    "trial": ("The Senate shall have the sole Power", "according to Law."),
    "term": ("The executive Power shall be vested", "elected, as follows"),
    "religion": ("Congress shall make no law respecting", "redress of grievances."),
    "deputy": ("The Vice President of the United States shall be President", "equally divided."),
    "treaty": ("No State shall enter into any Treaty", "Title of Nobility."),
    "slavery": ("Neither slavery nor involuntary servitude", "subject to their jurisdiction."),
    "command": ("The President shall be Commander in Chief", "Cases of Impeachment."),
    "created": ("The Debian Project was created", "descendent of the GNU"),
    "virtual": ("A virtual package is a generic name", "called www-browser."),
    "package": ("Packages generally contain all", "file extension."),
}
GOALS = {
    "war": "Who may declare war?",
    "senator": "How old must a senator be?",
    "president": "How old must a president be?",
    "trial": "Who presides over the trial of the president?",
    "term": "How long is the term of the president?",
    "religion": "What does the first amendment say about religion?",
    "deputy": "What does the vice president do in the Senate?",
    "treaty": "May a state make treaties?",
    "slavery": "Which amendment abolished slavery?",
    "command": "Who commands the army?",
    "created": "Who created the Debian Project?",
    "virtual": "What is a virtual package?",
    "package": "What does a Debian package contain?",
}
PLACES = {"religion": "Amendment I", "slavery": "Amendment XIII", "term": "Article II, Section 1"}
OF_DEBIAN = frozenset({"created", "virtual", "package"})


def passage(name: str) -> tuple[str, str]:
    """A real passage and the name of its file. Raises FileNotFoundError where the manual isn't installed."""
    file = FAQ if name in OF_DEBIAN else CONSTITUTION
    text = gzip.decompress(file.read_bytes()).decode() if file is FAQ else file.read_text("utf-8")
    begins, ends = _PASSAGES[name]
    start = text.index(begins)
    return text[start : text.index(ends, start) + len(ends)], file.name


HONEST = [
    ("war", "Congress may declare war [1]."),
    ("war", "Only Congress has the power to declare war [1]."),
    ("war", "War can be declared by Congress [1]."),
    ("senator", "A senator must be at least 30 years old [1]."),
    ("senator", "Senators must have been U.S. citizens for nine years [1]."),
    ("senator", "The minimum age for a senator is 30 [1]."),
    ("president", "To be eligible for the presidency, a person must be at least 35 years old [1]."),
    ("president", "Presidents must be natural born citizens [1]."),
    ("trial", "The Chief Justice presides when the President is tried [1]."),
    ("trial", "The Senate alone tries impeachments [1]."),
    ("trial", "Nobody can be convicted unless two thirds of the members present agree [1]."),
    ("term", "The president serves a term of four years [1]."),
    ("religion", "Congress may not establish a religion [1]."),
    ("religion", "It forbids Congress to prohibit the free exercise of religion [1]."),
    ("deputy", "The Vice President presides over the Senate as its president [1]."),
    ("treaty", "No, states may not enter into treaties [1]."),
    ("slavery", "Slavery is prohibited, except as a punishment for crime [1]."),
    ("command", "The President is the commander in chief of the Army and Navy [1]."),
    ("created", "Ian Murdock founded the Debian Project in 1993 [1]."),
    ("created", "Debian was started in 1993 by Ian Murdock [1]."),
    ("virtual", "A virtual package is a generic name for a group of packages with similar functionality [1]."),
    ("package", "Debian packages come in two types: binary and source packages [1]."),
]
INVENTED = [
    ("trial", "The President shall preside over the trial of the President [1]."),
    ("war", "The authors may declare war [1]."),
    ("war", "The president may declare war [1]."),
    ("war", "Congress may not declare war [1]."),
    ("war", "Congress may declare peace [1]."),
    ("war", "Generals declare war in emergencies [1]."),
    ("senator", "A representative must be at least 30 years old [1]."),
    ("senator", "A senator must be at most 30 years old [1]."),
    ("senator", "A senator must hold a law degree [1]."),
    ("president", "A senator must be 35 years old [1]."),
    ("president", "Presidents must be wealthy landowners [1]."),
    ("trial", "The House shall have the sole power to try all impeachments [1]."),
    ("trial", "The President presides when the Chief Justice is tried [1]."),
    ("trial", "The Vice President presides over the trial of the president [1]."),
    ("term", "The governor serves a term of four years [1]."),
    ("religion", "Congress may make laws respecting an establishment of religion [1]."),
    ("religion", "The first amendment establishes a national church [1]."),
    ("deputy", "The Vice President has a vote unless they are equally divided [1]."),
    ("treaty", "A state may enter into a treaty [1]."),
    ("slavery", "Slavery is permitted within the United States [1]."),
    ("command", "The Senate is the commander in chief of the Army and Navy [1]."),
    ("created", "The Debian Project was created by volunteers in 1993 [1]."),
    ("created", "Ian Murdock destroyed the Debian Project in 1993 [1]."),
    ("virtual", "A virtual package is a compressed archive of source code [1]."),
    ("package", "Packages contain viruses and configuration files [1]."),
]
HONEST_HELD_OUT = [
    ("war", "The power to declare war belongs to Congress [1]."),
    ("war", "Congress can raise and support armies [1]."),
    ("war", "Congress may borrow money on the credit of the United States [1]."),
    ("senator", "To become a senator, one has to be 30 or older [1]."),
    ("senator", "Besides, a senator must live in the state for which he is chosen [1]."),
    ("president", "A president has to have lived in the United States for fourteen years [1]."),
    ("president", "You must be 35 to become president [1]."),
    ("trial", "If the president is on trial, the Chief Justice presides [1]."),
    ("trial", "Impeachments are tried by the Senate [1]."),
    ("trial", "A conviction requires the agreement of two thirds of the members present [1]."),
    ("term", "The term of office is four years [1]."),
    ("term", "Executive power belongs to the President, who holds office for four years [1]."),
    ("religion", "Congress can't make laws that establish a religion or prohibit its free exercise [1]."),
    ("religion", "The first amendment protects the freedom of speech and of the press [1]."),
    ("deputy", "The Vice President votes only if the Senate is equally divided [1]."),
    ("treaty", "States are not allowed to make treaties or coin money [1]."),
    ("slavery", "Neither slavery nor forced labour may exist in the United States [1]."),
    ("command", "The President commands the army and the navy [1]."),
    ("created", "The project was created by Ian Murdock in 1993 under the sponsorship of the FSF's GNU project [1]."),
    ("virtual", "Several packages may provide the same virtual package, such as www-browser [1]."),
    ("package", "Binary packages include executables, configuration files and documentation [1]."),
    ("package", "A package holds the files needed to implement related commands or features [1]."),
]
INVENTED_HELD_OUT = [
    ("war", "The courts may declare war [1]."),
    ("war", "Congress must never declare war [1]."),
    ("war", "Citizens may declare war with the consent of Congress [1]."),
    ("war", "Congress may abolish armies [1]."),
    ("senator", "A judge must be at least 30 years old [1]."),
    ("senator", "Nobody older than 30 may be a senator [1]."),
    ("senator", "A senator must be a lawyer [1]."),
    ("president", "The Vice President must be at least 35 years old [1]."),
    ("president", "A president must have served in the army for fourteen years [1]."),
    ("trial", "The Chief Justice does not preside when the President is tried [1]."),
    ("trial", "The Supreme Court has the sole power to try impeachments [1]."),
    ("trial", "A jury must convict the president [1]."),
    ("term", "Kings hold office for four years [1]."),
    ("term", "The legislative power is vested in a President [1]."),
    ("religion", "Congress shall make a law abridging the freedom of speech [1]."),
    ("religion", "The first amendment bans religious schools [1]."),
    ("deputy", "The Speaker of the House is president of the Senate [1]."),
    ("treaty", "Congress may not enter into any treaty [1]."),
    ("slavery", "Slavery shall exist within the United States [1]."),
    ("command", "The President is not commander in chief of the army [1]."),
    ("command", "The Army is commander in chief of the President [1]."),
    ("created", "The Debian Project was created by Microsoft engineers [1]."),
    ("virtual", "A virtual package is a virus that infects browsers [1]."),
    ("package", "Binary packages never contain executables [1]."),
]
