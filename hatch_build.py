"""What a wheel takes along beside the package; an editable installation finds it in the checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("assets", "notebooks", "pyproject.toml", "requirements.txt")


class Shipped(BuildHookInterface):
    """Puts these files under course_lib/shipped, where `course_lib.assets` looks for them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"] |= {f"{self.root}/{name}": f"course_lib/shipped/{name}" for name in SHIPPED}
