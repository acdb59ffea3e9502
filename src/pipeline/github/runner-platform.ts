import { ImagePlan } from '../image-plan';

/** Names of the runner architectures on GitHub. */
const RUNNER_ARCHITECTURES: Record<string, string | undefined> = { 'linux/amd64': 'X64', 'linux/arm64': 'ARM64' };

const HOSTED = /^ubuntu-(?:latest|slim|\d\d\.\d\d)(-arm)?$/;

/**
 * Whether building an image requires emulation. If the label does not reveal the architecture of the runner, returns a
 * condition that GitHub evaluates on the runner.
 */
export function emulation({ platforms }: ImagePlan, runsOn: string): boolean | string {
  const [, arm] = HOSTED.exec(runsOn) ?? [undefined, undefined];
  if (HOSTED.test(runsOn)) return platforms.some((platform) => platform !== (arm ? 'linux/arm64' : 'linux/amd64'));

  const architecture = platforms.length === 1 ? RUNNER_ARCHITECTURES[platforms[0]] : undefined;
  return architecture === undefined || `runner.arch != '${architecture}'`;
}
