"""What the runs come to: medians, ratios to the reference of the same round, and whether goals were reached."""
import json
import operator
import statistics

RELATIONS = {"<=": operator.le, ">=": operator.ge, ">": operator.gt}
COLUMNS = ("workload", "what counts", "contestant", "median", "ratio", "least", "most", "goal", "reached")


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)} if values else None


def counted(run):
    return run.fields is not None and not run.complaint


def values_of(metric, runs):
    """One for each round, None for a round that does not count."""
    return [metric.of(run.fields) if counted(run) else None for run in runs]


def ratios(values, reference):
    return [v / r for v, r in zip(values, reference) if v is not None and r]


def judge(goal, figure):
    """(text, reached) of (relation, number) and what it was compared to."""
    if not goal:
        return "", None
    return f"{goal[0]} {goal[1]:g}", bool(figure and RELATIONS[goal[0]](figure["median"], goal[1]))


def line(metric, name, runs):
    values = values_of(metric, runs[name])
    figure = spread([v for v in values if v is not None])
    ratio = None
    if metric.reference:
        ratio = spread(ratios(values, values_of(metric, runs[metric.reference])))
    goal, reached = judge(metric.goals.get(name), ratio if metric.reference else figure)
    return {"contestant": name, "values": values, "value": figure, "ratio": ratio, "goal": goal, "reached": reached}


def contestant(name, runs):
    return {"name": name,
            "runs": [run.fields for run in runs],
            "log": [{"statuses": run.answers.statuses, "connections": run.answers.connections} for run in runs],
            "complaints": sorted({run.complaint for run in runs if run.complaint})}


def result(workload, runs):
    metrics = []
    for metric in workload.metrics:
        names = [name for name in runs if not metric.only or name in metric.only]
        metrics.append({"name": metric.name, "unit": metric.unit, "reference": metric.reference,
                        "lines": [line(metric, name, runs) for name in names]})
    return {"key": workload.key, "title": f"{workload.title} ({workload.placement})", "metrics": metrics,
            "contestants": [contestant(name, list_of_runs) for name, list_of_runs in runs.items()]}


# ---- Print ----


def figure(number):
    """With as many digits as say something."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def cells(result_title, metric, entry):
    """ratio, least and most are of the values themselves where there is no reference."""
    value, shown = entry["value"], entry["ratio"] if metric["reference"] else entry["value"]
    reached = {None: "", True: "yes", False: "no"}[entry["reached"]]
    if not value:
        return [result_title, metric["name"], entry["contestant"], "failed", "", "", "", entry["goal"], reached]
    return [result_title, metric["name"], entry["contestant"], f"{figure(value['median'])} {metric['unit']}".strip(),
            f"{shown['median']:.2f}" if shown and metric["reference"] else "",
            figure(shown["min"]) if shown else "", figure(shown["max"]) if shown else "", entry["goal"], reached]


def all_cells(results):
    for r in results:
        for metric in r["metrics"]:
            for entry in metric["lines"]:
                yield cells(r["title"], metric, entry)


def without_repetition(rows):
    """The workload and the metric, only where they change."""
    before = ["", ""]
    for row in rows:
        same = row[0] == before[0], row[:2] == before[:2]
        before = row
        yield ["" if same[0] else row[0], "" if same[1] else row[1]] + row[2:]


def print_rows(rows, markdown):
    rows = [list(COLUMNS)] + list(without_repetition(rows))
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    separator = " | " if markdown else "  "
    for number, row in enumerate(rows):
        text = separator.join(cell.ljust(width) if i < 3 else cell.rjust(width)
                              for i, (cell, width) in enumerate(zip(row, widths)))
        print(f"| {text} |" if markdown else text.rstrip())
        if number == 0:
            rule = separator.join(("-" * width) if i < 3 else "-" * (width - 1) + (":" if markdown else "-")
                                  for i, width in enumerate(widths))
            print(f"| {rule} |" if markdown else rule)


def print_table(machine, rounds, results, markdown):
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    print(f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; {versions}. Medians of {rounds} "
          "interleaved rounds; ratios to the reference of the same round.\n")
    print_rows(all_cells(results), markdown)
    complaints = [f"{r['key']}, {c['name']}: {'; '.join(c['complaints'])}"
                  for r in results for c in r["contestants"] if c["complaints"]]
    if complaints:
        print("\nNot measured as it should be:\n")
        for complaint in complaints:
            print(f"- {complaint}")


def write_json(path, machine, rounds, results):
    with open(path, "w") as file:
        json.dump({"machine": machine, "rounds": rounds, "workloads": results}, file, indent=1)
        file.write("\n")
