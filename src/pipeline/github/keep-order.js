// Stops this job if a newer commit has already reached this job, so that an older commit never undoes a newer one.
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_REF_NAME, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT } = process.env;
const { TOKEN, WORKFLOW, JOB, STEP } = process.env;

async function main() {
  const branch = encodeURIComponent(GITHUB_REF_NAME);
  const [{ status }, commits] = await pages(`compare/${GITHUB_SHA}...${branch}?`, 'commits');
  if (status === 'identical') return console.log(`${short(GITHUB_SHA)} is the newest commit of ${GITHUB_REF_NAME}.`);

  const newer = new Set(commits.map(({ sha }) => sha));
  const [, runs] = await pages(`actions/workflows/${WORKFLOW}/runs?branch=${branch}&`, 'workflow_runs');
  const own = runs.find(({ id }) => String(id) === GITHUB_RUN_ID);
  for (const run of runs) {
    // After a force-push, the order of commits is that of their runs.
    const isNewer = newer.has(run.head_sha) || (status !== 'ahead' && run.head_sha !== GITHUB_SHA && run.run_number > own?.run_number);
    if (!isNewer || run.event.startsWith('pull_request')) continue;
    const attempts = (await jobsOf(run.id)).filter(({ name }) => name === JOB);
    if (attempts.some(({ step }) => step === 'success')) return stop(run, 'has already reached this job', 'You do not need to do anything unless that run fails.');
    if (attempts.at(-1)?.job === 'cancelled') return stop(run, 'was canceled while it waited in the queue', 'Re-run that run.');
  }
  console.log('No newer commit has reached this job.');
}

async function stop(run, reason, advice) {
  const message = `A newer commit, ${short(run.head_sha)}, ${reason}: ${run.html_url}.`;
  const before = (await jobsOf(GITHUB_RUN_ID)).filter(({ attempt }) => attempt < Number(GITHUB_RUN_ATTEMPT));
  // Whoever re-runs what was finished before, or what was stopped here and said so, means to go back.
  if (before.some(({ name, job, step }) => (name === JOB && job === 'success') || step === 'failure')) {
    return console.log(`::notice::${message} Continuing because this run was re-run.`);
  }
  console.log(`::error::${message} ${advice} To go back to ${short(GITHUB_SHA)} anyway, re-run this job.`);
  process.exitCode = 1;
}

/** How the jobs of a run, and this step of theirs, ended in each attempt. */
async function jobsOf(run) {
  const [, jobs] = await pages(`actions/runs/${run}/jobs?filter=all&`, 'jobs');
  return jobs.sort((one, other) => one.run_attempt - other.run_attempt).map(({ name, run_attempt: attempt, conclusion: job, steps }) =>
    ({ name, attempt, job, step: steps?.find((step) => step.name === STEP)?.conclusion }));
}

/** The first page of an answer, and the items of all pages. */
async function pages(path, key) {
  const answers = [];
  do {
    answers.push(await get(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/${path}per_page=100&page=${answers.length + 1}`));
  } while (answers.at(-1)[key].length === 100);
  return [answers[0], answers.flatMap((answer) => answer[key])];
}

/** Trouble on the way, or on the other side, is given two more chances. */
async function get(url, attempt = 1) {
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/vnd.github+json' };
  const response = await fetch(url, { headers }).catch(({ message, cause }) => ({ trouble: cause?.message ?? message }));
  if (response.ok) return response.json();
  const isPassing = response.trouble || response.status === 429 || response.status >= 500;
  if (!isPassing || attempt === 3) throw new Error(`GET ${url}: ${response.trouble ?? response.status}`);
  await new Promise((resolve) => setTimeout(resolve, attempt * 2000));
  return get(url, attempt + 1);
}

function short(sha) {
  return sha.slice(0, 7);
}

main().catch((error) => {
  console.log(`::error::cannot tell whether a newer commit was deployed: ${error.message}`);
  process.exitCode = 1;
});
