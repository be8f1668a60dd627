"""Plans of the embedded brain: which tool serves a goal, with which arguments; repairs, replans, steps of an agent."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.brain import Step
from models.reflex import ReflexBrain
from models.reflex.rows import IN_ALL
from models.reflex.schema import tables_of
from models.reflex.sql import query_for
from state.plan import Plan, Problem, check_plan
from state.result import Evidence, TaskResult
from tests.models.reflex_run import run
from tools.calculate import calculate
from tools.now import now
from tools.query_database import query_database
from tools.registry import ToolOutput, ToolSpec, tool
from tools.search_documents import search_documents as tools_search_documents

SENATOR = "No Person shall be a Senator who shall not have attained to the Age of thirty Years."
PRESIDENT = "No person shall be eligible to the Office of President who has not attained the Age of thirty five Years."


@tool(risk="read")
def search_documents(query: str, k: int = 5) -> ToolOutput:
    """Search the user's documents."""
    text = PRESIDENT if "president" in query.lower() else SENATOR
    return ToolOutput([{"text": text, "source": "c.txt", "place": ""}], [Evidence(text=text, source="c.txt")])


@tool(risk="read", trusted=True)
def stock(article: str) -> int:
    """How many of an article are in stock."""
    return {"bolts": 7}.get(article, 0)


@tool(risk="read", trusted=True)
def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@tool(risk="irreversible")
def send_email(to: str, subject: str, body: str) -> str:
    """Send an e-mail."""
    return "sent"


@tool(risk="irreversible")
def delete_file(path: str) -> str:
    """Delete a file."""
    return "deleted"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> ToolSpec:
    path = tmp_path_factory.mktemp("db") / "vega.sqlite"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vega_datasets import local_data

        connection = sqlite3.connect(path)
        for name in ("cars", "seattle_weather", "stocks", "barley", "airports"):
            getattr(local_data, name)().to_sql(name, connection, index=False)
        connection.close()
    return query_database(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ToolSpec:
    """Customers, one of whom never ordered and one twice, and their orders."""
    path = tmp_path_factory.mktemp("db") / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INTEGER);
            INSERT INTO customers VALUES (1, 'Ada', 'Oslo', 36), (2, 'Bob', 'Rome', 41), (3, 'Eve', 'Oslo', 25);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), total REAL,
              placed TEXT);
            INSERT INTO orders VALUES (1, 1, 10.5, '2026-01-05'), (2, 1, 20.0, '2026-02-05'),
              (3, 2, 5.0, '2026-02-06');""")
    return query_database(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> ToolSpec:
    """Articles sold by month, and people by their birth."""
    path = tmp_path_factory.mktemp("db") / "sales.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE sales (month TEXT, article TEXT, units INTEGER);
            INSERT INTO sales VALUES ('2026-01', 'hammer', 40), ('2026-01', 'saw', 39), ('2026-02', 'hammer', 65),
              ('2026-02', 'saw', 12), ('2026-03', 'hammer', 66);
            CREATE TABLE members (name TEXT, birth_date TEXT);
            INSERT INTO members VALUES ('Ida', '1950-02-01'), ('Jon', '1999-07-30'), ('Kim', '1980-11-11');""")
    return query_database(f"sqlite:///{path}")


async def rows_for(question: str, database: ToolSpec) -> list[list[Any]]:
    """The cells of the rows that the query for `question` brings, without how many rows there are."""
    query = query_for(question, tables_of(database))
    assert query is not None
    output = await database.call({"sql": query.sql})
    return [[cell for name, cell in row.items() if name != IN_ALL] for row in output.value["rows"]]


async def plan_for(goal: str, *tools: ToolSpec, lacking: bool = False, **more: Any) -> Plan:
    brain = ReflexBrain()
    intent = (await brain.parse_intent(goal)).value
    plan = (await brain.decompose(intent, tools=tools, **more)).value
    assert {problem.code for problem in check_plan(plan, tools)} <= ({"unavailable_tool"} if lacking else set())
    return plan


def calls(plan: Plan) -> list[tuple[str, Any]]:
    return [(task.tool, next(iter(task.args.values()), None)) for task in plan.tasks]


async def test_each_question_is_a_search_of_its_own() -> None:
    plan = await plan_for("How old must a senator be, and who declares war?", search_documents)
    assert [task.tool for task in plan.tasks] == ["search_documents", "search_documents"]
    assert all(not task.needs() for task in plan.tasks)


async def test_numbers_are_looked_up_before_they_are_calculated_with() -> None:
    goal = "What is the number of senators per state to the power of 0.98?"
    plan = await plan_for(goal, search_documents, calculate)
    assert [task.tool for task in plan.tasks] == ["search_documents", "model", "calculate"]
    assert plan.tasks[2].args == {"expression": "{{t2}} ** 0.98"}


async def test_what_is_looked_up_twice_is_searched_once() -> None:
    goal = "How old must a senator be, and how old a president, and what is the difference?"
    plan = await plan_for(goal, search_documents, calculate)
    assert [task.tool for task in plan.tasks].count("search_documents") == 2
    assert plan.tasks[-1].args["expression"].startswith("abs(")


@pytest.mark.parametrize(
    ("goal", "tool_name", "argument"),
    [
        ("What is 2 ^ 10?", "calculate", "2 ** 10"),
        ("What is 15% of 340?", "calculate", "340 * 15 / 100"),
        ("How many bolts are in stock?", "stock", "bolts"),
        ("What is the weather in Berlin?", "weather", "Berlin"),
        ("What time is it in Tokyo?", "now", "Asia/Tokyo"),
        ("What day is it today?", "now", None),
        ("What day is it in 30 days?", "calculate", "today + 30"),
        ("What will the date be 3 weeks from now?", "calculate", "today + 21"),
        ("What date was it 10 days ago?", "calculate", "today - 10"),
        ("How many days are there until 2030-01-01?", "calculate", '"2030-01-01" - today'),
    ],
)
async def test_the_tool_that_serves(goal: str, tool_name: str, argument: str | None) -> None:
    plan = await plan_for(goal, search_documents, calculate, now, stock, weather, send_email)
    assert calls(plan)[0] == (tool_name, argument)


@pytest.mark.parametrize(
    ("goal", "tool_name", "args"),
    [
        (
            "Send an email to bob@example.com with subject Hello saying see you tomorrow",
            "send_email",
            {"to": "bob@example.com", "subject": "Hello", "body": "see you tomorrow"},
        ),
        ("Delete the file notes/old.txt", "delete_file", {"path": "notes/old.txt"}),
    ],
)
async def test_an_action_is_planned_from_the_users_words(goal: str, tool_name: str, args: dict[str, str]) -> None:
    plan = await plan_for(goal, search_documents, send_email, delete_file)
    assert [(task.tool, task.args) for task in plan.tasks] == [(tool_name, args)]


@pytest.mark.parametrize("goal", ["Send an email to bob@example.com", "Delete everything", "Book a flight to Rome"])
async def test_an_action_that_is_not_clear_is_not_planned(goal: str) -> None:
    made = await run(goal, [search_documents, send_email, delete_file])
    assert made.plan.tasks == []
    assert "nothing was done" in made.draft.text


@pytest.mark.parametrize("goal", ["Who was deleted from the file?", "How do I send email?", "What do they delete?"])
async def test_a_question_never_plans_an_effect(goal: str) -> None:
    plan = await plan_for(goal, search_documents, send_email, delete_file)
    assert {task.tool for task in plan.tasks} <= {"search_documents"}


async def test_a_blamed_tool_is_avoided() -> None:
    problem = Problem(code="unavailable_tool", task="t1", message="no")
    plan = await plan_for("How old must a senator be?", search_documents, problems=[problem])
    assert plan.tasks == []


async def test_a_replan_asks_in_other_words_and_only_once() -> None:
    first = await plan_for("How old must a senator be?", search_documents)
    results = {task.id: TaskResult(task=task.id, status="done") for task in first.tasks}
    second = await plan_for("How old must a senator be?", search_documents, results=results)
    assert second.tasks[0].args["query"] != first.tasks[0].args["query"]
    results |= {task.id: TaskResult(task=task.id, status="done") for task in second.tasks}
    assert (await plan_for("How old must a senator be?", search_documents, results=results)).tasks == []


@tool(risk="read")
def search_web(query: str, k: int = 5) -> list[str]:
    """Search the web."""
    return []


UNREADABLE = replace(search_documents, unavailable="the index is damaged")
UNNAMED = [tools_search_documents(None), query_database(None)]


async def test_the_web_is_searched_where_nothing_of_the_users_own_was_named() -> None:
    assert [task.tool for task in (await plan_for("Who wrote Hamlet?", search_web)).tasks] == ["search_web"]
    assert [task.tool for task in (await plan_for("Who wrote Hamlet?", search_web, *UNNAMED)).tasks] == ["search_web"]


@pytest.mark.parametrize(
    "goal", ["Which month was the coldest in Paris?", "What does the contract say of the internet?"]
)
async def test_a_question_over_what_the_user_named_stays_here(goal: str, database: ToolSpec) -> None:
    for tools in ([database], [search_documents], [database, search_documents], [UNREADABLE]):
        results = {"t1": TaskResult(task="t1", status="done")}
        for more in (
            {},
            {"results": results},
            {"problems": [Problem(code="unavailable_tool", task="t1", message="no")]},
        ):
            plan = await plan_for(goal, search_web, *tools, lacking=UNREADABLE in tools, **more)
            assert "search_web" not in [task.tool for task in plan.tasks]


@pytest.mark.parametrize(
    "goal", ["Search the web for the height of the Eiffel Tower", "Find the author of Hamlet online"]
)
async def test_a_goal_that_asks_for_the_web_gets_it(goal: str, database: ToolSpec) -> None:
    plan = await plan_for(goal, search_web, search_documents, database)
    assert "search_web" in [task.tool for task in plan.tasks]


async def test_a_second_question_is_not_taken_along_to_the_web() -> None:
    goal = "Search the web for the author of Hamlet. How old must a senator be?"
    plan = await plan_for(goal, search_web, search_documents)
    assert [task.tool for task in plan.tasks] == ["search_web", "search_documents"]


async def test_no_tools_no_plan() -> None:
    assert (await plan_for("How old must a senator be?")).tasks == []


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("Which car has the highest miles per gallon?", "mazda glc (Miles per Gallon: 46.6)"),
        ("How many cars are there?", "406"),
        ("How many cars were made in 1975?", "30"),
        ("average horsepower by origin", "USA (average Horsepower: 119.9)"),
        ("What is the average horsepower of Japanese cars?", "79.835"),
        ("How many cars have 8 cylinders?", "108"),
        ("How many cars have more than 200 horsepower?", "10"),
        ("What are the top 5 cars by horsepower?", "pontiac grand prix (Horsepower: 230"),
        ("Which origin has the most cars?", "USA (count: 254)"),
        ("Which origin has the highest average miles per gallon?", "Japan (average Miles per Gallon: 30.45"),
        ("What is the heaviest car?", "pontiac safari (sw)"),
        ("What is the horsepower of the chevrolet chevelle malibu?", "130"),
        ("What was the maximum temperature in Seattle in 2013?", "33.9"),
        ("What is the highest price of AAPL?", "223.02"),
        ("How many different symbols are there in stocks?", "5"),
        ("Which variety has the highest average yield?", "Trebi"),
        ("How many airports does each state have?", "AK (count: 263)"),
        ("What is the average mpg of cars with 4 cylinders?", "29.2868"),
        ("What is the most common weather?", "sun (count: 714)"),
        ("Which car has the highest miles per gallon and which has the lowest?", "hi 1200d"),
        ("What is the difference between the average horsepower of USA cars and Japan cars?", "40.0645"),
        ("What is 10% of the highest price of AAPL?", "22.302"),
    ],
)
async def test_tables_answer(goal: str, wanted: str, database: ToolSpec) -> None:
    made = await run(goal, [search_documents, calculate, database])
    assert wanted in made.draft.text, (made.draft.text, [task.args for task in made.plan.tasks])


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many customers are there?", [[3]]),
        ("How many customers live in Oslo?", [[2]]),
        ("What is the average age of customers?", [[34]]),
        ("How many customers are in each city?", [["Oslo", 2], ["Rome", 1]]),
        ("List the customers in Oslo", [["Ada"], ["Eve"]]),
        ("How many orders came from Oslo?", [[2]]),
        ("How many customers have orders?", [[2]]),
        ("How many customers placed orders in Oslo?", [[1]]),
        ("What is the average age of customers with orders?", [[38.5]]),
        ("Which customer has the most orders?", [["Ada", 2]]),
        ("What is the average total per city?", [["Oslo", 15.25], ["Rome", 5.0]]),
        ("How many orders did each customer place?", [["Ada", 2], ["Bob", 1]]),
        ("Which orders are from customers in Rome?", [["Bob", 5.0, "2026-02-06"]]),
    ],
)
async def test_a_join_neither_loses_nor_repeats_what_is_asked_about(
    question: str, rows: list[list[Any]], shop: ToolSpec
) -> None:
    assert await rows_for(question, shop) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Who is the oldest customer?", [["Bob", 41]]),
        ("Who is the youngest customer?", [["Eve", 25]]),
        ("What is the highest total?", [[20.0]]),
        ("What is the lowest total?", [[5.0]]),
        ("What is the total of Ada's orders?", [[30.5]]),
        ("Which customer has the highest total?", [["Ada", 20.0]]),
    ],
)
async def test_a_superlative_asks_for_an_extreme(question: str, rows: list[list[Any]], shop: ToolSpec) -> None:
    assert await rows_for(question, shop) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Who is the oldest member?", [["Ida", "1950-02-01"]]),
        ("Who is the youngest member?", [["Jon", "1999-07-30"]]),
        ("How many units of hammer were sold?", [[171]]),
        ("How many units were sold in 2026-01?", [[79]]),
        ("How many units were not hammers?", [[51]]),
        ("How many units were sold except saws?", [[171]]),
        ("Which articles are not hammers?", [["saw"]]),
        ("In which month were most units sold?", [["2026-01", 79]]),
        ("In what month were the fewest units sold?", [["2026-03", 66]]),
        ("Which month sold most?", [["2026-01", 79]]),
        ("When were most units sold?", [["2026-01", 79]]),
        ("Which article sold the least?", [["saw", 51]]),
        ("How many units of hammer were sold per month?", [["2026-03", 66], ["2026-02", 65], ["2026-01", 40]]),
    ],
)
async def test_what_rows_count_is_added_up(question: str, rows: list[list[Any]], sales: ToolSpec) -> None:
    assert await rows_for(question, sales) == rows


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("How many cars have no more than 4 cylinders?", '"Cylinders" <= 4'),
        ("How many cars are not from Japan?", "\"Origin\" <> 'Japan'"),
        ("How many cars were not made in 1975?", None),
        ("How many cars do not have 8 cylinders?", None),
    ],
)
def test_a_denial_is_taken_in_or_there_is_no_query(question: str, condition: str | None, database: ToolSpec) -> None:
    query = query_for(question, tables_of(database))
    assert condition in query.sql if query and condition else query is condition


@pytest.mark.parametrize(
    "question",
    ["How old must a senator be?", "What is Debian?", "Who is the president?", "What is the capital of France?"],
)
def test_what_the_tables_do_not_have_is_no_query(question: str, database: ToolSpec) -> None:
    assert query_for(question, tables_of(database)) is None


def test_values_are_quoted_in_sql(database: ToolSpec) -> None:
    query = query_for("What is the horsepower of the o'brien special?", tables_of(database))
    assert query is None or "o''brien" in query.sql


@pytest.mark.parametrize(
    ("prompt", "text", "value"),
    [
        ("The number that answers: How old must a senator be?", SENATOR, 30),
        ("The number that answers: How old must a president be?", PRESIDENT, 35),
        ("The number that answers: What is the fee?", "The fee is $3.5 million a year.", 3_500_000),
        ("The number that answers: How many members are needed?", "It takes two thirds of the members.", 2 / 3),
        ("The number that answers: How many apples are there?", "There are 1,234 apples and 5 pears.", 1234),
        ("The number that answers: How many pears are there?", "There are 1,234 apples and 5 pears.", 5),
        ("The date that answers: When was it founded?", "The firm was founded on March 4, 1794.", "1794-03-04"),
        ("The number that answers: How old must a king be?", SENATOR, None),
        ("The number that answers: How many moons has Mars?", "The moon is far away.", None),
        ("Translate this into French", SENATOR, None),
    ],
)
async def test_values_are_taken_from_passages(prompt: str, text: str, value: Any) -> None:
    inputs = {"passages": [{"text": text, "source": "a.txt", "place": ""}]}
    assert (await ReflexBrain().complete(prompt, inputs=inputs, evidence=[])).value == value


async def test_an_agent_takes_the_steps_of_the_plan_and_answers() -> None:
    brain, goal, tools = (
        ReflexBrain(),
        "How much older must a president be than a senator?",
        [search_documents, calculate],
    )
    steps: list[Step] = []
    for _ in range(5):
        action = (await brain.next_action(goal, tools=tools, steps=steps)).value
        if action.tool is None:
            break
        spec = next(spec for spec in tools if spec.name == action.tool)
        output = await spec.call(action.args)
        result = TaskResult(task="a", status="done", value=output.value, evidence=output.evidence)
        steps.append(Step(action.tool, action.args, result))
    assert [step.tool for step in steps] == ["search_documents", "search_documents", "calculate"]
    assert action.answer == 5


async def test_a_tool_of_an_unknown_shape_is_left_alone(tmp_path: Path) -> None:
    @tool(risk="read")
    def compare_stock(first: str, second: str) -> int:
        """How many more of one article than of another are in stock."""
        return 1

    plan = await plan_for("How many bolts are in stock?", search_documents, compare_stock)
    assert {task.tool for task in plan.tasks} == {"search_documents"}


async def test_braces_in_a_goal_refer_to_nothing() -> None:
    made = await run("How old must a senator be, and what is {{t1}} or {{ x }}?", [search_documents, calculate])
    assert "thirty Years" in made.draft.text
    assert [task.reads() for task in made.plan.tasks if task.tool == "search_documents"] == [[], []]
