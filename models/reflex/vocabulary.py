"""Word lists of English: what carries no meaning of its own, irregular forms, and what stands for what."""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    """
    a an the and or nor but if then than so as at by for from in into of off on onto out over per to under up
    upon via with within without about against among around before after between during through until till since
    while is are was were be been being am do does did done doing have has had having can could may might must
    shall should will would ought i me my mine we us our ours you your yours he him his she her hers it its they
    them their theirs this that these those there here who whom whose which what when where why how not no yes
    also too very just only any some each every all both either neither such same other another more most much
    many few less least own please tell let's let s t don't doesn't isn't aren't can't won't it's what's who's
    where's when's how's there's re ve ll d m ok okay well according whether
    """.split()  # noqa: SIM905
)
"""Words that hold a sentence together and say nothing on their own."""

GERMAN_FUNCTION_WORDS = frozenset(
    """
    der das dem den des ein eine einen einem einer eines ist sind wird werden wurde wurden und oder nicht wie wer wen
    wem wann wo warum wieso weshalb welche welcher welches welchen welchem wofür wozu woher wohin wodurch womit für mit
    von vom zu zum zur im ins am auf aus bei beim nach über unter vor durch kann können darf dürfen muss müssen soll
    sollen hat haben sich es sie er wir ich auch als wenn dass viele viel wieviel gibt pro je diese dieser dieses diesen
    kein keine keinen bis seit zwischen sein seine ihr ihre bitte passiert bedeutet heißt macht tun
    """.split()  # noqa: SIM905
)
"""The same of German, but for those that mean something in English ('die', 'was', 'an')."""

ASKING_WORDS = frozenset(
    """
    say says said tell tells explain explained describe described define defined show give list find know
    mention mentioned state stated write written read document documents doc docs text texts file files passage
    passages manual book article paper source sources information info detail details answer question number
    name amount value kind kinds sort sorts type types way ways thing things example examples mean means meant
    meaning called call need needs needed require required requires use used uses using get gets got make makes
    made take takes happen happens happened exist exists become becomes work works come comes go goes different
    difference person someone something anyone people exactly currently now today compare comparison versus vs
    long old often far big large tall high much short quickly briefly brief words word sentence summary purpose
    about exact total
    """.split()  # noqa: SIM905
)
"""Words about the asking rather than about what is asked; they weigh little."""

DOCUMENT_WORDS = frozenset({"book", "books", "paper", "papers"})
"""Those of the words about the asking that are as often what is asked about."""

IRREGULAR = {
    "chosen": "choose", "chose": "choose", "chuse": "choose", "chusing": "choose", "chuses": "choose",
    "choosing": "choose", "held": "hold", "written": "write", "wrote": "write", "writing": "write", "paid": "pay",
    "men": "man", "women": "woman", "children": "child", "feet": "foot", "taken": "take", "took": "take",
    "given": "give", "gave": "give", "made": "make", "making": "make", "sent": "send", "kept": "keep", "ran": "run",
    "running": "run", "began": "begin", "begun": "begin", "sold": "sell", "bought": "buy", "found": "find",
    "built": "build", "lost": "lose", "won": "win", "winning": "win", "led": "lead", "left": "leave", "met": "meet",
    "told": "tell", "sworn": "swear", "grew": "grow", "grown": "grow", "knew": "know", "known": "know",
    "died": "die", "dies": "die", "dying": "die", "dead": "die", "death": "die", "tries": "try", "tried": "try",
    "trial": "try", "trials": "try", "dealt": "deal", "broke": "break", "broken": "break", "aged": "age",
    "ages": "age", "indices": "index", "criteria": "criterion", "encreased": "increase", "removal": "remove",
}  # fmt: skip
SUFFIXES = (
    ("ational", "ate"), ("ization", "ize"), ("isation", "ize"), ("fulness", "ful"), ("iveness", "ive"),
    ("ements", ""), ("ement", ""), ("ments", ""), ("ment", ""), ("ations", "ate"), ("ation", "ate"),
    ("itions", "it"), ("ition", "it"), ("tions", "t"), ("tion", "t"), ("sions", "s"), ("sion", "s"),
    ("ising", "ize"), ("ised", "ize"), ("ise", "ize"), ("nesses", ""), ("ness", ""), ("ities", ""), ("ity", ""),
    ("ively", "ive"), ("ably", "able"), ("ically", "ic"), ("ally", "al"), ("ingly", ""), ("edly", ""), ("ly", ""),
    ("ings", ""), ("ing", ""), ("ied", "y"), ("ies", "y"), ("eed", "eed"), ("ed", ""), ("sses", "ss"),
    ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
)  # fmt: skip


GROUPS = (
    "old age", "long term duration period", "salary pay wage compensate compensation remuneration emolument",
    "choose elect elector appoint select pick nominate vote", "remove impeach oust dismiss",
    "allow permit may entitle", "forbid prohibit ban disallow", "begin start commence", "end finish terminate expire",
    "buy purchase", "sell distribute redistribute", "marry spouse wife husband", "fix repair",
    "delete remove purge erase", "author maintainer creator", "help support assist", "slave servitude slavery",
    "alcohol liquor intoxicate", "female woman sex", "male man sex", "guilty convict", "religion religious",
    "gun arm weapon firearm", "soldier troop army", "press newspaper", "ratify ratification",
    "veto objection disapprove return", "leader head chief commander", "citizen resident inhabitant",
    "requirement qualification eligible", "join become", "error bug", "install setup", "license licence",
    "color colour", "price cost", "country nation", "mpg mile", "minimum least", "maximum most exceed",
    "majority two-thirds quorum", "rich wealthy", "amend amendment", "swear oath", "temp temperature", "max maximum",
    "min minimum", "usa america american", "abolish eliminate prohibit repeal",
    "include contain comprise consist provide", "time twice once", "serve term hold", "ask request",
    "vote suffrage ballot", "override overrule reconsider reconsideration",
    "copyright author inventor writing", "create establish make", "often frequent",
)  # fmt: skip
"""Words that may stand for each other in a question and its answer."""

ORDINALS = (
    "first i 1st",
    "second ii 2nd",
    "third iii 3rd",
    "fourth iv 4th",
    "fifth v 5th",
    "sixth vi 6th",
    "seventh vii 7th",
    "eighth viii 8th",
    "ninth ix 9th",
    "tenth x 10th",
    "eleventh xi 11th",
    "twelfth xii 12th",
    "thirteenth xiii 13th",
    "fourteenth xiv 14th",
    "fifteenth xv 15th",
    "sixteenth xvi 16th",
    "seventeenth xvii 17th",
    "eighteenth xviii 18th",
    "nineteenth xix 19th",
    "twentieth xx 20th",
    "twenty-first xxi 21st",
    "twenty-second xxii 22nd",
    "twenty-third xxiii 23rd",
    "twenty-fourth xxiv 24th",
    "twenty-fifth xxv 25th",
    "twenty-sixth xxvi 26th",
    "twenty-seventh xxvii 27th",
)
"""Ordinals and the numerals that headings use for them."""
ACTIONS = (
    "send", "email", "e-mail", "mail", "delete", "remove", "erase", "drop", "book", "buy", "order", "purchase",
    "pay", "transfer", "schedule", "cancel", "post", "publish", "upload", "download", "install", "uninstall",
    "deploy", "run", "execute", "start", "stop", "restart", "reboot", "shut down", "call", "phone", "text",
    "message", "notify", "remind", "create", "make", "generate", "write", "draft", "compose", "translate",
    "paraphrase", "rewrite", "draw", "paint", "design", "code", "implement", "fix", "refactor", "rename", "move",
    "copy", "save", "update", "change", "edit", "add", "insert", "set", "turn on", "turn off", "play", "open",
    "close", "reply", "respond", "tweet", "share", "invite", "subscribe", "sign up", "log in", "print", "reserve",
    "brainstorm", "imagine", "invent",
)  # fmt: skip
"""Verbs that a request to do something begins with."""
