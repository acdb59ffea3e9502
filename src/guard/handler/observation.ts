/** The result of one look at the registry. */
export type Observation =
  /** The guard has not looked yet. */
  | { readonly kind: 'unseen' }
  /** The parameter that specifies the image is empty. */
  | { readonly kind: 'unnamed' }
  | Found
  | { readonly kind: 'missing' }
  /** The image was deleted while the guard was reading it. Its name may refer to another image now. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'repositoryMissing' }
  | { readonly kind: 'archived' | 'activating'; readonly digest: string }
  | { readonly kind: 'wrongPlatform'; readonly digest: string; readonly offered: readonly string[]; readonly lacking: readonly string[] }
  | { readonly kind: 'notAnImage'; readonly digest: string; readonly what: string }
  /** The image is an index, but a single manifest is required. */
  | { readonly kind: 'index'; readonly digest: string }
  /** ECR has not completed, or not begun, the required scan or signature. */
  | { readonly kind: 'notReady' | 'notBegun'; readonly digest: string; readonly problem: string; readonly remedy: string }
  /** The image does not meet a requirement. */
  | { readonly kind: 'unfit'; readonly digest: string; readonly problem: string; readonly remedy: string }
  | Trouble;

/** The image exists, and runs on the required platforms. */
export interface Found {
  readonly kind: 'found';
  readonly digest: string;
  /** Digests of the images that ECR scans. For an index, these are the images for the required platforms. */
  readonly images: readonly string[];
  /** Describes something that could not be checked. */
  readonly doubt?: string;
}

/** The reason why a look failed. */
export interface Trouble {
  readonly kind: 'denied' | 'kms' | 'upstream' | 'refused' | 'quota' | 'throttled' | 'unavailable' | 'unexpected';
  /** The failed action, in the format of IAM. */
  readonly action?: string;
  readonly message: string;
}

export type ObservationKind = Observation['kind'];
