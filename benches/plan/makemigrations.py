"""The tables of `src/shop.rs` as Django's models, and how long `makemigrations` takes for their changes.

In: a folder, how many tables, how many changes. Out: a line with seconds: the autodetector, the command within its process, and
the process from its start to its end, which is what somebody who types `manage.py makemigrations` waits for.
"""

import pathlib
import subprocess
import sys
import time

KINDS = 5
COLUMNS = 20


def models(tables, changes):
    kinds = {at * tables // changes: at % KINDS for at in range(changes)} if changes else {}
    lines = ["from django.db import models", "", ""]
    for number in range(tables):
        kind = kinds.get(number)
        lines.append(f"class Table{number:05}(models.Model):")
        for at in range(1, COLUMNS):
            null = ", null=True" if kind == 4 and at == 6 else ""
            if kind == 1 and at == 19:
                continue
            if at == 4 and number > 0:
                field = f"models.ForeignKey('Table{number // 2:05}', models.CASCADE, db_index=False)"
            elif at % 4 == 0:
                field = "models.IntegerField()"
            elif at % 4 == 1:
                size = 200 if kind == 2 and at == 1 else 100
                unique = ", unique=True" if at == 1 else ""
                field = f"models.CharField(max_length={size}{unique})"
            elif at % 4 == 2:
                field = f"models.DecimalField(max_digits=12, decimal_places=2{null})"
            else:
                field = "models.BooleanField()"
            lines.append(f"    field_{at:02} = {field}")
        if kind == 0:
            lines.append("    added = models.IntegerField(default=1)")
        indexes = [f"models.Index(fields=['field_03'], name='idx_{number}_03')"]
        if kind == 3:
            indexes.append(f"models.Index(fields=['field_05'], name='idx_{number}_05')")
        check = f"models.CheckConstraint(condition=models.Q(field_02__gt=0), name='check_{number}')"
        lines += ["", "    class Meta:", f"        indexes = [{', '.join(indexes)}]", f"        constraints = [{check}]", "", ""]
    return "\n".join(lines)


def command(folder):
    """In a process of its own, so that the models are imported anew."""
    sys.path.insert(0, str(folder))
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db.migrations.autodetector import MigrationAutodetector

    engine = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db")}}
    field = "django.db.models.BigAutoField"
    settings.configure(INSTALLED_APPS=["shop"], DATABASES=engine, DEFAULT_AUTO_FIELD=field)
    django.setup()
    detected = []
    changes = MigrationAutodetector.changes

    def timed(*arguments, **named):
        begun = time.perf_counter()
        result = changes(*arguments, **named)
        detected.append(time.perf_counter() - begun)
        return result

    MigrationAutodetector.changes = timed
    begun = time.perf_counter()
    call_command("makemigrations", "shop", interactive=False, verbosity=0)
    took = time.perf_counter() - begun
    print(sum(detected), took)


def main(folder, tables, count):
    app = folder / "shop"
    app.mkdir(parents=True)
    (app / "__init__.py").write_text("")
    for changes, measured in [(0, False), (count, True)]:
        (app / "models.py").write_text(models(tables, changes))
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, __file__, str(folder)], check=True, capture_output=True, text=True)
        took = time.perf_counter() - begun
        if measured:
            print(done.stdout.strip(), took)


if len(sys.argv) == 2:
    command(pathlib.Path(sys.argv[1]))
else:
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
