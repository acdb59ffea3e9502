// Stops this job if a newer commit, or a later rebuild of the images, has already reached it, so that neither is undone.
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_REF_NAME, GITHUB_EVENT_NAME, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT } = process.env;
const { TOKEN, WORKFLOW, JOB, STEP, REBUILDS } = process.env;
const BRANCH = encodeURIComponent(GITHUB_REF_NAME);
const RUNS = `actions/workflows/${WORKFLOW}/runs?branch=${BRANCH}&`;

async function main() {
  const obstacle = await newerCommit() ?? await laterRebuild();
  if (!obstacle) return console.log('No run of a newer commit has started this job.');

  const before = (await jobsOf(GITHUB_RUN_ID)).filter(({ attempt }) => attempt < Number(GITHUB_RUN_ATTEMPT));
  // A user who re-runs a finished job, or a job that this step stopped, wants to return to its commit.
  if (before.some(({ name, job, step }) => (name === JOB && job === 'success') || step === 'failure')) {
    return console.log(`::notice::${obstacle.message} Continuing because this run was re-run.`);
  }
  console.log(`::error::${obstacle.message} ${obstacle.advice} To ${obstacle.back} anyway, re-run this job.`);
  process.exitCode = 1;
}

async function newerCommit() {
  const [{ status }, commits] = await pages(`compare/${GITHUB_SHA}...${BRANCH}?`, 'commits');
  if (status === 'identical') return undefined;

  const newer = new Set(commits.map(({ sha }) => sha));
  const [, runs] = await pages(RUNS, 'workflow_runs');
  const own = runs.find(({ id }) => String(id) === GITHUB_RUN_ID);
  for (const run of runs) {
    // After a force-push, the order of the runs determines the order of the commits.
    const isNewer = newer.has(run.head_sha) || (status !== 'ahead' && run.head_sha !== GITHUB_SHA && run.run_number > own?.run_number);
    if (!isNewer || run.event.startsWith('pull_request')) continue;
    const found = (reason, advice) => ({
      message: `The run of a newer commit, ${short(run.head_sha)}, ${reason}: ${run.html_url}.`, advice, back: `go back to ${short(GITHUB_SHA)}`,
    });
    const jobs = await jobsOf(run.id);
    if (hasPassed(jobs)) {
      return found('has already started this job', GITHUB_EVENT_NAME === 'schedule'
        ? 'To deploy the rebuilt images now, re-run all jobs of that run.'
        : 'You do not need to do anything unless that run fails.');
    }
    if (wasCanceled(jobs)) return found('was canceled while it waited in the queue', 'Re-run that run.');
  }
}

/** A run looks up its images when it builds. It does not know about images that the schedule rebuilds later. */
async function laterRebuild() {
  const builds = JSON.parse(REBUILDS ?? '[]');
  if (builds.length === 0) return undefined;

  const own = await jobsOf(GITHUB_RUN_ID);
  const isRebuild = GITHUB_EVENT_NAME === 'schedule';
  const isLater = (theirs, mine) => mine?.built ? isRebuild && theirs.started > mine.started : theirs.completed > mine?.started;
  const earliest = builds.map((build) => lastOf(own, build)?.started ?? '').sort()[0];
  const [, runs] = await pages(`${RUNS}event=schedule&`, 'workflow_runs');
  for (const run of runs) {
    if (String(run.id) === GITHUB_RUN_ID || run.updated_at < earliest) continue;
    const jobs = await jobsOf(run.id);
    if (!hasPassed(jobs) && !wasCanceled(jobs)) continue;
    if (builds.some((build) => jobs.some((theirs) => theirs.name === build && theirs.built && isLater(theirs, lastOf(own, build))))) {
      return {
        message: `A later run that rebuilt the images ${hasPassed(jobs) ? 'has already started this job' : 'was canceled while it waited in the queue'}: ${run.html_url}.`,
        advice: 'To deploy its images, re-run all jobs of this run, not just this job.',
        back: 'deploy the earlier images',
      };
    }
  }
}

function hasPassed(jobs) {
  return jobs.some(({ name, step }) => name === JOB && step === 'success');
}

function wasCanceled(jobs) {
  return lastOf(jobs, JOB)?.job === 'cancelled';
}

function lastOf(jobs, wanted) {
  return jobs.filter(({ name }) => name === wanted).at(-1);
}

/** The jobs of a run in each attempt: their results, the result of this step, whether they built an image, and when. */
async function jobsOf(run) {
  const [, jobs] = await pages(`actions/runs/${run}/jobs?filter=all&`, 'jobs');
  return jobs.sort((one, other) => one.run_attempt - other.run_attempt).map((job) => ({
    name: job.name,
    attempt: job.run_attempt,
    job: job.conclusion,
    step: conclusionOf(job, STEP),
    built: conclusionOf(job, 'Build and push') === 'success',
    started: job.started_at,
    completed: job.completed_at,
  }));
}

function conclusionOf({ steps }, wanted) {
  return steps?.find(({ name }) => name === wanted)?.conclusion;
}

/** The first page of a response, and the items of all pages. */
async function pages(path, key) {
  const answers = [];
  do {
    answers.push(await get(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/${path}per_page=100&page=${answers.length + 1}`));
  } while (answers.at(-1)[key].length === 100);
  return [answers[0], answers.flatMap((answer) => answer[key])];
}

/** Retries twice after network errors and server errors. */
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
