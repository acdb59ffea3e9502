/** What buildx takes to push to a repository, to keep its cache there, and what it takes to see whether it has to. */
export const PUSH_ACTIONS = [
  'ecr:BatchCheckLayerAvailability', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage',
  'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:DescribeImages', 'ecr:ListImages',
];

/** The login knows no resource but `*`. */
export const LOGIN_ACTION = 'ecr:GetAuthorizationToken';
