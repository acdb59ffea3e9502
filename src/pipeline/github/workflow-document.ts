import { buildJob } from './build-job';
import { checkJob } from './check-job';
import { ORDER_NAME, orderJob } from './commit-order-step';
import { deployRegistriesJob, deployServicesJob } from './deploy-jobs';
import { DIFF_CONDITION, diffJob } from './diff-job';
import { Jobs, JobPlace } from './jobs';
import { promoteJob } from './promote-job';
import { tagJob } from './tag-job';
import { JobBody, Triggers, Workflow } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { kebabCase } from '../../private/names';
import { DeployPlan, distinctImages, EnvironmentPlan, stacksOf } from '../deploy-plan';
import { ImagePlan, originOf } from '../image-plan';

/** The complete workflow: its jobs and their dependencies. */
export function workflowOf(plan: DeployPlan, settings: WorkflowSettings): Workflow {
  const jobs = new Jobs();
  const { diffRoleArn, branch } = settings;
  const conditions = [
    // Pull requests run only the checks and the diff.
    ...diffRoleArn ? ["github.event_name != 'pull_request'"] : [],
    // GitHub starts scheduled runs on the default branch, which can be a different branch.
    ...schedulesOf(plan).length > 0 ? [`(github.event_name != 'schedule' || github.ref_name == '${branch.replace(/'/g, "''")}')`] : [],
  ];
  const add = (place: JobPlace, body: (name: string) => JobBody) => jobs.add({ conditions, ...place }, body);

  const checks = Object.entries(settings.checks).map(([name, run]) => jobs.addCheck(name, checkJob(settings, name, run)));
  if (diffRoleArn) jobs.add({ id: 'diff', name: 'Diff', needs: [], conditions: [DIFF_CONDITION] }, () => diffJob(settings, diffRoleArn, stacksOf(plan)));
  const registries = plan.registryStacks.length > 0
    ? [add({ id: 'deploy-registry', name: 'Deploy the registry', needs: checks }, (name) => deployRegistriesJob(settings, name, plan.registryStacks))]
    : checks;
  const builds = new Map(plan.images.map((image) => [image, add(
    { id: `build-${image.id}`, name: `Build ${image.repositoryName}`, needs: image.fromApp ? registries : checks },
    () => buildJob(settings, image),
  )]));
  const rebuildsOf = (images: ImagePlan[]): string[] => [...new Set(images.map(originOf))]
    .filter(({ rebuildSchedule }) => rebuildSchedule !== undefined)
    .map((image) => jobs.byId[builds.get(image)!].name);

  const copies = new Map<ImagePlan, string>();
  let order: string[] = [];
  let before: string[] = [];
  for (const environment of plan.environments) {
    const images = distinctImages(environment);
    for (const image of images) {
      if (!image.copyOf || copies.has(image)) continue;
      const { copyOf } = image;
      const needs = [builds.get(copyOf)!, ...image.fromApp ? registries : [], ...before];
      copies.set(image, add({ id: `promote-${image.id}`, name: `Promote ${image.repositoryName}`, needs },
        () => promoteJob(settings, image, copyOf, builds.get(copyOf)!)));
    }
    const built = [...new Set(images.flatMap((image) => [builds.get(originOf(image))!, ...image.copyOf ? [copies.get(image)!] : []]))];
    const needs = [...(built.length > 0 ? built : registries), ...before];
    // Until here, different commits run in parallel. From here on, they wait for each other.
    const isFirst = before.length === 0 && (built.length > 0 || (plan.registryStacks.length === 0 && checks.length > 0));
    const inOrder = isFirst ? [add({ id: 'order', name: ORDER_NAME, needs }, (name) => orderJob(settings, name, rebuildsOf(plan.images)))] : [];
    order = [...order, ...inOrder];
    before = [add({ ...deployPlace(environment), needs: [...needs, ...inOrder] },
      (name) => deployServicesJob(settings, name, environment, (image) => builds.get(image)!, rebuildsOf(images)))];
  }
  for (const [image, build] of builds) {
    if (image.tags.length === 0) continue;
    add({ id: `tag-${image.id}`, name: `Tag ${image.repositoryName}`, needs: [...new Set([build, ...order])] }, (name) => tagJob(settings, name, image, build, rebuildsOf([image])));
  }
  return {
    name: settings.name,
    on: triggers(plan, settings),
    permissions: {},
    defaults: { run: { 'shell': 'bash', 'working-directory': settings.appDirectory === '.' ? undefined : settings.appDirectory } },
    jobs: jobs.byId,
  };
}

function schedulesOf({ images }: DeployPlan): string[] {
  return [...new Set(images.map(({ rebuildSchedule }) => rebuildSchedule).filter((cron) => cron !== undefined))];
}

function triggers(plan: DeployPlan, { branch, diffRoleArn }: WorkflowSettings): Triggers {
  const schedules = schedulesOf(plan);
  return {
    push: { branches: [branch] },
    pull_request: diffRoleArn ? { branches: [branch] } : undefined,
    schedule: schedules.length > 0 ? schedules.map((cron) => ({ cron })) : undefined,
  };
}

function deployPlace({ stageName }: EnvironmentPlan): Pick<JobPlace, 'id' | 'name'> {
  return stageName ? { id: `deploy-${kebabCase([stageName])}`, name: `Deploy ${stageName}` } : { id: 'deploy', name: 'Deploy' };
}
