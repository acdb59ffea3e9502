/** Actions that buildx needs to push an image and to keep its cache, and actions that look up an image. */
export const PUSH_ACTIONS = [
  'ecr:BatchCheckLayerAvailability', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage',
  'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:DescribeImages', 'ecr:ListImages',
];

/** The login supports no resource except `*`. */
export const LOGIN_ACTION = 'ecr:GetAuthorizationToken';
