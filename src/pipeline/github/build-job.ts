import { buildAction } from './build-action';
import { emulation } from './runner-platform';
import { checkOut, commands, logIn, logInToRegistry, summary } from './steps';
import { JobBody, Step } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { ImagePlan } from '../image-plan';
import { indented, quoted } from '../shell';
import { imageTag, lookUp, newestTag, placed } from '../shell-calls';

const MISSING = "steps.image.outputs.digest == ''";

/** Phase 2: builds and pushes an image, unless the tag already exists. */
export function buildJob(settings: WorkflowSettings, image: ImagePlan): JobBody {
  const { actions } = settings;
  const runsOn = image.runsOn ?? settings.runsOn;
  const emulated = emulation(image, runsOn);
  const rebuild = image.rebuildSchedule === undefined ? undefined : "${{ steps.image.outputs.rebuild == 'true' }}";
  return {
    'runs-on': runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { 'contents': 'read', 'id-token': 'write' },
    'environment': settings.buildEnvironment,
    // Otherwise, two runs for one commit would build the same image twice.
    'concurrency': { 'group': `${settings.name}-build-${image.id}-\${{ github.sha }}`, 'cancel-in-progress': false },
    'outputs': { tag: '${{ steps.image.outputs.tag }}', digest: '${{ steps.pushed.outputs.digest }}' },
    'steps': [
      checkOut(settings, { 'fetch-depth': 0, 'filter': 'blob:none' }),
      logIn(settings, settings.pushRoleArn, image.region, settings.buildTimeout),
      logInToRegistry(settings, image),
      lookForImage(image),
      ...requireSecrets(image),
      ...emulated
        ? [actions.step('docker/setup-qemu-action', { name: 'Set up QEMU', if: emulated === true ? MISSING : `${MISSING} && ${emulated}` })]
        : [],
      actions.step('docker/setup-buildx-action', { name: 'Set up buildx', if: MISSING }),
      actions.step('docker/build-push-action', {
        'name': 'Build and push',
        'id': 'build',
        'if': MISSING,
        // ECR refuses a push if another run has already pushed the tag. The next step distinguishes this from other
        // failures.
        'continue-on-error': true,
        ...buildAction(image, '${{ steps.image.outputs.tag }}', rebuild),
      }),
      takeImage(image),
      {
        name: 'Summarize',
        env: { TAG: '${{ steps.image.outputs.tag }}', DIGEST: '${{ steps.pushed.outputs.digest }}', HOW: '${{ steps.pushed.outputs.how }}' },
        run: summary(['image', 'tag', 'digest', ''], [[image.repositoryName, '$TAG', '$DIGEST', '$HOW']]),
      },
    ],
  };
}

function lookForImage(image: ImagePlan): Step {
  const { rebuildSchedule } = image;
  const step = { name: 'Look up the image', id: 'image' };
  const outputs = (...names: string[]) => `{\n${names.map((name) => `  echo "${name}=$${name}"\n`).join('')}} >> "$GITHUB_OUTPUT"`;
  if (rebuildSchedule === undefined) return { ...step, run: commands(imageTag(image), lookUp(image), outputs('tag', 'digest')) };

  const isDue = `if [[ $SCHEDULE == ${quoted(rebuildSchedule)} ]]; then
  rebuild=true
  tag=$tag-$(date -u +%Y%m%dT%H%M)
else
  rebuild=false
${indented(newestTag(image))}
fi`;
  return {
    ...step,
    env: { SCHEDULE: '${{ github.event.schedule }}' },
    run: commands(imageTag(image), isDue, lookUp(image), outputs('tag', 'digest', 'rebuild')),
  };
}

/** Checks that secrets exist without reading their values. */
function requireSecrets({ secrets }: ImagePlan): Step[] {
  const variables = Object.values(secrets);
  if (variables.length === 0) return [];
  return [{
    name: 'Check the build secrets',
    if: MISSING,
    env: Object.fromEntries(variables.map((variable) => [variable, `\${{ secrets.${variable} != '' && 'set' || '' }}`])),
    run: commands(`require_secrets ${variables.join(' ')}`),
  }];
}

function takeImage(image: ImagePlan): Step {
  return {
    name: 'Resolve the image digest',
    id: 'pushed',
    env: {
      TAG: '${{ steps.image.outputs.tag }}',
      FOUND: '${{ steps.image.outputs.digest }}',
      BUILT: '${{ steps.build.outputs.digest }}',
    },
    run: commands(`digest=\${FOUND:-$BUILT}
how="\${FOUND:+already in the registry}\${BUILT:+built}"
if [[ -z $digest ]]; then
  digest=$(pushed_image ${placed(image)} "$TAG")
  how='pushed by another run'
fi
{
  echo "digest=$digest"
  echo "how=$how"
} >> "$GITHUB_OUTPUT"`),
  };
}
