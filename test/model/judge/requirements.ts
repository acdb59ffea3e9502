import { Examinations, Finding, SEVERITIES } from '../aws/examinations';
import { Image } from '../aws/images';
import { Repository } from '../aws/registry';
import { imagePlatforms, Question, Requirement, ScannedRequirement } from '../aws/template';

/** Whether an image meets a requirement. */
export type Standing = 'met' | 'pending' | 'notBegun' | 'unmet';

/** Result of one requirement for one digest: the image itself or a child of an index. */
export interface Part {
  readonly requirement: Requirement;
  readonly digest: string;
  readonly standing: Standing;
}

/** Actual results in the registry at a moment for all requirements of a question on an image. */
export function partsOf(question: Question, repository: Repository, digest: string, examinations: Examinations, now: number): Part[] {
  const image = repository.images.get(digest)?.image;
  return image ? question.requirements.flatMap((requirement) => examined(requirement, image, question).map((part) => {
    const stored = repository.images.get(part.digest);
    if (!stored) return { requirement, digest: part.digest, standing: 'unmet' as const };
    const standing = requirement.kind === 'signed'
      ? standingOfSigning(examinations.signingsOf(stored).find(({ profile }) => profile === requirement.profile)?.status)
      : standingOfScan(requirement, examinations.scanOf(stored), now);
    return { requirement, digest: part.digest, standing };
  })) : [];
}

export function worstOf(parts: readonly Part[]): Standing {
  const order: readonly Standing[] = ['unmet', 'notBegun', 'pending'];
  return order.find((standing) => parts.some((part) => part.standing === standing)) ?? 'met';
}

/** For an index, the images for the required platforms, or all of them if none are specified. */
function examined({ kind }: Requirement, image: Image, question: Question): Image[] {
  if (kind === 'signed' || image.single) return [image];
  const needed = imagePlatforms(question);
  const children = image.children.filter(({ platforms }) => platforms.some((platform) => needed.length === 0 || needed.includes(platform)));
  return children.length > 0 ? children : [image];
}

function standingOfSigning(status: string | undefined): Standing {
  if (status === undefined) return 'notBegun';
  return status === 'COMPLETE' ? 'met' : status === 'IN_PROGRESS' ? 'pending' : 'unmet';
}

function standingOfScan(requirement: ScannedRequirement, scan: ReturnType<Examinations['scanOf']>, now: number): Standing {
  if (!scan) return 'notBegun';
  if (scan.status === 'PENDING' || scan.status === 'IN_PROGRESS') return 'pending';
  const isOver = scan.status === 'COMPLETE' || scan.status === 'ACTIVE';
  return isOver && !scan.findings.some((finding) => counts(finding, requirement, now)) ? 'met' : 'unmet';
}

function counts({ id, severity, status, fix }: Finding, { failOn, onlyFixable, accepted }: ScannedRequirement, now: number): boolean {
  const rank = SEVERITIES.indexOf(severity === 'UNTRIAGED' ? 'UNDEFINED' : severity);
  if (rank > SEVERITIES.indexOf(failOn) || status === 'SUPPRESSED' || status === 'CLOSED' || (onlyFixable && fix === 'NO')) return false;
  // An acceptance ends on its date.
  return !accepted.some((acceptance) => acceptance.id === id && (acceptance.until === undefined || now < Date.parse(acceptance.until)));
}
