"""The kill gate: a worker is killed -9 at every persistence and effect boundary, and a new process goes on.

Effects are counted in a ledger outside. Each must be there once, and the results must be those of a run that
nobody disturbed. `python -m benchmarks.kill_gate --runs 20`; exit code 1 if an effect was lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.kill_scenarios import SCENARIOS, Scenario
from benchmarks.kill_worker import Answer, Report, consult, work
from benchmarks.ledger import Ledger

LONGEST_PROCESS = 60.0


@dataclass
class Tally:
    """What came of all kills of one scenario.

    `doubts`: questions about effects. `asked_again`: approvals asked for once more, because the answer was lost with
    the process. `wrong`: sentences.
    """

    scenario: str
    boundaries: int = 0
    kills: int = 0
    effects: int = 0
    lost: int = 0
    duplicated: int = 0
    doubts: int = 0
    asked_again: int = 0
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True)
class Process:
    """A worker forked off: its imports are made once, its death is its own."""

    pid: int
    output: Path
    deadline: float


def fork(job: Callable[[], Report], output: Path) -> Process:
    """Run `job` in a process of its own, which writes its report to `output` if it lives to its end."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            job().save(output)
            code = 0
        except BaseException:
            output.with_suffix(".error").write_text(traceback.format_exc(), "utf-8")
        finally:
            os._exit(code)
    return Process(pid, output, time.monotonic() + LONGEST_PROCESS)


Steps = Iterator[Process]


class Gate:
    """Runs workers, `parallel` at a time, and counts what they did to the ledger."""

    def __init__(self, ledger: Ledger, directory: Path, *, parallel: int = 2, answer: Answer = consult) -> None:
        self._ledger = ledger
        self._directory = directory
        self._parallel = parallel
        self._answer = answer
        self._runs = 0

    def sweep(self, scenario: Scenario, *, runs: int = 1, every: int = 1) -> Tally:
        """Kill at each boundary of a scenario, `runs` times; at every `every`th only, to be quick."""
        began = time.monotonic()
        tally = Tally(scenario.name)
        undisturbed = self._undisturbed(scenario, tally)
        cases = [number for number in range(1, tally.boundaries + 1, every) for _ in range(runs)]
        self._run_all(self._killed(scenario, tally, number, undisturbed) for number in cases)
        tally.seconds = time.monotonic() - began
        return tally

    def _undisturbed(self, scenario: Scenario, tally: Tally) -> Report:
        """A run that isn't killed (but where its scenario kills it beforehand) says which boundaries there are."""
        reports: list[Report] = []

        def case() -> Steps:
            run, database = self._fresh()
            for number in scenario.killed_before:
                yield self._worker(scenario, run, database, number)
            done = self._worker(scenario, run, database, None)
            yield done
            reports.append(Report.load(done.output))

        self._run_all([case()])
        if Counter(self._ledger.entries(f"run-{self._runs}")) != Counter(scenario.effects):
            tally.wrong.append(f"{scenario.name}, not killed: it came to {reports[0].results}")
        tally.boundaries, tally.kinds = len(reports[0].trace), Counter(reports[0].trace)
        return reports[0]

    def _killed(self, scenario: Scenario, tally: Tally, number: int, undisturbed: Report) -> Steps:
        run, database = self._fresh()
        questions = Counter(undisturbed.asked)
        for boundary in (*scenario.killed_before, number):
            one = self._worker(scenario, run, database, boundary)
            yield one
            tally.kills += not one.output.exists()
        last = self._worker(scenario, run, database, None)
        yield last
        where = f"{scenario.name}, killed at {number}"
        if not last.output.exists():
            error = last.output.with_suffix(".error")
            tally.wrong.append(f"{where}: {error.read_text('utf-8') if error.exists() else 'it hung'}")
            return
        report = Report.load(last.output)
        counts = Counter(self._ledger.entries(run))
        tally.effects += len(scenario.effects)
        tally.lost += sum(effect not in counts for effect in scenario.effects)
        tally.duplicated += sum(count - 1 for count in counts.values() if count > 1)
        asked = Counter(report.asked)
        tally.doubts += sum(count for question, count in asked.items() if question.startswith("in_doubt"))
        tally.asked_again += max(0, asked["approval pay"] - questions["approval pay"])
        if asked["in_doubt put"]:
            tally.wrong.append(f"{where}: it asked about an effect whose receiver dedupes")
        if set(counts) - set(scenario.effects):
            tally.wrong.append(f"{where}: the ledger has {sorted(set(counts) - set(scenario.effects))}")
        if report.results != undisturbed.results:
            tally.wrong.append(f"{where}: it came to {report.results}")
        shutil.rmtree(database.parent)

    def _fresh(self) -> tuple[str, Path]:
        self._runs += 1
        run = f"run-{self._runs}"
        (self._directory / run).mkdir()
        return run, self._directory / run / "checkpoints.sqlite"

    def _worker(self, scenario: Scenario, run: str, database: Path, kill_at: int | None) -> Process:
        output = database.with_suffix(".json")
        output.unlink(missing_ok=True)
        return fork(lambda: asyncio.run(work(database, run, scenario, self._ledger, kill_at, self._answer)), output)

    def _run_all(self, cases: Iterable[Steps]) -> None:
        """Advance `parallel` cases at a time, each as soon as the process it waits for has ended."""
        waiting, at_work = iter(cases), dict[int, tuple[Process, Steps]]()

        def advance(case: Steps) -> None:
            if (process := next(case, None)) is not None:
                at_work[process.pid] = (process, case)
            elif (another := next(waiting, None)) is not None:
                advance(another)

        for case in [case for case, _ in zip(waiting, range(self._parallel), strict=False)]:
            advance(case)
        while at_work:
            for pid, (process, case) in list(at_work.items()):
                ended, _ = os.waitpid(pid, os.WNOHANG)
                if ended:
                    del at_work[pid]
                    advance(case)
                elif time.monotonic() > process.deadline:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="kills per boundary")
    parser.add_argument("--every", type=int, default=1, help="kill at every nth boundary only")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="default: all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    ledger = Ledger()
    try:
        with tempfile.TemporaryDirectory() as directory:
            gate = Gate(ledger, Path(directory), parallel=options.parallel)
            tallies = [
                gate.sweep(SCENARIOS[name], runs=options.runs, every=options.every)
                for name in options.scenario or SCENARIOS
            ]
    finally:
        ledger.close()
    if options.json:
        print(json.dumps([vars(tally) for tally in tallies]))
    else:
        _print_table(tallies)
    return 1 if any(tally.lost or tally.duplicated or tally.wrong for tally in tallies) else 0


def _print_table(tallies: list[Tally]) -> None:
    columns = ["boundaries", "kills", "effects", "lost", "duplicated", "doubts", "asked_again"]
    print("| scenario | " + " | ".join(columns).replace("_", " ") + " | wrong results | seconds |")
    print("| --- |" + " ---: |" * (len(columns) + 2))
    for tally in tallies:
        cells: list[Any] = [getattr(tally, column) for column in columns]
        print(f"| {tally.scenario} | " + " | ".join(map(str, cells)) + f" | {len(tally.wrong)} | {tally.seconds:.0f} |")
    total = [sum(getattr(tally, column) for tally in tallies) for column in columns]
    print("| all | " + " | ".join(map(str, total)) + f" | {sum(len(t.wrong) for t in tallies)} | "
          f"{sum(t.seconds for t in tallies):.0f} |")  # fmt: skip
    for tally in tallies:
        for sentence in tally.wrong[:5]:
            print("\n" + sentence)


if __name__ == "__main__":
    sys.exit(main())
