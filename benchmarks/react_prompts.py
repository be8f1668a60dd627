"""Prompts of worked examples for a ReAct agent, of the kind that the published comparisons sent with every call.

For each shape of goal: the rules, then trajectories of thought, action and observation about other things. They are
shorter than the published ones (LLMCompiler's: two trajectories, one of eight searches, four).
"""

from __future__ import annotations

_RULES = """Answer the question in turns of Thought, Action and Observation.
- A Thought says in one or two sentences what is known and what is still needed.
- After a Thought always take one Action: call one tool, or finish.
- look_up[entity] looks one entity up in an encyclopedia. Never look the same entity up twice.
- An Observation is what the tool brought back. If it doesn't help, go on with what you have.
- Finish[answer] ends the task. The answer is short and says nothing that wasn't asked.
"""
_NUMBERS = """- calculate[expression] calculates one expression. Never calculate in your head.
- Use metric units. A difference is an absolute value.
"""

COMPARISON = f"""{_RULES}Here are some examples.

Question: Which newspaper was founded first, The Times or The Guardian?
Thought: I need to look up The Times and The Guardian, and find which was founded first.
Action: look_up[The Times]
Observation: The Times is a British daily newspaper based in London. It began in 1785 as The Daily Universal Register \
and has had its present name since 1788.
Thought: The Times began in 1785. I need to look up The Guardian next.
Action: look_up[The Guardian]
Observation: The Guardian is a British daily newspaper. It was founded in Manchester in 1821 as The Manchester \
Guardian, and changed its name in 1959.
Thought: The Guardian was founded in 1821. 1785 is before 1821, so The Times was founded first.
Action: Finish[The Times]

Question: Did Emmy Noether and Carl Friedrich Gauss work in the same field?
Thought: I need to look up Emmy Noether first.
Action: look_up[Emmy Noether]
Observation: Emmy Noether was a German mathematician who made many important contributions to abstract algebra.
Thought: Emmy Noether was a mathematician. I need to look up Carl Friedrich Gauss next.
Action: look_up[Carl Friedrich Gauss]
Observation: Carl Friedrich Gauss was a German mathematician, astronomer and physicist, who contributed to many \
fields.
Thought: Both were mathematicians, so they worked in the same field.
Action: Finish[yes]
"""

CHOICE = f"""{_RULES}Here is an example.

Question: Find a film similar to Jaws, The Birds, King Kong and Jurassic Park. Options: Notting Hill, Godzilla, \
Amadeus, Roman Holiday
Thought: I need to look up every film, to see what it is about, starting with Jaws.
Action: look_up[Jaws]
Observation: Jaws is a 1975 American thriller film directed by Steven Spielberg, after the novel by Peter Benchley. \
It stars Roy Scheider, Robert Shaw and Richard Dreyfuss. A police chief, a marine biologist and a shark hunter go out \
together after a great white shark that attacks the bathers of a summer resort. It was the first film to be shown in \
so many places at once.
Thought: I need to look up The Birds next.
Action: look_up[The Birds]
Observation: The Birds is a 1963 American horror film produced and directed by Alfred Hitchcock, after a story by \
Daphne du Maurier. It stars Tippi Hedren and Rod Taylor. Over a few days the people of a small town on the coast of \
California are attacked by birds of all kinds, suddenly and without a reason that anybody finds.
Thought: I need to look up King Kong next.
Action: look_up[King Kong]
Observation: King Kong is a 1933 American adventure film directed by Merian C. Cooper and Ernest B. Schoedsack. It \
stars Fay Wray, Robert Armstrong and Bruce Cabot. A film crew brings a giant ape from a remote island to New York, \
where it breaks loose and climbs the Empire State Building. Its animated models were admired for decades.
Thought: I need to look up Jurassic Park next.
Action: look_up[Jurassic Park]
Observation: Jurassic Park is a 1993 American science fiction film directed by Steven Spielberg, after the novel by \
Michael Crichton. It stars Sam Neill, Laura Dern and Jeff Goldblum. On an island a rich man has made a park of living \
dinosaurs; when the power fails, they get out, and the visitors have to save themselves.
Thought: I have all films of the question. I need to look up the options, starting with Notting Hill.
Action: look_up[Notting Hill]
Observation: Notting Hill is a 1999 romantic comedy film directed by Roger Michell and written by Richard Curtis. It \
stars Julia Roberts and Hugh Grant. The owner of a small bookshop in London falls in love with a famous American \
actress who happens to come into his shop.
Thought: I need to look up Godzilla next.
Action: look_up[Godzilla]
Observation: Godzilla is a 1954 Japanese film directed by Ishiro Honda, with effects by Eiji Tsuburaya. A giant \
creature of the deep sea, woken by tests of hydrogen bombs, comes ashore and destroys Tokyo, while the authorities \
try to stop it. It was the first of a long series of films.
Thought: I need to look up Amadeus next.
Action: look_up[Amadeus]
Observation: Amadeus is a 1984 American film directed by Milos Forman, after the play by Peter Shaffer. It stars F. \
Murray Abraham and Tom Hulce. In Vienna the composer Antonio Salieri envies the gifts of the young Wolfgang Amadeus \
Mozart.
Thought: I need to look up Roman Holiday next.
Action: look_up[Roman Holiday]
Observation: Roman Holiday is a 1953 American romantic comedy film directed by William Wyler. It stars Audrey Hepburn \
as a princess who sets out to see Rome on her own, and Gregory Peck as a reporter. It was made in Rome.
Thought: The four films are about people threatened by animals or monsters. Of the options only Godzilla is.
Action: Finish[Godzilla]
"""

ARITHMETIC = f"""{_RULES}{_NUMBERS}Here are some examples.

Question: If the Danube were a third shorter and the Rhine twice as long, what would be the difference in their \
length?
Thought: I need to find the length of the Danube.
Action: look_up[Danube]
Observation: The Danube is the second longest river in Europe, after the Volga. It rises in the Black Forest and \
flows for about 2,850 km through ten countries, more than any other river in the world, to the Black Sea. Its basin \
covers 801,000 square kilometres. Four capitals lie on it: Vienna, Bratislava, Budapest and Belgrade.
Thought: I need to find the length of the Rhine.
Action: look_up[Rhine]
Observation: The Rhine is one of the great rivers of Europe. It rises in the Swiss Alps and flows for about 1,230 km, \
past Basel, Strasbourg, Cologne and Rotterdam, to the North Sea. It has been a waterway of trade since Roman times, \
and is among the busiest in the world.
Thought: I need to make the Danube a third shorter.
Action: calculate[2850 * 2 / 3]
Observation: 1900
Thought: I need to double the length of the Rhine.
Action: calculate[1230 * 2]
Observation: 2460
Thought: I need the difference of the two.
Action: calculate[2460 - 1900]
Observation: 560
Thought: The difference in their length would be 560 km.
Action: Finish[560]

Question: With the area of Iceland grown by 40% and that of Ireland halved, which one is larger?
Thought: I need to find the area of Iceland.
Action: look_up[Iceland]
Observation: Iceland is an island country between the North Atlantic and the Arctic Ocean, on the ridge where two \
plates of the crust move apart. It has an area of about 103,000 square kilometres and fewer than 400,000 inhabitants, \
most of whom live in and around Reykjavik. Glaciers cover a tenth of it.
Thought: I need to find the area of Ireland.
Action: look_up[Ireland]
Observation: Ireland is an island in the North Atlantic, west of Great Britain, from which the Irish Sea parts it. It \
has an area of about 84,400 square kilometres and is the third largest island in Europe. Low hills surround a plain \
in its middle, and rivers reach far inland.
Thought: I need to let the area of Iceland grow by 40%.
Action: calculate[103000 * 1.4]
Observation: 144200
Thought: I need to halve the area of Ireland.
Action: calculate[84400 / 2]
Observation: 42200
Thought: 144200 is more than 42200, so Iceland is larger.
Action: Finish[Iceland]

Question: Which is less: the difference in height between Etna and Vesuvius, or that between Hekla and Stromboli?
Thought: I need to look up Etna.
Action: look_up[Etna]
Observation: Etna is an active volcano on the east coast of Sicily, with a height of about 3,400 m that changes as \
its summit erupts. It is by far the largest of the three active volcanoes of Italy.
Thought: I need to look up Vesuvius.
Action: look_up[Vesuvius]
Observation: Vesuvius is a volcano on the Gulf of Naples, 1,281 m high. In the year 79 it buried Pompeii and \
Herculaneum.
Thought: I need the difference of Etna and Vesuvius.
Action: calculate[3400 - 1281]
Observation: 2119
Thought: I need to look up Hekla.
Action: look_up[Hekla]
Observation: Hekla is an active volcano in the south of Iceland with a height of 1,491 m, and one of its most active.
Thought: I need to look up Stromboli.
Action: look_up[Stromboli]
Observation: Stromboli is an island off the north coast of Sicily, and a volcano 924 m high that is almost always \
active.
Thought: I need the difference of Hekla and Stromboli.
Action: calculate[1491 - 924]
Observation: 567
Thought: I need the lesser of the two differences.
Action: calculate[min(2119, 567)]
Observation: 567
Thought: The lesser difference is 567 m.
Action: Finish[567]
"""
