// Drives npm's `bitbucket` package through the life of an environment; prints what it saw as JSON.
// Usage: node environments.cjs URL basic|bearer
const { Bitbucket } = require("bitbucket");

const [url, how] = process.argv.slice(2);
const auth =
  how === "basic"
    ? { username: "robot@acme.example", password: "demo-api-token" }
    : { token: "demo-access-token" };
const at = { workspace: "acme", repo_slug: "shop" };
const variable = { key: "COUNTRY", value: "Kenya", secured: false };

async function main() {
  const api = new Bitbucket({ baseUrl: `${url}/2.0`, auth, notice: false });
  const seen = {};
  const body = { type: "deployment_environment", name: "Test", environment_type: { name: "Test" } };
  const created = await api.deployments.createEnvironment({ ...at, _body: body });
  const id = { ...at, environment_uuid: created.data.uuid };
  seen.created = [created.status, created.data.name];
  const change = { change: { name: "Test-42", restrictions: { admin_only: true } } };
  seen.changed = (await api.deployments.updateEnvironment({ ...id, _body: change })).status;
  const read = (await api.deployments.getEnvironment(id)).data;
  seen.read = [read.name, read.restrictions.admin_only];
  const list = (await api.deployments.listEnvironments(at)).data.values;
  seen.listed = list.map((each) => each.name);
  const made = await api.pipelines.createDeploymentVariable({ ...id, _body: variable });
  seen.variable = [made.status, made.data.value];
  seen.deleted = (await api.deployments.deleteEnvironmentForRepository(id)).status;
  seen.gone = await api.deployments.getEnvironment(id).catch((error) => error.status);
  console.log(JSON.stringify(seen));
}

main();
