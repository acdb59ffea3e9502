import { succeeded } from './answer';
import { ecrClient } from './ecr/client';
import { GetManifest, inspector } from './ecr/inspect';
import { recentImages } from './ecr/recent-images';
import { ReleaseTags } from './ecr/release-tags';
import { requirementsCheck } from './ecr/requirements';
import { explain, explainReleaseTags } from './failure-reason';
import { moveReleaseTags } from './move-release-tags';
import { pollUntilDecided } from './poll';
import { ReleaseHistory } from './release-history';
import { parse } from './request';
import { handlerOf, Session } from '../../handler/custom-resource';
import { Answer, failed } from '../../handler/response';
import { lambdaRuntime } from '../../handler/runtime/runtime';
import { stackOperation } from '../../handler/runtime/stack-status';
import { NO_IMAGE } from '../contract';

/** Observes and decides, then explains the refusal or moves the release tags. */
async function guard(session: Session, again = false): Promise<Answer> {
  const { runtime, sent, request, times, log, redact } = session;
  const question = parse(request);
  const { repository, version, releaseTag } = question;
  const ecr = ecrClient(runtime, redact, repository);
  const tags = releaseTag === undefined ? undefined : new ReleaseTags(ecr, releaseTag);
  const askOperation = stackOperation(session, request.stack, repository.domain);
  const getManifest: GetManifest = async (imageDigest) => tags ? tags.manifestOf(imageDigest) : (await ecr.getManifests([{ imageDigest }]))[0];
  const isUpdate = request.type === 'Update';
  const first = isUpdate || tags ? await askOperation() : undefined;
  // A Create has no earlier release to return to, so it never counts as a rollback.
  const begun = isUpdate ? first!.operation : 'forward';
  const recorded = ReleaseHistory.of(request);
  const history = recorded.isUnknown ? recorded.supposing(await tags?.images().catch(() => []) ?? []) : recorded;

  const { decision, observation, operation, hasTurned } = await pollUntilDecided({
    runtime,
    registry: inspector(runtime, ecr, question, getManifest),
    requirements: requirementsCheck(runtime.clock, ecr, question),
    askOperation,
    begun,
    log,
    request,
    question,
    history,
    times,
  });
  const waitedMs = runtime.clock.now() - times.start;
  const facts = () => ({
    repository: repository.uri,
    version: `${version.kind}:${version.value}`,
    observed: observation.kind,
    decision: decision.kind,
    operation,
    elapsedMs: runtime.clock.now() - times.start,
    calls: sent(),
  });
  const refuse = (reason: string): Answer => {
    log('error', reason, facts());
    return failed(request, reason);
  };

  if (decision.kind === 'fail') {
    const recent = observation.kind === 'missing' || observation.kind === 'unnamed' ? await recentImages(ecr, version.value) : undefined;
    return refuse(explain(observation, { question, stack: request.stack, waitedMs, mayRun: history.mayRun, recent }));
  }

  const { digest, warning } = decision;
  const target = operation === 'rollback' ? history.backTo(question) : undefined;
  const after = target?.history ?? history.after(question, digest);
  // If it is uncertain which operation the request belongs to, the request must not change anything. It may be late or
  // canceled.
  const isCertain = operation === 'rollback' ? target?.isCertain : operation !== 'unknown' || observation.kind !== 'unseen';
  if (tags && digest !== NO_IMAGE && isCertain && !hasTurned) {
    // An image that is rolled back also keeps a tag, because a late update to an earlier release looks the same as a
    // rollback.
    const earlier = [...new Set([...after.images, ...history.images])];
    const releases = { latest: digest, previous: after.images.find((image) => image !== digest), earlier };
    const belongsTo = operation === 'rollback' ? operation : 'forward';
    const trouble = await moveReleaseTags({
      runtime,
      tags,
      releases,
      operation: belongsTo,
      // CloudFormation sends a request only during the operation that the request belongs to. If the stack was in another operation at first, the
      // request is late, even if the right operation has begun since.
      askOperation: first && ![belongsTo, 'unknown'].includes(first.operation) ? async () => first : askOperation,
      times,
    });
    // The image was deleted after the guard found it. Its name may refer to another image now.
    if (trouble?.kind === 'gone' && operation !== 'rollback' && !again) return guard(session, true);
    if (trouble && operation !== 'rollback') return refuse(explainReleaseTags(trouble, { question, stack: request.stack, waitedMs, mayRun: history.mayRun }));
    if (trouble) log('warn', 'the release tags could not be moved back', { trouble });
  }
  log(warning ? 'warn' : 'info', warning ?? 'the deployment may proceed', { ...facts(), digest });
  return succeeded(question, digest, after);
}

export const createHandler = handlerOf({ name: 'guard', answer: guard });

export const handler = createHandler(lambdaRuntime);
