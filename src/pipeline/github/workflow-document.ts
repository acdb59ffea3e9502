import { buildJob } from './build-job';
import { checkJob } from './check-job';
import { orderJob } from './commit-order';
import { deployRegistriesJob, deployServicesJob } from './deploy-jobs';
import { promoteJob } from './promote-job';
import { tagJob } from './tag-job';
import { Job, JobBody, Triggers, Workflow } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { DeployPlan, distinctImages, EnvironmentPlan, slug } from '../deploy-plan';
import { ImagePlan, originOf } from '../image-plan';

/** The whole workflow: which jobs it has, and what each of them waits for. */
export function workflowOf(plan: DeployPlan, settings: WorkflowSettings): Workflow {
  const jobs = new Jobs();
  const checks = Object.entries(settings.checks).map(([name, run]) => jobs.add(name, [], checkJob(settings, name, run)));
  const registries = plan.registryStacks.length > 0
    ? [jobs.add('deploy-registry', checks, deployRegistriesJob(settings, plan.registryStacks))]
    : checks;
  const builds = new Map(plan.images.map((image) =>
    [image, jobs.add(buildJobId(image), image.fromApp ? registries : checks, buildJob(settings, image))]));

  const copies = new Map<ImagePlan, string>();
  let order: string[] = [];
  let before: string[] = [];
  for (const environment of plan.environments) {
    const images = distinctImages(environment);
    for (const image of images) {
      if (!image.copyOf || copies.has(image)) continue;
      const build = builds.get(image.copyOf)!;
      const needs = [build, ...image.fromApp ? registries : [], ...before];
      copies.set(image, jobs.add(`promote-${image.id}`, needs, promoteJob(settings, image, image.copyOf, build)));
    }
    const built = [...new Set(images.flatMap((image) => [builds.get(originOf(image))!, ...image.copyOf ? [copies.get(image)!] : []]))];
    const needs = [...(built.length > 0 ? built : registries), ...before];
    // Different commits have been worked on at the same time so far; from here on, one waits for the other.
    const isFirst = before.length === 0 && (built.length > 0 || (plan.registryStacks.length === 0 && checks.length > 0));
    const inOrder = isFirst ? [jobs.add('order', needs, orderJob(settings))] : [];
    order = [...order, ...inOrder];
    before = [jobs.add(deployJobId(environment), [...needs, ...inOrder], deployServicesJob(settings, environment, buildJobId))];
  }
  for (const [image, build] of builds) {
    if (image.tags.length > 0) jobs.add(`tag-${image.id}`, [...new Set([build, ...order])], tagJob(settings, image, build));
  }
  return {
    name: settings.name,
    on: triggers(plan, settings),
    permissions: {},
    defaults: { run: { 'shell': 'bash', 'working-directory': settings.appDirectory === '.' ? undefined : settings.appDirectory } },
    jobs: jobs.byId,
  };
}

function triggers({ images }: DeployPlan, { branch }: WorkflowSettings): Triggers {
  const schedules = [...new Set(images.map(({ rebuildSchedule }) => rebuildSchedule).filter((cron) => cron !== undefined))];
  return { push: { branches: [branch] }, schedule: schedules.length > 0 ? schedules.map((cron) => ({ cron })) : undefined };
}

function buildJobId(image: ImagePlan): string {
  return `build-${image.id}`;
}

function deployJobId({ stageName }: EnvironmentPlan): string {
  return stageName ? `deploy-${slug(stageName)}` : 'deploy';
}

class Jobs {
  public readonly byId: Record<string, Job> = {};

  /** Adds a job and returns its id. */
  public add(id: string, needs: string[], { name, ...body }: JobBody): string {
    if (id in this.byId) throw new Error(`checks: "${id}" is the id of another job of the workflow: give the check another name`);
    this.byId[id] = {
      name,
      needs: needs.length > 0 ? needs : undefined,
      // Said in so many words: nothing is deployed whose image was not pushed, whatever a later change adds to the condition.
      if: needs.length > 0 ? needs.map((need) => `needs.${need}.result == 'success'`).join(' && ') : undefined,
      ...body,
    };
    return id;
  }
}
