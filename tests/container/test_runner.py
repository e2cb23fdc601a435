"""A third-party runner of pipelines renders a `pipe:` step, and the pipe works."""

import yaml
from pipeline_runner.models import Pipe, PipelineSpec, StepWrapper

from pipe.models.errors import ExitCode
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from tests.container.conftest import TAG, Pipeline
from tests.container.pipelines import AGENT

PIPELINES = """
image: debian:trixie-slim
pipelines:
  default:
    - step:
        name: Environments
        script:
          - pipe: {tag}
            variables:
              BITBUCKET_ACCESS_TOKEN: $ACCESS_TOKEN
              BITBUCKET_API_URL: {url}
              ENVIRONMENT_NAME: Test-Env
              ENVIRONMENT_TYPE: Test
              ADMIN_ONLY: 'true'
              RENAME_FROM: $NOT_DEFINED
              VARIABLES:
                - COUNTRY=Kenya
                - 'GREETING=say "hello"'
              NO_COLOR: '1'
"""


def test_the_command_line_of_a_third_party_runner_works(pipeline: Pipeline) -> None:
    text = PIPELINES.format(tag=TAG, url=pipeline.url)
    spec = PipelineSpec.model_validate(yaml.safe_load(text))
    found = spec.get_pipeline("default")
    assert found
    (step,) = found.get_steps()
    assert isinstance(step, StepWrapper)
    (entry,) = step.step.script
    assert isinstance(entry, Pipe)
    # The agent's folders are where this test may write.
    line = entry.as_cmd().replace(str(AGENT.parent), str(pipeline.step.agent.parent))
    ended = pipeline.step.run(line, secrets={"ACCESS_TOKEN": DEMO_ACCESS_TOKEN})
    assert ended.exit_code == ExitCode.OK, ended.log
    environment = pipeline.repository.environment("Test-Env")
    assert environment.admin_only
    assert {each.key: each.value for each in environment.variables.values()} == {
        "COUNTRY": "Kenya",
        "GREETING": 'say "hello"',
    }
