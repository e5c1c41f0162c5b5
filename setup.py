"""What pyproject.toml cannot say: the migrations in sql/ go into the wheel as chatserver/sql/.

Nothing needs removing by hand after `pip uninstall`: twisted/plugins/dropin.cache,
which Twisted writes beside its own plugins, belongs to all of them, so it must not be
claimed (and then deleted) by this package. It may name our plugin for a moment longer,
but Twisted drops entries without a module before it lists anything, and rewrites the file.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithMigrations(build_py):
    """Build the packages from scratch, with sql/ inside chatserver/."""

    def run(self) -> None:
        if not self.editable_mode:
            # setuptools never clears build/lib: a migration or module deleted since the
            # last build would come back to life in the wheel.
            for package in ("chatserver", "chatclient"):
                shutil.rmtree(Path(self.build_lib, package), ignore_errors=True)
        super().run()
        if not self.editable_mode:
            for source, target in self._migrations():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs + [str(target) for _, target in self._migrations()]

    def _migrations(self) -> list[tuple[Path, Path]]:
        built = Path(self.build_lib, "chatserver")
        return [(source, built / source) for source in sorted(Path("sql").rglob("*.sql"))]


setup(cmdclass={"build_py": BuildWithMigrations})
