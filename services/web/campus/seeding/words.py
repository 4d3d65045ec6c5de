"""The words that sample data is made of.

How they are put together is in campus.seeding.students.
"""
# ruff: noqa: RUF001, SIM905 - apostrophes as people set them, and lists that stay readable

# Only ever add to the end of these: every student is drawn from them by position.
COLLEGES = tuple(
    (name, town)
    for line in """
    Aldergrove College, Aldergrove; Ashmere University, Ashmere; Bellwether College, Port Bell
    Birchfield Institute, Birchfield; Brightwater College, Brightwater; Calder University, Calder
    Cedar Hill College, Cedar Hill; Copperfield College, Copperfield; Eastlake University, Eastlake
    Elmsworth College, Elmsworth; Fairhaven University, Fairhaven; Glenmore College, Glenmore
    Hartwell University, Hartwell; Hollybrook College, Hollybrook; Juniper State, Juniper
    Kingsmead College, Kingsmead; Larkspur University, Larkspur; Millbrook Institute, Millbrook
    Northgate University, Northgate; Oakhurst College, Oakhurst; Pinecrest College, Pinecrest
    Ravenswood University, Ravenswood; Silverdale College, Silverdale; Westbrook State, Westbrook
    """.strip().splitlines()
    for name, town in (pair.strip().split(", ") for pair in line.split("; "))
)
DORMS = ("North Hall", "Garden House", "The Towers", "Lakeside Court", "Founders’ Hall")

FIRST_NAMES = """
Ada Aisha Alan Amélie Amir Ana Anders Aylin Beatriz Ben Bilal Carmen Chiara Chloe Daniel Daria
David Dmitri Elena Elias Emeka Emma Esra Farah Felix Fiona Gabriel Grace Hana Hannah Hiro Ibrahim
Imani Ingrid Isaac Ivan Jack Jamal Jana José Joy Julia Kai Karim Katya Kwame Lars Laura Leila Leo
Lin Lucía Luke Maja Malik María Mateo Maya Mei Mia Milo Mina Nadia Naomi Nia Nikhil Noah Nora Olga
Oliver Omar Oscar Paula Pedro Priya Quinn Rafael Rania Rosa Ruth Samir Sara Sean Sofia Sven Tara
Theo Tomás Uma Vera Victor Wei Yara Yusuf Zoë Zora
""".split()
LAST_NAMES = """
Abbott Adeyemi Ahmed Almeida Andersson Baker Banerjee Bauer Becker Bianchi Brandt Brooks Campbell
Carter Castillo Chen Choi Clarke Cohen Costa Cruz Dahl Das Davies Diallo Díaz Dubois Eriksen Evans
Farouk Ferrari Fischer Fontaine Foster García Gomes Green Gupta Haddad Hall Hansen Hassan Hayes
Hoffmann Horváth Hughes Ito Ivanova Jackson Jansen Jensen Johansson Jones Kaya Keller Khan Kim
Klein Kowalski Kumar Larsen Lee Lehmann Lewis Lopez Martin Mensah Meyer Miller Moreau Müller
Murphy Nakamura Nguyen Nielsen Novák O’Brien Okafor Oliveira Osei Park Patel Pereira Petrov
Popescu Quist Rahman Ramírez Reid Ricci Rossi Ruiz Sahin Santos Sato Schmidt Schneider Silva Singh
Smith Sørensen Stewart Suzuki Svensson Takahashi Tanaka Taylor Thompson Torres Turner Virtanen
Vogel Walker Wang Weber White Williams Wilson Wright Yamamoto Yang Yilmaz Young Zhang Zimmermann
""".split()

OPENINGS = (
    "Does anybody have notes from",
    "Just came back from",
    "Who else is going to",
    "I can’t believe how good",
    "Looking for two more people for",
    "Reminder: tonight is",
    "Three hours of sleep, then",
    "The best thing this week was",
    "Somebody left a blue scarf at",
    "Never again without coffee:",
)
EVENTS = (
    "the chemistry lab",
    "the open-air cinema",
    "Tuesday’s lecture",
    "the choir rehearsal",
    "the climbing wall",
    "the library’s night shift",
    "the robotics meeting",
    "the bake sale",
    "the chess club",
    "the poetry reading",
    "the football match against the Towers",
    "the seminar on dead languages",
)
CLOSINGS = (
    "Write to me if you’re in.",
    "It was worth it.",
    "Bring a friend & a cup.",
    "Ask me anything.",
    "Same place next week?",
    "I owe somebody a pizza.",
    "See you <there>.",
    "The photos are with Sam.",
)
REPLIES = (
    "Count me in!",
    "I was there too, and you’re right.",
    "Next week for sure.",
    "Can I bring my room mate?",
    "Ha, same here.",
    "Where exactly?",
    "Sent you a message.",
    "This made my day.",
    "I’d have come, had I known.",
    "Thanks for telling us.",
)
