/** What one look at the registry showed. */
export type Observation =
  /** Nobody has looked yet. */
  | { readonly kind: 'unseen' }
  /** The parameter that should name the image is empty. */
  | { readonly kind: 'unnamed' }
  | Found
  | { readonly kind: 'missing' }
  /** It was there, and was deleted before all of it had been read: by now its name may mean another image. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'repositoryMissing' }
  | { readonly kind: 'archived' | 'activating'; readonly digest: string }
  | { readonly kind: 'wrongPlatform'; readonly digest: string; readonly offered: readonly string[]; readonly lacking: readonly string[] }
  | { readonly kind: 'notAnImage'; readonly digest: string; readonly what: string }
  /** An image for several platforms where only one for a single platform serves. */
  | { readonly kind: 'index'; readonly digest: string }
  /** ECR is not done yet with what is required of the image, or has not begun. */
  | { readonly kind: 'notReady' | 'notBegun'; readonly digest: string; readonly problem: string; readonly remedy: string }
  /** The image is not what is required. */
  | { readonly kind: 'unfit'; readonly digest: string; readonly problem: string; readonly remedy: string }
  | Trouble;

/** The image is there, and runs where it is needed. */
export interface Found {
  readonly kind: 'found';
  readonly digest: string;
  /** What ECR scans: of an index, the images for the platforms that are needed. */
  readonly images: readonly string[];
  /** Something that could not be checked. */
  readonly doubt?: string;
}

/** Why nothing was to be seen. */
export interface Trouble {
  readonly kind: 'denied' | 'kms' | 'upstream' | 'refused' | 'quota' | 'throttled' | 'unavailable' | 'unexpected';
  /** What was asked, in the terms of IAM. */
  readonly action?: string;
  readonly message: string;
}

export type ObservationKind = Observation['kind'];
