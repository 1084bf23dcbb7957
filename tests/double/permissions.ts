/** The IAM actions of which one allows an operation; S3's are not named as its operations are. */
const s3: Readonly<Record<string, readonly string[]>> = {
  ListBuckets: ['s3:ListAllMyBuckets'],
  ListObjectsV2: ['s3:ListBucket'],
  HeadBucket: ['s3:ListBucket'],
  GetBucketLocation: ['s3:GetBucketLocation'],
  HeadObject: ['s3:GetObject'],
  GetObject: ['s3:GetObject'],
  RestoreObject: ['s3:RestoreObject'],
  PutObject: ['s3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  ListParts: ['s3:ListMultipartUploadParts'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  DeleteObject: ['s3:DeleteObject'],
};

export function actionsOf(service: 'glacier' | 's3', operation: string): readonly string[] {
  return service === 's3' ? (s3[operation] ?? []) : [`glacier:${operation}`];
}
