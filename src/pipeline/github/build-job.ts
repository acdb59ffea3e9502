import { checkOut, lines, logIn, summary } from './steps';
import { Inputs, JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { ImagePlan } from '../deploy-plan';
import { defineLookUp, lookUp, setTag } from '../shell';

/** Phase 2: builds one image and pushes it, unless it is there already. */
export function buildJob(settings: WorkflowSettings, image: ImagePlan): JobBody {
  const missing = "steps.image.outputs.digest == ''";
  const { actions } = settings;
  return {
    'name': `Build ${image.repositoryName}`,
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.buildTimeout.toMinutes(),
    'permissions': { 'contents': 'read', 'id-token': 'write' },
    // Two runs for one commit would push the same tag, which is immutable.
    'concurrency': { 'group': `deploy-build-${image.id}-\${{ github.sha }}`, 'cancel-in-progress': false },
    'outputs': {
      tag: '${{ steps.image.outputs.tag }}',
      digest: '${{ steps.image.outputs.digest || steps.build.outputs.digest }}',
    },
    'steps': [
      checkOut(settings, { 'fetch-depth': 0, 'filter': 'blob:none' }),
      logIn(settings, settings.pushRoleArn, image.region),
      actions.step('aws-actions/amazon-ecr-login', { name: 'Log in to the registry', with: { registries: image.account } }),
      {
        name: 'Look for the image of this commit',
        id: 'image',
        run: lines(defineLookUp(), setTag(image), lookUp(image), '{\n  echo "tag=$tag"\n  echo "digest=$digest"\n} >> "$GITHUB_OUTPUT"'),
      },
      ...needsEmulation(image) ? [actions.step('docker/setup-qemu-action', { name: 'Set up QEMU', if: missing })] : [],
      actions.step('docker/setup-buildx-action', { name: 'Set up buildx', if: missing }),
      actions.step('docker/build-push-action', { name: 'Build and push', id: 'build', if: missing, with: buildInputs(image) }),
      {
        name: 'Summarise',
        env: {
          TAG: '${{ steps.image.outputs.tag }}',
          BUILT: '${{ steps.build.outputs.digest }}',
          REUSED: '${{ steps.image.outputs.digest }}',
        },
        run: summary(['image', 'tag', 'digest', ''], [
          [image.repositoryName, '$TAG', '${REUSED:-$BUILT}', '${REUSED:+was there already}${BUILT:+built}'],
        ]),
      },
    ],
  };
}

function needsEmulation({ platforms }: ImagePlan): boolean {
  return platforms.some((platform) => platform !== 'linux/amd64');
}

function buildInputs(image: ImagePlan): Inputs {
  const { repositoryUri, context, dockerfile, target, platforms, buildArgs, latest, singleManifest, keepsCache } = image;
  const args = Object.entries(buildArgs).map(([name, value]) => `${name}=${value}`);
  const tags = ['${{ steps.image.outputs.tag }}', ...latest ? ['latest'] : []];
  return {
    context,
    'file': dockerfile,
    target,
    'platforms': platforms.join(','),
    'build-args': args.length > 0 ? args.join('\n') : undefined,
    'push': true,
    'tags': tags.map((tag) => `${repositoryUri}:${tag}`).join('\n'),
    // Lambda takes a single manifest, and an attestation makes an index of it.
    'provenance': singleManifest ? false : undefined,
    // Other registries may not let a tag move; there the cache is GitHub's.
    ...keepsCache
      ? {
        'cache-from': `type=registry,ref=${repositoryUri}:cache`,
        'cache-to': `type=registry,ref=${repositoryUri}:cache,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`,
      }
      : { 'cache-from': 'type=gha', 'cache-to': 'type=gha,mode=max,ignore-error=true' },
  };
}
